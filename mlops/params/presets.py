"""Values of params.yaml that belong together: a base model and a version of the component that is known to train it."""

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
