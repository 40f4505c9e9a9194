"""Values of params.yaml that belong together: a base model and a version of the component that is known to train it."""

import difflib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from mlops import yamls

FILE = "presets.yaml"


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Each by its name: dotted key -> value."""
    found: dict[str, dict[str, Any]] = yamls.read(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return found


def settings(name: str) -> tuple[str, ...]:
    """A preset as `--set` takes it. Raises KeyError for another name."""
    return tuple(f"{key}={yaml.safe_dump(value).splitlines()[0]}" for key, value in presets()[name].items())


@dataclass(frozen=True)
class Preset:
    """A base model with its version and the component version that trains it."""

    short: str
    base: str
    version: str
    component_version: str


DEFAULT = "phi-4"  # of a new repository: it can be trained today
# What people ask for and cannot be tested: the registry's public source has neither its versions nor its parameters,
# though a walk-through of July 2025 trains it with this pipeline (HeZhang33/LLM-Fine-Tuning-Azure, phi_4_mini).
NOT_TESTED = {"phi-4-mini": "Phi-4-mini-instruct", "phi-4-mini-instruct": "Phi-4-mini-instruct"}


def preset(said: str) -> Preset | None:
    """The preset of a name, by its short or the base model's; None where it stands for none."""
    every = (
        Preset(name, one["model.base"], one["model.version"], one["training.component_version"])
        for name, one in presets().items()
    )
    return next((one for one in every if said.lower() in (one.short, one.base.lower())), None)


def nearest(said: str) -> str:
    """The short name that was perhaps meant; empty where none is near."""
    return next(iter(difflib.get_close_matches(said.lower(), presets(), n=1, cutoff=0.5)), "")
