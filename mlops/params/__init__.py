"""`params.yaml`: the one file a data scientist edits, as frozen, typed, explained values."""

from mlops.params import overlay
from mlops.params.environments import Environment
from mlops.params.gate import Gate, GateRule
from mlops.params.load import load, locate
from mlops.params.overlay import REHEARSAL_VARIABLE
from mlops.params.pointer import point
from mlops.params.schema import Params

__all__ = ["REHEARSAL_VARIABLE", "Environment", "Gate", "GateRule", "Params", "load", "locate", "overlay", "point"]
