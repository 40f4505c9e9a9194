"""Where an environment's endpoint stands, as params.yaml names it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkspaceName:
    """A workspace by name; None is the one of the training."""

    workspace: str | None = None
    resource_group: str | None = None
    subscription: str | None = None
