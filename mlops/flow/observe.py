"""Looks at the repository and the workspace, and gives the facts on which plans are decided.

It must not change anything.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops.azure import data, jobs, models
from mlops.azure.workspace import Workspace
from mlops.domain.environments.order import PromotionOrder
from mlops.domain.evaluation.scoring import why_not
from mlops.domain.promote import preflight
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.registry import passed
from mlops.domain.release.plan import Facts
from mlops.domain.serving.pending import pending
from mlops.domain.serving.settings import SettingChange, fingerprint
from mlops.domain.tags import FINGERPRINT_TAG
from mlops.domain.training.run import Attempt, JobState
from mlops.domain.training.spec import TrainingSpec
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.flow.dataset.files import curated_files
from mlops.flow.dataset.recipe import recipe
from mlops.flow.project import Project
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.serving import autoscale
from mlops.flow.training import training_spec
from mlops.flow.training.training_spec import ResolvedTraining

if TYPE_CHECKING:
    from mlops.flow.evaluation.evaluator import Evaluator


def data_version(workspace: Workspace, project: Project) -> str | None:
    """The version of the data that the current parameters and files make, if it was made."""
    params = project.params
    found = data.find_by_recipe(workspace, params.data.name, recipe(project, curated_files(project)))
    return found[0] if found else None


def required_data_version(workspace: Workspace, project: Project) -> str:
    """The same, or BadInput that says to prepare it first."""
    found = data_version(workspace, project)
    if found is None:
        raise BadInput(Problem("this data was not prepared yet", "the workspace", fix="run `mlops prepare`"))
    return found


def newest_attempt(workspace: Workspace, project: Project, spec: TrainingSpec) -> tuple[str, Attempt | None]:
    """The fingerprint of the current parameters and data, and its newest job."""
    made_of = training_spec.training(workspace, spec)
    mark = made_of.fingerprint(required_data_version(workspace, project))
    return mark, _newest(workspace, mark, spec.owner)


def _newest(workspace: Workspace, mark: str, owner: str) -> Attempt | None:
    found = [one for one in jobs.attempts(workspace, mark, owner) if one.ours]
    return found[-1] if found else None


def job_name(context: Context, given: str | None) -> str:
    """The job that was named, else the newest one for the current parameters and data."""
    if given:
        return given
    mark, attempt = newest_attempt(context.workspace, context.project, training_spec.of(context))
    if attempt is None:
        raise BadInput(Problem(f"fingerprint {mark} has no job yet", "the workspace", fix="run `mlops submit`"))
    return attempt.name


def registered(workspace: Workspace, model: str, mark: str) -> models.Registered | None:
    """The version of a model that was registered for a fingerprint."""
    known = models.versions(workspace, model)
    return next((version for version in known if version.tags.get(FINGERPRINT_TAG) == mark), None)


def blocked(
    served: Mapping[str, EndpointFacts], specs: Mapping[str, RolloutSpec], model: models.Registered
) -> dict[str, str]:
    """The environments to which no run promotes a model by itself, each with the reason."""
    reasons = {
        name: preflight.blocked(one, name, model.label, model.tags, fingerprint(specs[name].settings))
        for name, one in served.items()
    }
    return {name: why for name, why in reasons.items() if why}


def unproven(
    served: Mapping[str, EndpointFacts], specs: Mapping[str, RolloutSpec], model: models.Registered
) -> dict[str, str]:
    """The environments that serve a model whose tags do not say that it passed them, each with the reason."""
    reasons = {
        name: passed.lacks(model.tags, specs[name]) for name, one in served.items() if one.live_model == model.label
    }
    return {name: why for name, why in reasons.items() if why}


def outdated(
    workspace: Workspace, served: Mapping[str, EndpointFacts], specs: Mapping[str, RolloutSpec]
) -> dict[str, tuple[SettingChange, ...]]:
    """The environments whose serving settings are not as params.yaml says, each with what differs."""
    found = {
        name: pending(one, specs[name]) + autoscale.change(workspace, specs[name], one) for name, one in served.items()
    }
    return {name: changes for name, changes in found.items() if changes}


def facts(context: Context, made_of: ResolvedTraining, served: Mapping[str, EndpointFacts]) -> Facts:
    """Everything that the plan is decided on; `served` are the endpoints of the environments."""
    mixture = recipe(context.project, curated_files(context.project))
    none = why_not(enabled=context.params.evaluation.enabled)
    found = data.find_by_recipe(context.workspace, context.params.data.name, mixture)
    if found is None:
        return Facts(mixture, no_evaluation=none)
    mark = made_of.fingerprint(found[0])
    attempt = _newest(context.workspace, mark, context.owner)
    model = registered(context.workspace, context.params.model.name, mark) if attempt else None
    refusal = None
    if attempt and attempt.state is JobState.COMPLETED and model is None:
        from mlops.flow.evaluation.evaluator import Evaluator

        refusal = _refusal(Evaluator.of(context), attempt.name)
    if model is None:
        return Facts(mixture, found[0], mark, attempt, refusal, None, none)
    specs = rollout_specs(context)
    return Facts(
        mixture,
        found[0],
        mark,
        attempt,
        refusal,
        model.label,
        none,
        order=PromotionOrder(context.params.order),
        live={name: one.live_model for name, one in served.items()},
        blocked=blocked(served, specs, model),
        unproven=tuple(unproven(served, specs, model)),
        outdated=outdated(context.workspace, served, specs),
    )


def _refusal(evaluator: "Evaluator", job: str) -> str | None:
    """Why the gate refuses a run by what is known now; None where it passes, or still waits for its evaluation."""
    from mlops.flow.evaluation.verdict import judge

    try:
        asked = evaluator.require(job)
    except (Unfinished, RemoteFailed):
        return None
    verdict = judge(evaluator.evidence(job, asked), evaluator.spec.gate.rules, evaluator.spec.gate.seed)
    return None if verdict.passed else verdict.summary()
