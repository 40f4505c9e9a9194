"""What a run would be made of beside what is released: base model, component, parameters and data, old and new.

Pure. It must not decide whether anything is trained; `release` does, by the fingerprint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ABSENT = "-"
UNPREPARED = "not prepared yet"


@dataclass(frozen=True)
class Ingredients:
    """What goes into a run. Empty text is what nobody knows, and is compared with nothing."""

    base: str = ""  # name:version
    component: str = ""  # name:version
    parameters: Mapping[str, str] = field(default_factory=dict)
    data_version: str = ""


@dataclass(frozen=True)
class IngredientDifference:
    """One ingredient that is another: its kind, its name, and both values."""

    kind: str  # base model, component, parameter or data
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        name = f"{self.kind} {self.name}".rstrip()
        return f"{name}: {self.before} -> {self.after}"


def differences(released: Ingredients, wanted: Ingredients) -> list[IngredientDifference]:
    """Every ingredient that differs: base model, component, then parameters by name, then data."""
    found = [
        IngredientDifference(kind, "", before, after)
        for kind, before, after in (
            ("base model", released.base, wanted.base),
            ("component", released.component, wanted.component),
        )
        if before and after and before.lower() != after.lower()
    ]
    old, new = released.parameters, wanted.parameters
    if old:
        found += [
            IngredientDifference("parameter", name, old.get(name, ABSENT), new.get(name, ABSENT))
            for name in sorted({*old, *new})
            if not same(old.get(name), new.get(name))
        ]
    if released.data_version and released.data_version != wanted.data_version:
        found.append(IngredientDifference("data", "", released.data_version, wanted.data_version or UNPREPARED))
    return found


def same(one: str | None, other: str | None) -> bool:
    """Whether two values of a parameter are one: as text, or as numbers."""
    if one == other:
        return True
    if one is None or other is None:
        return False
    try:
        return float(one) == float(other)
    except ValueError:
        return False
