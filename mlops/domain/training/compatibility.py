"""Which base models and versions of chat_completion_pipeline are known not to fit, so that nobody pays to find out.

A table: a row is what was seen, with where. It must not be read as a list of what fits; an image may hold other code
than the published packages, so a row warns and does not refuse.
"""

from dataclasses import dataclass

COMPONENT = "chat_completion_pipeline"
REMOTE_CODE = "the model brings its own code (trust_remote_code), and that was run with this transformers"
PARITY = "the published packages were run by make parity-stack (docs/parity.md)"


@dataclass(frozen=True)
class Mismatch:
    """`base` is what the model's name begins with, `components` the versions, `transformers` what is in their image."""

    base: str
    components: tuple[str, ...]
    transformers: str
    what: str
    source: str
    instead: str

    def concerns(self, base: str, component: str) -> bool:
        """Whether it is about this pair."""
        return base.lower().startswith(self.base.lower()) and component in self.components


MISMATCHES = (
    Mismatch("Phi-3-", ("0.0.77",), "4.51.3", "the trained model fails when it answers", REMOTE_CODE, "0.0.74"),
    Mismatch(
        "Phi-3-",
        ("0.0.78", "0.0.79", "0.0.80", "0.0.81"),
        "4.55.0",
        "evaluation fails, and the trained model fails when it answers",
        REMOTE_CODE,
        "0.0.74",
    ),
    Mismatch("Phi-3-", ("0.0.82",), "5.3.0", "the base model fails to load", REMOTE_CODE, "0.0.74"),
    Mismatch("Phi-4", ("0.0.82",), "5.3.0", "preprocessing fails before anything is trained", PARITY, "0.0.81"),
)


def mismatches(base: str, component: str, version: str) -> tuple[Mismatch, ...]:
    """What is known to go wrong with a base model in a version of a component; nothing for other components."""
    if component != COMPONENT:
        return ()
    return tuple(row for row in MISMATCHES if row.concerns(base, version))
