"""`mlops status`: where things stand for the current parameters and data, and what each environment serves."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops.domain.promote import audit
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentState, EndpointFacts, EndpointState
from mlops.domain.release.drift import Drift
from mlops.domain.release.plan import Verb, decide
from mlops.domain.tags import PROMOTED_TAG, ROLLED_BACK_TAG
from mlops.domain.training.run import JobState
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.release import drift
from mlops.flow.training import training_spec


@dataclass(frozen=True)
class ServedModel:
    """A deployment with its model as name:version and its share of the traffic in percent."""

    deployment: str
    model: str
    state: DeploymentState
    traffic: int
    instances: int


@dataclass(frozen=True)
class EnvironmentStatus:
    """An environment's endpoint, what it serves, and what people decided about it.

    `promoted` is the last promotion, `rolled_back` says from which deployment to which one a rollback went since then,
    `held` are versions that were rolled back, `promoting` is a model on its way, `drift` what somebody else changed.
    """

    name: str
    endpoint: str
    state: EndpointState
    serves: tuple[ServedModel, ...]
    promoted: AuditEntry | None
    rolled_back: str | None
    held: Mapping[str, AuditEntry]
    frozen: AuditEntry | None
    promoting: str | None
    drift: str | None


@dataclass(frozen=True)
class StatusResult:
    """How far this commit got, and what is live; null is what does not exist yet.

    `refusal` says why the gate refuses the finished run by the rules of now. `next_verb` is the first step that the
    plan would run; null where nothing is to be done. `drift` is what somebody changed since mlops last promoted.
    """

    recipe: str
    data_version: str | None
    fingerprint: str | None
    job: str | None
    job_state: JobState | None
    refusal: str | None
    model: str | None
    environments: tuple[EnvironmentStatus, ...]
    drift: tuple[Drift, ...]
    next_verb: Verb | None
    why: str


def run(context: Context) -> Outcome[StatusResult]:
    """Look, and say."""
    made_of = training_spec.training(context.workspace, training_spec.of(context))
    seen = own_endpoints(context)
    facts = observe.facts(context, made_of, seen)
    plan = decide(facts)
    result = StatusResult(
        recipe=facts.recipe,
        data_version=facts.data_version,
        fingerprint=facts.fingerprint,
        job=facts.attempt.name if facts.attempt else None,
        job_state=facts.attempt.state if facts.attempt else None,
        refusal=facts.refusal,
        model=facts.model,
        environments=tuple(environment_status(name, found) for name, found in seen.items()),
        drift=drift.found(context.workspace, seen, rollout_specs(context)),
        next_verb=plan.first,
        why=plan.why,
    )
    return Outcome(result)


def environment_status(name: str, facts: EndpointFacts) -> EnvironmentStatus:
    """An environment as its endpoint shows it."""
    serves = (
        ServedModel(item.name, item.model, item.state, facts.share(item.name), item.instance_count)
        for item in facts.deployments
    )
    return EnvironmentStatus(
        name,
        facts.name,
        facts.state,
        tuple(serves),
        promoted=audit.read(facts.tags.get(PROMOTED_TAG, "")),
        rolled_back=facts.tags.get(ROLLED_BACK_TAG) or None,
        held=audit.held(facts.tags),
        frozen=audit.frozen(facts.tags),
        promoting=facts.promoting or None,
        drift=facts.drift or None,
    )
