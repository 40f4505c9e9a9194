"""What a promotion or rollback has done so far, and the report that it ends in. It must not change anything."""

from dataclasses import dataclass, field

from mlops.azure import endpoints, models
from mlops.domain.promote.endpoint import DeploymentFacts, EndpointFacts, EndpointState
from mlops.errors import MlopsError
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.promote import review
from mlops.flow.promote.smoke_test import Smoke
from mlops.render import Report, Section, Table, table

LOG_CHARACTERS = 6000


@dataclass
class Story:
    """One run, step by step; `model` None means a rollback."""

    context: Context
    environment: str
    endpoint: str
    model: models.Registered | None
    lines: list[str] = field(default_factory=list)
    smoke: Smoke | None = None
    judgements: Table | None = None
    log: str = ""
    first: EndpointFacts | None = None
    last: EndpointFacts = field(default_factory=lambda: EndpointFacts("", EndpointState.ABSENT, {}, {}, (), {}, True))

    def see(self, facts: EndpointFacts) -> None:
        """Remember how the endpoint was at first, and how it is."""
        self.first, self.last = self.first or facts, facts

    @property
    def had_live(self) -> bool:
        """Whether something was live when this run began."""
        return bool(self.first and self.first.live)

    def say(self, line: str) -> None:
        """Tell what happens now; a repeated wait is told once."""
        if self.lines and self.lines[-1] == line:
            return
        self.context.say(f"{self.environment}: {line}")
        self.lines.append(line)

    def keep_log(self, deployment: str) -> None:
        """The container's last words, read before the deployment is deleted."""
        self.log = endpoints.logs(self.context.workspace, self.endpoint, deployment)[-LOG_CHARACTERS:]
        if self.log:
            self.context.say(f"last lines of {deployment}:\n{self.log}")

    def outcome(self, facts: EndpointFacts, why: str, failure: MlopsError | None) -> ReportOutcome:
        """The report, the outputs for later steps and the failure."""
        said = why if self.lines or failure else f"nothing to do: {why}"
        made = Report(
            f"{self.environment}: {said}",
            (f"endpoint {self.endpoint}", self._approval(failure)),
            tuple(self._tables(facts)),
            sections=tuple(self._sections(facts)),
            next_step=f"mlops ask {self.environment}" if facts.live else "",
        )
        traffic = ", ".join(f"{name} {percent} %" for name, percent in sorted(facts.live.items()))
        live = next((name for name, percent in facts.live.items() if percent == 100), "")
        found = facts.find(live)
        outputs = {
            "endpoint": self.endpoint,
            "deployment": live,
            "traffic": traffic,
            "model": found.model if found else "",
            "url": endpoints.studio_url(self.context.workspace, self.endpoint),
        }
        return ReportOutcome(made, outputs, failure)

    def _approval(self, failure: MlopsError | None) -> str:
        if failure or self.model is None:
            return ""
        return review.next_environment(self.context, self.environment, self.model)

    def _tables(self, facts: EndpointFacts) -> list[Table]:
        found = []
        if self.lines:
            found.append(table("Steps", ("step", "what"), enumerate(self.lines, start=1)))
        if self.judgements:
            found.append(self.judgements)
        rows = [
            (one.name, one.model, one.state.value, f"{facts.share(one.name)} %", _machines(one))
            for one in facts.deployments
        ]
        return [*found, table("Deployments", ("deployment", "model", "state", "traffic", "instances"), rows)]

    def _sections(self, facts: EndpointFacts) -> list[Section]:
        settings = self.context.environment(self.environment)
        found: list[Section | None] = []
        if self.model and self.first and self.lines:
            found.append(review.changes(self.context, self.first, self.model, settings))
        if self.model is None and len(facts.live) == 1:
            one = facts.find(next(iter(facts.live)))
            found.append(review.target(self.context, one.model, settings.registry) if one else None)
        if self.smoke:
            found.append(self.smoke.section())
        if self.log:
            found.append(Section("The failed deployment's last lines", (self.log,)))
        return [section for section in found if section]


def _machines(one: DeploymentFacts) -> str:
    return f"{one.instance_count} x {one.instance_type}"
