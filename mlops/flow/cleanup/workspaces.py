"""Every workspace that a run looks at: that of the training, those of the environments, and those named for cleanup.

All of them as one identity. One of an environment that it may not read is told, and stops nothing but archiving.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mlops.azure.failures import Denied, NotFound
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup.policy import CleanupPolicy
from mlops.domain.environments.workspace_name import WorkspaceName
from mlops.flow.cleanup.inventory import Inventory, fill, observe


@dataclass(frozen=True)
class Looked:
    """What each workspace holds, that of the training first, and which could not be read, with the reason."""

    inventories: list[Inventory]
    unread: tuple[str, ...]


def look(
    policy: CleanupPolicy,
    training: Workspace,
    environments: Iterable[WorkspaceName],
    further: Iterable[str],
    say: Callable[[str], None],
) -> Looked:
    """Look at all. Raises when the endpoints of a workspace cannot be listed that is not an environment's alone."""
    named = dict.fromkeys([training, *(training.beside(name) for name in further)])
    found = [observe(policy, each) for each in named]
    unread: list[str] = []
    for each in dict.fromkeys(training.at(place) for place in environments):
        if each in named:
            continue
        try:
            found.append(observe(policy, each))
        except (Denied, NotFound) as error:
            names = each.target
            unread.append(f"{names.resource_group}/{names.workspace}: {error.problems[0].what}")
            say(f"not looked at: {unread[-1]}")
    for one in found:
        one.beside = [other for other in found if other is not one]
        one.unknown = f"what stands in {unread[0]}" if unread else ""
        fill(policy, one)
    return Looked(found, tuple(unread))
