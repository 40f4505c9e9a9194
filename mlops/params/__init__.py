"""`params.yaml`: the one file a data scientist edits, as frozen, typed, explained values."""

from mlops.params.load import load, locate
from mlops.params.pointer import point
from mlops.params.schema import Environment, Gate, Params, Rule

__all__ = ["Environment", "Gate", "Params", "Rule", "load", "locate", "point"]
