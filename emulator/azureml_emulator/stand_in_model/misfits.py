"""Base models that a version of the pipeline component cannot train: the step at which the real code fails, and how.

Source: `make parity-stack` (tests/parity/expectations) for Phi-4; for Phi-3 its published remote code, run with the
transformers of each version's image. A base model or version that is not named here trains.
"""

from dataclasses import dataclass

from azureml_emulator.stand_in_model.report import NodeError

SYSTEM = "ACFTSystemException"
CACHE = "AttributeError: 'DynamicCache' object has no attribute 'get_usable_length'"


@dataclass(frozen=True)
class Misfit:
    """`base` is what the model's name begins with."""

    base: str
    versions: tuple[str, ...]
    node: str
    message: str


MISFITS = (
    Misfit("Phi-3-", ("0.0.78", "0.0.79", "0.0.80", "0.0.81"), "chat_completion_finetune", CACHE),
    Misfit("Phi-3-", ("0.0.82",), "chat_completion_finetune", "KeyError: 'type'"),
    Misfit("Phi-4", ("0.0.82",), "chat_completion_datapreprocess", "TypeError: must be real number, not str"),
)


def check(node: str, base: str, version: str) -> None:
    """Raise NodeError where the real step would fail with that base model."""
    for row in MISFITS:
        if node == row.node and version in row.versions and base.lower().startswith(row.base.lower()):
            raise NodeError(SYSTEM, row.message)
