"""Writes on the model's version that it passed an environment, and looks up what it passed before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlops.azure import models
from mlops.azure.workspace import Workspace
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.registry import passed
from mlops.domain.registry.passed import EnvironmentPass
from mlops.domain.serving.settings import fingerprint
from mlops.domain.tags import DATA_TAG, DECISIONS
from mlops.errors import MlopsError, Problem
from mlops.flow.promote.home import as_allowed
from mlops.flow.promote.result import Measurement, SmokeTestResult


@dataclass(frozen=True)
class Passage:
    """The way of a model into an environment: what it has to have passed `before`, unless a person lets it `skip` that.

    `workspace` is that of the training, where the model's version is; `say` tells people what is not recorded.
    """

    workspace: Workspace
    spec: RolloutSpec
    before: Sequence[RolloutSpec]
    say: Callable[[str], None]
    skip: bool = False

    def lacking(self, model: models.Registered) -> tuple[Problem, ...]:
        """What stands in its way."""
        return () if self.skip else passed.lacking(model.label, model.tags, self.before, self.spec.environment)

    def _knows(self, model: models.Registered) -> bool:
        """Whether it is recorded that it passed, with its data and the settings of now."""
        return not passed.lacks(model.tags, self.spec)

    def evidence(
        self, model: models.Registered, audit: AuditEntry, tested: SmokeTestResult, canary: Sequence[Measurement]
    ) -> dict[str, str]:
        """That it passed, now, as a tag of its version."""
        found = EnvironmentPass(
            self.workspace.now(),
            audit.by,
            audit.why,
            model.tags.get(DATA_TAG, ""),
            fingerprint(self.spec.settings),
            tested.mean_rouge_l,
            len({one.step for one in canary}),
            audit.approved,
            skipped=self._skipped(model),
        )
        return {passed.tag(self.spec.environment): found.to_tag()}

    def late(self, model: models.Registered, audit: AuditEntry, test: Callable[[], SmokeTestResult]) -> dict[str, str]:
        """The same of one that was live before this run, where nothing says it; empty where there is nothing to say.

        Traffic has moved by now, so a failed test is only told.
        """
        if self._knows(model):
            return {}
        try:
            return self.evidence(model, audit, test(), ())
        except MlopsError as error:
            self.say(f"{self.spec.environment}: {model.label} is not recorded as passed: {error}")
            return {}

    def record(self, model: models.Registered, tags: Mapping[str, str], *, written: bool) -> models.Registered:
        """The model with the evidence, which is written on its version where it is not yet.

        Where only a registry has the model, nothing is written.
        """
        workspace, spec = self.workspace, self.spec
        if tags and not written:
            with as_allowed(spec, self.say, "the evidence on the model's version"):
                if spec.registry is None or models.find(workspace, model.name, model.version):
                    models.set_tags(workspace, model.name, model.version, tags)
        return replace(model, tags={**model.tags, **tags})

    def every(self, model: models.Registered) -> Mapping[str, EnvironmentPass]:
        """The environments that it passed, oldest first."""
        return passed.every(model.tags)

    def _skipped(self, model: models.Registered) -> str:
        names = (one.environment for one in self.before if passed.lacks(model.tags, one))
        return ",".join(names) if self.skip else ""


def known(workspace: Workspace, spec: RolloutSpec, model: models.Registered) -> models.Registered:
    """A model of a registry with what its version in the workspace says of environments, which is newer."""
    found = models.find(workspace, model.name, model.version) if spec.registry else None
    if found is None:
        return model
    own = {key: value for key, value in found.tags.items() if key.startswith(DECISIONS)}
    return replace(model, tags={**model.tags, **own})
