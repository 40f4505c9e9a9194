"""What `mlops init cloud` is made of: steps that look whether they are needed, do it, and say the command for it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from mlops import jsons, product


class Service(StrEnum):
    """Whose interface a step uses."""

    AZURE = "Azure"
    GITHUB = "GitHub"


class SetUpState(StrEnum):
    """How what a step makes stands."""

    MISSING = "missing"
    DIFFERS = "differs"
    THERE = "there"


@dataclass(frozen=True)
class SetUpStep:
    """One thing to set up. `look` reads, `do` changes, `commands` are what a person could type instead.

    `predict` says what `do` would change, where the service can tell.
    """

    service: Service
    what: str
    look: Callable[[], SetUpState]
    do: Callable[[], None]
    commands: tuple[str, ...]
    predict: Callable[[], tuple[str, ...]] = tuple


@cache
def template(name: str) -> dict[str, Any]:
    """A template of `infra`."""
    found: dict[str, Any] = jsons.read((product.ROOT / "infra" / f"{name}.json").read_text(encoding="utf-8"))
    return found
