"""What a running node can say - log lines, metrics, properties - and how it fails.

It must not know who listens: the worker prints these as JSON, a test collects them.
"""

from typing import Protocol

DATA = "ACFTDataException"
USER = "ACFTUserException"
VALIDATION = "ACFTValidationException"


class NodeError(Exception):
    """A node failed for a reason that its user can act on; `code` is the real component's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Reporter(Protocol):
    """Receives what a node says."""

    def log(self, line: str) -> None:
        """Say a line of the node's log."""

    def metric(self, name: str, value: float, step: int | None) -> None:
        """Log a metric of the run; no step where the component logs none."""

    def property(self, name: str, value: str) -> None:
        """Set a property of the run."""
