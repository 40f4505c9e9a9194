"""Looks at the repository and the workspace, and gives the facts on which plans are decided.

It must not change anything.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops import history
from mlops.azure import data, jobs, models
from mlops.azure.workspace import Workspace
from mlops.domain.dataset import recipe_digest
from mlops.domain.dataset.rows import NotRead
from mlops.domain.environments.order import PromotionOrder
from mlops.domain.evaluation.scoring import why_not
from mlops.domain.promote import preflight
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.release.plan import Facts
from mlops.domain.serving.pending import pending
from mlops.domain.serving.settings import SettingChange, fingerprint
from mlops.domain.tags import FINGERPRINT_TAG
from mlops.domain.training.run import Attempt, JobState
from mlops.domain.training.spec import TrainingSpec
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.flow.evaluation import evidence, probes
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.project import Project
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.serving import autoscale
from mlops.flow.training import training_spec
from mlops.flow.training.training_spec import ResolvedTraining


def curated_files(project: Project) -> list[tuple[str, bytes]]:
    """Path relative to the repository and content of every curated file, in order."""
    return list(data_files(project).read)


@dataclass(frozen=True)
class DataFiles:
    """Every file of the data folder and of `data.sources`: those that are read, (path, bytes), and the others."""

    read: tuple[tuple[str, bytes], ...]
    not_read: tuple[NotRead, ...]


def data_files(project: Project) -> DataFiles:
    """Nothing is left out in silence but the probes, which are no training data."""
    root, folder = project.root, project.root / project.params.data.curated
    if not folder.is_dir():
        what = f"data.curated names {project.params.data.curated}, which is no folder"
        fix = "make the folder, or name the right one"
        raise BadInput(Problem(what, str(project.params_path), fix=fix, key="data.curated"))
    below = {path.relative_to(root).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    named = {path.relative_to(root).as_posix(): path for path in _named(project) if path.is_file()}
    ignored = history.ignored(folder) if folder.is_dir() else set()
    top, read, not_read = history.top(root).resolve(), [], []
    for name, path in sorted((below | named).items()):
        if project.params.is_probe(name):
            continue
        if path.resolve() in ignored and name not in named:
            not_read.append(NotRead(name, "git ignores it, so no workflow would have it"))
        elif not path.resolve().is_relative_to(top):
            not_read.append(NotRead(name, "a link that leads out of the repository"))
        elif name in named or project.params.is_curated(name):
            read.append((name, path.read_bytes()))
        else:
            not_read.append(NotRead.by_name(name))
    return DataFiles(tuple(read), tuple(not_read))


def _named(project: Project) -> Iterator[Path]:
    """The files that `data.sources` names; a pattern for the id of the dataset names none."""
    for entry in project.params.data.sources:
        try:
            yield from project.root.glob(entry.path)
        except (ValueError, NotImplementedError):
            fix = "name it from the folder of params.yaml, without .. and without a leading /"
            what, key = f"data.sources: {entry.path!r} is no place here", "data.sources"
            raise BadInput(Problem(what, str(project.params_path), fix=fix, key=key)) from None


def recipe(project: Project, curated: list[tuple[str, bytes]]) -> str:
    """The digest of what preparation would start from. Rows that ask what a probe asks are left out of the data."""
    asked = (json.dumps(probe.messages) for probe in probes.every(project))
    return recipe_digest(project.params.data.model_dump(), curated, asked)


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
        outdated=outdated(context.workspace, served, specs),
    )


def _refusal(evaluator: Evaluator, job: str) -> str | None:
    """Why the gate refuses a run by what is known now; None where it passes, or still waits for its evaluation."""
    try:
        asked = evaluator.require(job)
    except (Unfinished, RemoteFailed):
        return None
    verdict = evidence.judge(evaluator.evidence(job, asked), evaluator.spec.gate.rules, evaluator.spec.gate.seed)
    return None if verdict.passed else verdict.summary()
