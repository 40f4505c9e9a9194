"""`params.yaml`: the one file a data scientist edits, as frozen, typed, explained values.

What is named here is imported when it is first asked for: the classes take 0.1 s, which help and presets do not need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops.params import overlay
    from mlops.params.environments import Environment
    from mlops.params.gate import Gate, GateRule
    from mlops.params.overlay import REHEARSAL_VARIABLE
    from mlops.params.pointer import point
    from mlops.params.reading import load, locate
    from mlops.params.schema import Params

__all__ = ["REHEARSAL_VARIABLE", "Environment", "Gate", "GateRule", "Params", "load", "locate", "overlay", "point"]
PLACES = {
    "Environment": "environments",
    "Gate": "gate",
    "GateRule": "gate",
    "REHEARSAL_VARIABLE": "overlay",
    "point": "pointer",
    "load": "reading",
    "locate": "reading",
    "Params": "schema",
}


def __getattr__(name: str) -> Any:
    """What a name of `__all__` stands for."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
