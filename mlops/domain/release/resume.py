"""Decides what a reconcile run does about each training run, with its reason: wait, judge, promote, fail, or leave it.

Pure: facts in, decisions out. What is left to do follows from the workspace alone, so it must not look anything up or
remember anything.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mlops.domain.environments.order import PromotionOrder
from mlops.domain.promote.promotion_record import PromotionRecord, PromotionState
from mlops.domain.release.precedence import Asked, IsAncestor, is_older
from mlops.domain.training.run import JobState

PROMOTION_BOUND = timedelta(hours=2)  # the time limit of a promotion's job; a promotion that is older was cut off
MOST_RETRIES = 3  # a promotion that never comes to an end needs a person
TOLD = "did not end well, which was told; a newer run, or another attempt, ends this"
FAILURE_IS_NEWS = timedelta(days=2)  # so long a failed run makes scheduled runs fail, unless a newer one was submitted


class RunAction(StrEnum):
    """What is done about a run."""

    WAIT = "wait"
    JUDGE = "judge"
    PROMOTE = "promote"
    FAILED = "failed"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Run:
    """What was observed about one training run of ours; `model` is name:version of what its fingerprint became."""

    name: str
    state: JobState
    submitted: datetime | None = None
    refused: bool = False
    model: str | None = None
    made_it: bool = True  # False where another run of the same fingerprint made that model
    registered: datetime | None = None
    promotions: Mapping[str, PromotionRecord] = field(default_factory=dict)  # environment -> how far its promotion got
    blocked: Mapping[str, str] = field(default_factory=dict)  # environment -> why this model is not promoted there
    unproven: Mapping[str, str] = field(
        default_factory=dict
    )  # environment that serves it -> why it has not passed there
    commit: str = ""  # that it was submitted from
    told: bool = False  # its failure was told by an earlier reconcile run

    @property
    def asked(self) -> Asked:
        """What asked for its model last: a later commit may have returned to it."""
        commits = [record.commit for record in self.promotions.values() if record.commit]
        return Asked(commits[-1] if commits else self.commit, self.submitted)


@dataclass(frozen=True)
class RunDecision:
    """What to do about a run, and the reason in words; `environments` are to get its model, in order."""

    run: Run
    act: RunAction
    reason: str
    environments: tuple[str, ...] = ()
    superseded_by: str = ""  # a newer run that is registered already: this one is registered at most
    soon: bool = False  # a later reconcile run has to look again, although this one does nothing

    @property
    def open(self) -> bool:
        """Whether a later reconcile run has something to look at."""
        return self.soon or self.act in (RunAction.WAIT, RunAction.JUDGE, RunAction.PROMOTE)


def decide(
    runs: Sequence[Run],
    order: PromotionOrder,
    live: Mapping[str, str | None],
    now: datetime,
    outdated: Collection[str] = (),
    is_ancestor: IsAncestor = lambda _one, _other: None,
) -> list[RunDecision]:
    """One decision a run, newest first: by the history of commits where that tells, else by time of submission.

    `live` says which model has all traffic of each environment, `outdated` which of them serve with other settings than
    params.yaml says. Only the newest registered run is promoted, and only where no newer one is about to be judged.
    """
    ordered = newest_first(runs, is_ancestor)
    found: list[RunDecision] = []
    released, judged = "", False
    for index, run in enumerate(ordered):
        if run.state is JobState.COMPLETED and run.model and not run.made_it:
            found.append(RunDecision(run, RunAction.NOTHING, f"an earlier run of the same release became {run.model}"))
        elif run.state is JobState.COMPLETED and run.model:
            found.append(
                RunDecision(run, RunAction.NOTHING, f"a newer run than that of {run.model} is released")
                if released or judged
                else _promotion(run, order, live, now, outdated)
            )
            released = released or run.name
        else:
            decision = _unregistered(run, now, newest=index == 0)
            judged |= decision.act is RunAction.JUDGE
            found.append(replace(decision, superseded_by=released))
    return found


def newest_first(runs: Sequence[Run], is_ancestor: IsAncestor) -> list[Run]:
    """The runs in the order in which they were asked for; those of which nothing tells stay as they are."""
    ordered: list[Run] = []
    for run in runs:
        older = (index for index, other in enumerate(ordered) if is_older(other.asked, run.asked, is_ancestor))
        ordered.insert(next(older, len(ordered)), run)
    return ordered


def _unregistered(run: Run, now: datetime, *, newest: bool) -> RunDecision:
    if run.state is JobState.COMPLETED:
        if run.refused:
            return RunDecision(run, RunAction.NOTHING, "was refused by the gate")
        return RunDecision(run, RunAction.JUDGE, "completed, and neither refused nor registered yet")
    if not run.state.ended:
        return RunDecision(run, RunAction.WAIT, "under way")
    if run.state is JobState.CANCELED:
        return RunDecision(run, RunAction.NOTHING, "was canceled")
    if not newest:
        return RunDecision(run, RunAction.NOTHING, "a newer run was submitted since")
    if run.told:
        return RunDecision(run, RunAction.NOTHING, TOLD)
    if run.submitted and now - run.submitted > FAILURE_IS_NEWS:
        return RunDecision(run, RunAction.NOTHING, f"submitted {(now - run.submitted).days} days ago and told since")
    return RunDecision(run, RunAction.FAILED, "the newest run did not end well")


def _promotion(
    run: Run, order: PromotionOrder, live: Mapping[str, str | None], now: datetime, outdated: Collection[str]
) -> RunDecision:
    """Where the promotion of a registered model has to begin again, if it has to; each branch by itself."""
    serving = {
        name for name, model in live.items() if model == run.model and (name in order.last or name not in run.unproven)
    }
    ways = [way for name in order.last if (way := order.lacking(name, serving))]
    if not ways:
        if changed := tuple(name for name in order.names if name in outdated and name in serving):
            # What is before them and gone has to be passed again, with the settings of now.
            again = {one for name in changed for one in order.lacking(name, serving - set(changed))}
            return _settings(run, tuple(name for name in order.names if name in again), order, now)
        return RunDecision(run, RunAction.NOTHING, f"{run.model} is live")
    found = [_of_branch(run, way, order, now) for way in ways]
    for act in (RunAction.PROMOTE, RunAction.WAIT):
        if chosen := [one for one in found if one.act is act]:
            due = {name for one in chosen for name in one.environments}
            return replace(chosen[0], environments=tuple(name for name in order.names if name in due))
    return next((one for one in found if one.soon), found[0])


def _settings(run: Run, changed: tuple[str, ...], order: PromotionOrder, now: datetime) -> RunDecision:
    """What to do about a model that is live with other serving settings than params.yaml says."""
    environment, mark = changed[0], run.promotions.get(changed[0])
    told = f"{run.model} is live in {environment} with other serving settings than params.yaml says"
    due = tuple(itertools.takewhile(lambda name: name not in run.blocked, changed))
    if environment in run.blocked:
        return RunDecision(run, RunAction.NOTHING, run.blocked[environment])
    if mark and mark.state is not PromotionState.DONE:
        return _again(run, environment, mark, due, now)
    if environment not in order.first:
        return RunDecision(run, RunAction.NOTHING, f"{told}; that waits for its approval, or was denied it")
    if mark and now - mark.at < PROMOTION_BOUND:
        return RunDecision(run, RunAction.NOTHING, f"{told}; whoever changed them applies them", soon=True)
    return RunDecision(run, RunAction.PROMOTE, told, due)


def _of_branch(run: Run, way: Sequence[str], order: PromotionOrder, now: datetime) -> RunDecision:
    """One branch; `way` are the environments on it that do not serve the model yet, in order."""
    environment, mark = way[0], run.promotions.get(way[0])
    if environment in run.blocked:
        return RunDecision(run, RunAction.NOTHING, run.blocked[environment])
    if environment in run.unproven and (mark is None or mark.state is PromotionState.DONE):
        why = f"{run.unproven[environment]}; `mlops promote {environment} --model {run.model}` tests it there"
        return RunDecision(run, RunAction.NOTHING, why)
    if mark is None and (before := order.after[environment]):
        why = f"{run.model} is live in {' and '.join(before)}; {environment} waits for its approval, or was denied it"
        return RunDecision(run, RunAction.NOTHING, why)
    if mark is None and run.registered and now - run.registered < PROMOTION_BOUND:
        why = f"{run.model} was registered a short while ago; whoever did so promotes it"
        return RunDecision(run, RunAction.NOTHING, why, soon=True)
    due = tuple(itertools.takewhile(lambda name: name not in run.blocked, way))
    if mark is None:
        return RunDecision(run, RunAction.PROMOTE, f"{run.model} is registered and was never promoted", due)
    return _again(run, environment, mark, due, now)


def _again(run: Run, environment: str, mark: PromotionRecord, due: tuple[str, ...], now: datetime) -> RunDecision:
    """What to do about a promotion that began and does not show in the traffic."""
    if mark.state is PromotionState.REFUSED:
        return RunDecision(
            run, RunAction.NOTHING, f"the promotion of {run.model} to {environment} failed, which a person answers"
        )
    if mark.state is PromotionState.DONE:
        return RunDecision(
            run, RunAction.NOTHING, f"{run.model} was live in {environment}, and was taken back or deleted since"
        )
    if mark.state is not PromotionState.INTERRUPTED and now - mark.at < PROMOTION_BOUND:
        return RunDecision(run, RunAction.WAIT, f"{run.model} is on its way to {environment}")
    if mark.retries >= MOST_RETRIES:
        return RunDecision(
            run, RunAction.NOTHING, f"{mark.retries} promotions of {run.model} to {environment} were cut off"
        )
    return RunDecision(run, RunAction.PROMOTE, f"the promotion of {run.model} to {environment} was cut off", due)
