"""What every block of `params.yaml` is: closed, frozen, without infinities. It must not know a key.

A block states its keys as a pydantic model does, and pydantic's core reads it (`core.py`); pydantic itself, which makes
the schema for editors (`editors.py`), takes 0.1 s to import, and no command waits for that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeVar, dataclass_transform

T = TypeVar("T")
REQUIRED: Any = object()  # stands where a default would


@dataclass(frozen=True, eq=False)
class Key:
    """What is said of one key beside its type; `limits` are named as in JSON schemas of Python: ge, le, pattern, ..."""

    default: Any
    default_factory: Callable[[], Any] | None
    description: str
    limits: Mapping[str, Any]

    @property
    def required(self) -> bool:
        """Whether a file must have it."""
        return self.default is REQUIRED and self.default_factory is None


def key(
    default: Any = REQUIRED, *, default_factory: Callable[[], Any] | None = None, description: str = "", **limits: Any
) -> Any:
    """A key of a block, or what a type asks for wherever it is named."""
    return Key(default, default_factory, description, limits)


def together(method: Callable[[T], T]) -> Callable[[T], T]:
    """Marks what asks how keys fit together, when each is right by itself. It raises ValueError, or gives the block."""
    method.__dict__["together"] = True
    return method


Positive = Annotated[int, key(ge=1, le=1_000_000_000)]
DAY, TEN_YEARS = 86_400, 10 * 366 * 24  # seconds, hours; what is added to a date must still be one
Seconds = Annotated[float, key(ge=0, le=DAY)]
WholeSeconds = Annotated[int, key(ge=0, le=DAY)]
Seed = Annotated[int, key(ge=0, le=2**63 - 1)]
MOST_PAID = 1_000_000
Price = Annotated[float, key(ge=0, le=MOST_PAID)]
Share = Annotated[float, key(ge=0.0, le=1.0)]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key,))
class Block:
    """A mapping whose keys are all known."""

    # what pydantic's core fills in; `_beside` is for what a block knows that no file says
    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__", "_beside")
    keys: ClassVar[Mapping[str, tuple[Any, Key]]] = {}  # name -> type and what is said of it
    asked: ClassVar[tuple[Callable[[Any], Any], ...]] = ()

    def __init_subclass__(cls) -> None:
        """Take in the keys that are stated."""
        super().__init_subclass__()
        stated = {name: kind for name, kind in vars(cls).get("__annotations__", {}).items() if name[0] != "_"}
        cls.keys = {name: (kind, vars(cls).get(name) or key()) for name, kind in stated.items()}
        cls.asked = tuple(method for method in vars(cls).values() if getattr(method, "together", False) is True)
        for name in stated.keys() & vars(cls).keys():
            delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        from mlops.params import core

        core.reader(type(self)).validate_python(values, self_instance=self)

    @classmethod
    def model_validate(cls, values: object) -> Self:
        """A block of plain values. Raises ValidationError with everything that is wrong."""
        from mlops.params import core

        read: Self = core.reader(cls).validate_python(values)
        return read

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """Plain values; for JSON in the mode `json`."""
        from mlops.params import core

        made: dict[str, Any] = core.writer(type(self)).to_python(
            self,
            mode=mode,
            include=set(include) if include else None,
            exclude=set(exclude) if exclude else None,
            exclude_none=exclude_none,
        )
        return made

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with other values, which are not looked at."""
        from mlops.params import core

        return core.made(type(self), {**vars(self), **update}).put_beside(self.beside)

    @property
    def beside(self) -> Any:
        """What was put beside the keys; None: nothing."""
        return getattr(self, "_beside", None)

    def put_beside(self, what: Any) -> Self:
        """Keep what no file says."""
        object.__setattr__(self, "_beside", what)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __eq__(self, other: object) -> bool:
        alike = isinstance(other, Block) and type(other) is type(self) and vars(other) == vars(self)
        return alike and isinstance(other, Block) and other.beside == self.beside

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"
