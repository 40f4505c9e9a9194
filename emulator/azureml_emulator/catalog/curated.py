"""Curated environments: those of the system registry, and those that every workspace shows by their older names.

It must not build one: they are names that a job or a deployment may give.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from azureml_emulator.catalog import read_file

PREFIX = "AzureML-"
_REFERENCE = re.compile(r"azureml:(?P<name>[^:/@]+):(?P<version>[^:/@]+)")
_FILE = Path(__file__).with_name("environments.yaml")


@dataclass(frozen=True)
class Curated:
    """One version of an environment."""

    name: str
    version: str
    created: str
    image: str
    description: str
    tags: dict[str, str] = field(default_factory=dict)

    def properties(self) -> dict[str, Any]:
        """As the service shows them."""
        return {
            "description": self.description,
            "tags": self.tags,
            "properties": {},
            "isArchived": False,
            "isAnonymous": False,
            "environmentType": "Curated",
            "image": self.image,
            "osType": "Linux",
            "autoRebuild": "Disabled",
            "provisioningState": "Succeeded",
            "stage": None,
        }

    def properties_in_workspace(self) -> dict[str, Any]:
        """As a workspace shows them: not what they are built of."""
        shown = {key: value for key, value in self.properties().items() if key != "image"}
        unsaid: dict[str, Any] = {"autoDeleteSetting": None, "condaFile": "", "intellectualProperty": None}
        stated = {"properties": {"azureml.labels": ""}, "stage": "Development", "autoRebuild": "OnBaseImageUpdate"}
        return {**shown, **unsaid, **stated}


Versioned = TypeVar("Versioned", bound=Any)


@cache
def of_registry() -> tuple[Curated, ...]:
    """Those of the system registry, each in its newest version."""
    return tuple(Curated(**said) for said in read_file(_FILE)["environments"])


def of_workspace(name: str) -> Curated | None:
    """The newest version of the one that a workspace shows by that name; None for another name."""
    return _by_name().get(name.lower())


def earlier(every: Sequence[Versioned], version: str) -> Versioned | None:
    """An older version than the newest, with its content; None for what is no older version."""
    newest = every[-1]
    older = version.isdecimal() and newest.version.isdecimal() and 0 < int(version) < int(newest.version)
    return replace(newest, version=version) if older else None


def registry_id(reference: str) -> str:
    """A curated environment named `azureml:NAME:VERSION` by its id in the system registry; other references stay."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or not match["name"].startswith(PREFIX):
        return reference
    return f"azureml://registries/azureml/environments/{match['name']}/versions/{match['version']}"


@cache
def _by_name() -> dict[str, Curated]:
    return {said["name"].lower(): Curated(**said) for said in read_file(_FILE)["workspace"]}
