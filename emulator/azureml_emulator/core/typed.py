"""Resources as types: a class names the fields that the emulator decides on, and where each stands in the body.

What else a client stated stays in the body as it was said. A class reads a stored resource (`read`) and gives the body
to store (`body`); it never changes in place.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, get_type_hints

from azureml_emulator.core.store import Resource, Store

Json = dict[str, Any]
Place = tuple[tuple[str, ...], type[StrEnum] | None]  # the path into a body, and the enum that the value is of


@dataclass(frozen=True)
class At:
    """Where a field stands in the body: `location`, `properties.traffic`."""

    path: str


def _places(cls: type) -> dict[str, Place]:
    """Field -> its place in the body, and the enum that its value is of."""
    found: dict[str, Place] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        for place in (one for one in getattr(hint, "__metadata__", ()) if isinstance(one, At)):
            made_of = hint.__origin__
            is_enum = isinstance(made_of, type) and issubclass(made_of, StrEnum)
            found[name] = (tuple(place.path.split(".")), made_of if is_enum else None)
    # the whole before its parts, so that a part that changed is written over it
    return dict(sorted(found.items(), key=lambda item: len(item[1][0])))


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What every stored resource has. `kept` is the body that it was read from."""

    places: ClassVar[Mapping[str, Place]] = {}
    writes_defaults: ClassVar[bool] = True  # else what the body lacked stays out of it while it is at its default
    id: str
    name: str
    parent: str
    kept: Json = field(default_factory=dict, repr=False, compare=False)

    def __init_subclass__(cls) -> None:
        """Learn once where the fields of a class stand."""
        cls.places = _places(cls)

    @classmethod
    def read(cls, found: Resource) -> Self:
        """A stored resource."""
        return cls.of(found.id, found.parent, found.name, found.body)

    @classmethod
    def of(cls, id: str, parent: str, name: str, body: Json) -> Self:
        """The resource with this body; a field that the body lacks, or has as null, is at its default."""
        values: Json = {}
        for field_name, (path, make) in cls.places.items():
            value = _at(body, path)
            if value is not None:
                values[field_name] = make(value) if make else value
        return cls(id=id, name=name, parent=parent, kept=body, **values)

    def body(self) -> Json:
        """The body to store: what was kept, with the fields in their places."""
        made = dict(self.kept)
        defaults = {} if self.writes_defaults else {one.name: _default(one) for one in fields(self)}
        for name, (path, _) in self.places.items():
            value = getattr(self, name)
            if self.writes_defaults or _at(self.kept, path) is not None or value != defaults[name]:
                _set(made, path, value)
        return made

    def save(self, store: Store, kind: str) -> Self:
        """Create it in the store, or replace the one with its id."""
        return self.read(store.put(self.id, self.body(), parent=self.parent, kind=kind, name=self.name))


class ProvisioningState(StrEnum):
    """How far a change of a resource is, as ARM says it."""

    CREATING = "Creating"
    UPDATING = "Updating"
    SCALING = "Scaling"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


_CHANGES = frozenset({ProvisioningState.UPDATING, ProvisioningState.SCALING, ProvisioningState.DELETING})
_ENDS = frozenset({ProvisioningState.SUCCEEDED, ProvisioningState.FAILED, ProvisioningState.CANCELED})
TRANSITIONS: Mapping[ProvisioningState, frozenset[ProvisioningState]] = {
    **dict.fromkeys((ProvisioningState.CREATING, *_CHANGES), _ENDS),
    **dict.fromkeys(_ENDS, _CHANGES),
}


class WrongTransition(ValueError):
    """A change of state that the table does not have: a fault of the emulator."""


@dataclass(frozen=True, kw_only=True)
class Provisioned(Typed):
    """A resource that is made and changed by long-running operations."""

    transitions: ClassVar[Mapping[ProvisioningState, frozenset[ProvisioningState]]] = TRANSITIONS
    state: Annotated[ProvisioningState, At("properties.provisioningState")] = ProvisioningState.CREATING

    def moved(self, to: ProvisioningState) -> Self:
        """In another state. Raises WrongTransition where the table does not have that step."""
        if to not in self.transitions[self.state]:
            raise WrongTransition(f"{self.id} cannot go from {self.state} to {to}")
        return replace(self, state=to)


def _default(one: "Field[Any]") -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def _at(body: Json, path: tuple[str, ...]) -> Any:
    value: Any = body
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _set(body: Json, path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        body[part] = dict(body.get(part) or {})
        body = body[part]
    body[path[-1]] = str(value) if isinstance(value, StrEnum) else value
