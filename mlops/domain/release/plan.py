"""Decides what a push needs: which steps run, which are done already, and why.

Pure: facts in, plan out. It must not look anything up.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from mlops.domain.environments.order import PromotionOrder, due
from mlops.domain.serving.settings import SettingChange, to_apply
from mlops.domain.training.run import Attempt, JobState

Verb = Literal["prepare", "compute", "submit", "watch", "evaluate", "gate", "register", "promote"]


@dataclass(frozen=True)
class Facts:
    """What was observed about the current parameters and data."""

    recipe: str
    data_version: str | None = None  # None: this data was never prepared
    fingerprint: str | None = None  # None: not known before the data is
    attempt: Attempt | None = None  # the newest
    refusal: str | None = None  # why the gate refuses the finished attempt, judged by the rules of now
    model: str | None = None  # name:version registered for this fingerprint
    no_evaluation: str = ""  # why the run's model need not answer held-out conversations; empty: it does
    order: PromotionOrder = field(default_factory=lambda: PromotionOrder({}))
    live: Mapping[str, str | None] = field(default_factory=dict)  # environment -> model with all traffic
    blocked: Mapping[str, str] = field(default_factory=dict)  # environment -> why this model is not promoted there
    unproven: Collection[str] = ()  # environments that serve this model without evidence that it passed them
    outdated: Mapping[str, tuple[SettingChange, ...]] = field(default_factory=dict)  # environment -> serving settings
    superseded: str = ""  # why a newer push takes the place of this one; empty: none does


@dataclass(frozen=True)
class PlanStep:
    """One verb: whether it will run, and the reason in words."""

    verb: Verb
    run: bool
    reason: str


@dataclass(frozen=True)
class ReleasePlan:
    """The steps in order."""

    steps: tuple[PlanStep, ...]
    environments: tuple[str, ...] = ()  # that are to get a model which is registered; () where there is none yet

    @property
    def train(self) -> bool:
        """Whether a job is to be submitted."""
        return self._runs("submit")

    @property
    def train_reason(self) -> str:
        """Why a job is to be submitted, or why none is."""
        return next(step.reason for step in self.steps if step.verb == "submit")

    @property
    def release(self) -> bool:
        """Whether a run is to be watched, judged or registered."""
        return self._runs("watch") or self._runs("register")

    @property
    def promote(self) -> bool:
        """Whether some environment is to get the model."""
        return self._runs("promote")

    @property
    def nothing(self) -> bool:
        """Whether all is done."""
        return not any(step.run for step in self.steps)

    @property
    def first(self) -> Verb | None:
        """The first step that runs; None when none does."""
        return next((step.verb for step in self.steps if step.run), None)

    @property
    def why(self) -> str:
        """The reason of the first step that runs; of the last, when none does."""
        return next((step.reason for step in self.steps if step.run), self.steps[-1].reason)

    def _runs(self, verb: str) -> bool:
        return any(step.verb == verb and step.run for step in self.steps)


def decide(facts: Facts, *, force: bool = False) -> ReleasePlan:
    """What is to be done. `force` trains again although this fingerprint was trained."""
    if facts.superseded:
        return ReleasePlan(tuple(PlanStep(verb, False, facts.superseded) for verb in get_args(Verb)))
    attempt = facts.attempt
    again = _why_train(facts, force)
    if again:
        return ReleasePlan(
            (
                _prepare(facts),
                PlanStep("compute", True, "a run is to be submitted"),
                PlanStep("submit", True, again),
                PlanStep("watch", True, "follows the run"),
                _evaluate(facts, "follows the run"),
                *(PlanStep(verb, True, "follows the run") for verb in ("gate", "register")),
                PlanStep("promote", True, "follows the registration"),
            )
        )
    assert attempt is not None
    done = [
        _prepare(facts),
        PlanStep("compute", False, "no run is to be submitted"),
        PlanStep("submit", False, f"{attempt.name} was submitted for this fingerprint"),
    ]
    if not attempt.state.ended:
        rest = [PlanStep("watch", True, f"{attempt.name} is {attempt.state}"), _evaluate(facts, "follows the run")]
        rest += [PlanStep(verb, True, "follows the run") for verb in ("gate", "register", "promote")]
        return ReleasePlan((*done, *rest))
    done.append(PlanStep("watch", False, f"{attempt.name} is {attempt.state}"))
    if facts.model is None and facts.refusal:
        why = f"refused: {facts.refusal}"
        return ReleasePlan(
            (*done, *(PlanStep(verb, False, why) for verb in ("evaluate", "gate", "register", "promote")))
        )
    if facts.model is None:
        why = f"{attempt.name} is not registered yet"
        return ReleasePlan(
            (*done, _evaluate(facts, why), *(PlanStep(verb, True, why) for verb in ("gate", "register", "promote")))
        )
    why = f"{facts.model} is registered for this fingerprint"
    done += [PlanStep(verb, False, why) for verb in ("evaluate", "gate", "register")]
    step, environments = _promote(facts, facts.model)
    return ReleasePlan((*done, step), environments)


def _evaluate(facts: Facts, why: str) -> PlanStep:
    return PlanStep("evaluate", not facts.no_evaluation, facts.no_evaluation or why)


def _promote(facts: Facts, model: str) -> tuple[PlanStep, tuple[str, ...]]:
    """Where the model is to go; where it is live everywhere, serving settings that changed are still to be applied."""
    found = due(facts.order, model, facts.live, facts.blocked, facts.unproven)
    everywhere = all(facts.live.get(name) == model for name in facts.order.last)
    if everywhere and facts.live and (settings := _apply_settings(facts)):
        return settings
    return PlanStep("promote", bool(found.environments), found.why), found.environments


def _apply_settings(facts: Facts) -> tuple[PlanStep, tuple[str, ...]] | None:
    changed = {name: to_apply(facts.outdated[name]) for name in facts.outdated if facts.live[name] == facts.model}
    names = tuple(name for name, changes in changed.items() if changes)
    if not names:
        return None
    # An environment takes only what passed the ones before it with the settings of now; those may be gone since.
    serving = {name for name, label in facts.live.items() if label == facts.model and name not in names}
    way = {one for name in names for one in facts.order.lacking(name, serving)}
    if why := next((facts.blocked[name] for name in facts.order.names if name in way and name in facts.blocked), ""):
        return PlanStep("promote", False, why), ()
    told = "; ".join(f"{name}: {', '.join(one.name for one in changed[name])}" for name in names)
    why = f"{facts.model} is live with other serving settings ({told})"
    return PlanStep("promote", True, why), tuple(name for name in facts.order.names if name in way)


def _prepare(facts: Facts) -> PlanStep:
    if facts.data_version is None:
        return PlanStep("prepare", True, f"no data asset was made from recipe {facts.recipe}")
    return PlanStep("prepare", False, f"data version {facts.data_version} was made from recipe {facts.recipe}")


def _why_train(facts: Facts, force: bool) -> str | None:
    if facts.data_version is None:
        return "new data"
    attempt = facts.attempt
    if attempt is None:
        return f"fingerprint {facts.fingerprint} was never trained"
    if attempt.state.retryable:
        return f"{attempt.name} is {attempt.state}"
    if force and attempt.state is JobState.COMPLETED:
        return f"forced, although {attempt.name} is {attempt.state}"
    return None
