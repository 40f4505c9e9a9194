"""Takes the steps of a promotion, one at a time, as the planner decided them.

Each change looks at the endpoint once more and asks for the lease at that moment, right before it is made.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from mlops.azure import at_once, endpoints, models, scoring
from mlops.azure.workspace import Workspace
from mlops.domain.promote import planner
from mlops.domain.promote.endpoint import ALL, DeploymentFacts, DeploymentState, EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    Mirror,
    Repair,
    Scale,
    SetTraffic,
    SmokeTest,
    Step,
)
from mlops.domain.serving.settings import fingerprint
from mlops.domain.tags import ENVIRONMENT_TAG, OWNER_TAG
from mlops.errors import RemoteFailed
from mlops.flow.promote import smoke_test
from mlops.flow.promote.canary import CanaryAnalysis
from mlops.flow.promote.invoke import HeldOut, held_out
from mlops.flow.promote.lease import EndpointLease
from mlops.flow.promote.result import Action, Measurement, SmokeTestResult
from mlops.flow.promote.rollout_log import RolloutLog
from mlops.flow.serving import deployment_steps, reach


@dataclass
class PromotionSteps:
    """Takes them on one endpoint; `smoke_test` and `measurements` are what it saw of the candidate."""

    workspace: Workspace  # of the endpoint
    spec: RolloutSpec
    model: models.Registered
    log: RolloutLog
    lease: EndpointLease
    smoke_test: SmokeTestResult | None = None
    measurements: list[Measurement] = field(default_factory=list)
    _new_endpoint: bool = False
    _new_facts: EndpointFacts | None = None

    def has_new_endpoint(self) -> bool:
        """Whether the last step made the endpoint; said once."""
        found, self._new_endpoint = self._new_endpoint, False
        return found

    def new_facts(self) -> EndpointFacts | None:
        """The endpoint with the deployment that the last step made, by what was asked for; said once."""
        found, self._new_facts = self._new_facts, None
        return found

    def take(self, step: Step, facts: EndpointFacts) -> None:
        """Take one. Raises lease.Stopped where somebody took the endpoint over."""
        workspace, name, sure = self.workspace, self.spec.endpoint, self.lease.check
        match step:
            case CreateEndpoint():
                own = {OWNER_TAG: self.spec.owner, ENVIRONMENT_TAG: self.spec.environment}
                tags = {name: value for name, value in {**own, **self.lease.tags()}.items() if value}
                mode = self.spec.auth_mode
                at_once.beside(
                    lambda: endpoints.create(workspace, name, auth_mode=mode, tags=tags), lambda: self._questions
                )
                self._new_endpoint = True
            case CreateDeployment():
                reach.check(self._canary.client, self.spec, self._questions[0], step.name)
                deployment_steps.create(workspace, self.spec, self.model, step, facts, sure)
                self._new_facts = replace(facts, deployments=(*facts.deployments, self._as_made(step)))
            case Scale():
                deployment_steps.scale(workspace, self.spec, step, facts, sure)
            case SmokeTest():
                self.smoke_test = self.test(step.deployment)
            case Mirror():
                mirror = {step.deployment: step.percent}
                endpoints.set_traffic(workspace, facts, facts.live, {}, mirror=mirror, sure=sure)
                self._watch(f"{step.percent} % mirrored", step.deployment)
            case BakeCanary():
                self._watch(f"{step.percent} %", step.deployment)
            case SetTraffic():
                gone = self.lease.note_gone() if _is_last(step, facts) else {}
                endpoints.set_traffic(workspace, facts, step.percentages, {**step.tags, **gone}, sure=sure)
                self.lease.noted = self.lease.noted and not gone
            case Repair():
                with suppress(RemoteFailed):  # the next look shows whether it helped
                    endpoints.set_traffic(workspace, facts, step.percentages, {}, sure=sure)
            case DeleteDeployment():
                deployment_steps.delete(workspace, step, facts, self.log, sure)

    def test(self, deployment: str) -> SmokeTestResult:
        """The smoke test of a deployment."""
        return smoke_test.run(self._canary.client, self.spec, self._questions, deployment)

    def _as_made(self, step: CreateDeployment) -> DeploymentFacts:
        """The deployment as the service was asked for it, which says that it came to its end."""
        return DeploymentFacts(
            step.name,
            DeploymentState.SUCCEEDED,
            step.model,
            step.instance_type,
            step.instance_count,
            asset=self.model.id,
            settings=self.spec.settings,
            serving=fingerprint(self.spec.settings),
            stated_count=step.stated_count,
        )

    @cached_property
    def _questions(self) -> list[HeldOut]:
        return held_out(self.workspace, self.model, self.spec.smoke_conversations, self.spec.registry)

    @cached_property
    def _canary(self) -> CanaryAnalysis:
        client, questions = at_once.both(
            lambda: scoring.ScoringClient(self.workspace, self.spec.endpoint), lambda: self._questions
        )
        return CanaryAnalysis(self.workspace, self.spec, client, questions, self.lease.check, self.measurements)

    def _watch(self, step: str, deployment: str) -> None:
        """Watch and judge, beside the healthy deployment with most other traffic or the rollback target."""
        old = planner.beside(self.log.last, deployment)
        self.log.note(Action.JUDGED, self._canary.run(step, deployment, old).why)


def _is_last(step: SetTraffic, facts: EndpointFacts) -> bool:
    """Whether nothing is left to do after it: all traffic goes to the only deployment."""
    return [*step.percentages.items()] == [(one.name, ALL) for one in facts.deployments]
