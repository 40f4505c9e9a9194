"""The one next step that a look at a project suggests, as a command to copy or a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops.domain.release.plan import Verb


@dataclass(frozen=True)
class Standing:
    """What it is decided on. `waiting` are addresses of workflow runs that wait for a reviewer."""

    verb: Verb | None
    environments: Sequence[str] = ()  # that are to get the model
    under_way: Sequence[str] = ()  # runs
    refused: bool = False
    waiting: Sequence[str] = ()
    frozen: Sequence[str] = ()
    held: Mapping[str, str] | None = None  # environment -> version of this commit's model that is held there
    changed_by_hand: Sequence[str] = ()  # environments


def next_step(found: Standing) -> str:
    """What a person can do first: what is broken or waits for somebody stands before what goes on by itself."""
    if found.changed_by_hand:
        name = found.changed_by_hand[0]
        return f"look at {name}: `mlops promote {name} --accept-drift` goes on from what was changed by hand"
    if found.waiting:
        return f"approve or reject it: {found.waiting[0]}"
    if found.verb == "promote":
        return f"mlops promote {found.environments[0]}" if found.environments else "mlops promote"
    if found.verb:
        return f"mlops {found.verb}"
    if found.refused:
        return "mlops gate --explain"
    if found.held:
        name, version = next(iter(found.held.items()))
        return f"version {version} is held in {name}: change data/ or params.yaml for a better one, then `mlops plan`"
    if found.frozen:
        return f"mlops thaw {found.frozen[0]}"
    if found.under_way:
        return f"mlops watch --job {found.under_way[0]}"
    return "change data/ or params.yaml for a new model; `mlops plan` says what that would do"
