"""VM sizes: what `sizes.yaml` says about each.

It must not know a subscription's quota use; handlers add that up.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from azureml_emulator.catalog import read_file

FILE = Path(__file__).with_name("sizes.yaml")


@dataclass(frozen=True)
class Size:
    """One VM size; memory and disk in GiB. `reserve`: an online deployment needs 20 % more quota than it uses."""

    name: str
    family: str
    vcpus: int
    gpus: int
    memory: float
    disk: int
    gpu: str | None
    low_priority: bool
    reserve: bool


def find(name: str) -> Size | None:
    """The size of that name in any case, or None."""
    return _by_name().get(name.lower())


def every() -> list[Size]:
    """All sizes, by family."""
    return list(_by_name().values())


def limits() -> dict[str, int]:
    """The vCPU quota of each family in a fresh emulator."""
    return {family: int(said["limit"]) for family, said in _families().items()}


@cache
def _families() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_file(FILE)["families"]
    return found


@cache
def _by_name() -> dict[str, Size]:
    return {
        name.lower(): Size(
            name=name,
            family=family,
            vcpus=vcpus,
            gpus=gpus,
            memory=float(memory),
            disk=disk,
            gpu=said.get("gpu"),
            low_priority=said.get("low_priority", True),
            reserve=said.get("reserve", True),
        )
        for family, said in _families().items()
        for name, vcpus, gpus, memory, disk in said["sizes"]
    }
