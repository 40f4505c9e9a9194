"""`mlops environments`: the environments in the order of promotion, for people and for the jobs of the workflows."""

from dataclasses import dataclass

from mlops.domain.environments.order import ALL, PromotionOrder
from mlops.errors import BadInput, Problem
from mlops.flow.outcome import Outcome
from mlops.params import Params

EVERY = (ALL, "both")  # the second is how workflows of others may still say it


@dataclass(frozen=True)
class ListedEnvironment:
    """An environment, those right before it, and where it is; null is where the training is."""

    name: str
    wave: int
    after: tuple[str, ...]
    workspace: str | None
    registry: str | None
    protected: bool


@dataclass(frozen=True)
class EnvironmentsResult:
    """Those that were asked for; one wave is promoted to side by side, after the wave before it."""

    environments: tuple[ListedEnvironment, ...]
    waves: tuple[tuple[str, ...], ...]


def run(params: Params, words: tuple[str, ...], where: str) -> Outcome[EnvironmentsResult]:
    """Those that are named, with blanks between them; all for `all`, or where none is. Raises BadInput."""
    order = PromotionOrder(params.order)
    named = [name for word in words for name in word.split()]
    if unknown := [name for name in named if name not in order.after and name not in EVERY]:
        known = ", ".join(order.names)
        problems = [
            Problem(f"there is no environment {name!r}", where, fix=f"use {ALL} or: {known}") for name in unknown
        ]
        raise BadInput([Problem(one.what, one.where, fix=one.fix, key="environments") for one in problems])
    everything = not named or any(name in EVERY for name in named)
    waves = order.waves(None if everything else named)
    found = [_listed(params, order, name, number) for number, wave in enumerate(waves, 1) for name in wave]
    return Outcome(EnvironmentsResult(tuple(found), waves))


def _listed(params: Params, order: PromotionOrder, name: str, wave: int) -> ListedEnvironment:
    stated = params.environments[name]
    return ListedEnvironment(name, wave, order.after[name], stated.workspace, stated.registry, stated.protected)
