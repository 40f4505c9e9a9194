"""What is released now, and what the current commit would make otherwise.

The plan is decided by fingerprints; this says what differs between them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops import history
from mlops.azure import models, provenance
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import label
from mlops.domain.evaluation.spec import ChampionPlace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.release.changes import ABSENT, parameters
from mlops.domain.release.comparison import IngredientDifference, Ingredients, differences
from mlops.domain.tags import BASE_MODEL_TAG, COMMIT_TAG, COMPONENT_TAG, DATA_TAG, JOB_TAG
from mlops.flow.context import Context
from mlops.flow.evaluation.evaluation_spec import last_environment
from mlops.flow.project import Project
from mlops.flow.release import pull_request_diff
from mlops.flow.release.pull_request_diff import FileChange
from mlops.flow.training.training_spec import ResolvedTraining


@dataclass(frozen=True)
class ReleasedModel:
    """A model version, the environment where it has all the traffic, the run that made it, and that run's commit.

    Null: it serves nowhere; no run or commit is known.
    """

    model: str
    environment: str | None
    job: str | None
    commit: str | None


@dataclass(frozen=True)
class ReleasedDiff:
    """What the current commit would make otherwise than what is released.

    `conversations` is null where the clone does not have the released commit; `released` where there is no model yet.
    """

    released: ReleasedModel | None
    differences: tuple[IngredientDifference, ...] = ()
    conversations: tuple[FileChange, ...] | None = None


def compare(
    context: Context, made_of: ResolvedTraining, data_version: str | None, served: Mapping[str, EndpointFacts]
) -> ReleasedDiff:
    """What differs between the released model's run and one of the current commit. `served`: the endpoints, as seen."""
    last = last_environment(context.params)
    found = _released(context.workspace, context.champion_place(last), served[last].live_model)
    if found is None:
        return ReleasedDiff(None)
    released, ingredients = found
    wanted = Ingredients(
        f"{made_of.base.name}:{made_of.base.version}",
        f"{made_of.component.name}:{made_of.component.version}",
        made_of.resolved.literals(),
        data_version or "",
    )
    different = differences(ingredients, wanted)
    if not released.commit or not history.known(context.root, released.commit):
        return ReleasedDiff(released, tuple(different))
    paths = history.changed(history.top(context.root), released.commit)
    return ReleasedDiff(
        released,
        (*different, *_recipe(context.project, released.commit)),
        tuple(pull_request_diff.conversation_changes(context.project, released.commit, paths)),
    )


def _released(workspace: Workspace, place: ChampionPlace, live: str | None) -> tuple[ReleasedModel, Ingredients] | None:
    """The model that is `live` in the last environment, else the newest registered one, and what its run used."""
    environment = place.environment
    name, _, version = (live or "").partition(":")
    model = models.find(workspace, name, version) if version else None
    if model is None:
        environment = ""
        model = next((one for one in models.seen_versions(workspace, place.model) if not one.archived), None)
    if model is None:
        return None
    job = model.tags.get(JOB_TAG) or model.job
    released = ReleasedModel(model.label, environment or None, job or None, model.tags.get(COMMIT_TAG) or None)
    return released, _ingredients(workspace, job, model)


def _ingredients(workspace: Workspace, job: str, model: models.Registered) -> Ingredients:
    """From the run's inputs; where the run is gone or of another workspace, from the model's tags."""
    made = provenance.made_of(workspace, job) if job else None
    stated = model.tags.get(BASE_MODEL_TAG, ""), model.tags.get(COMPONENT_TAG, "")
    version = model.tags.get(DATA_TAG, "").rpartition(":")[2]
    if made is None:
        return Ingredients(*stated, data_version=version)
    base = made.assets.get("mlflow_model_path", "")
    trained_on = made.assets.get("train_file_path", "")
    return Ingredients(
        label(base) if base else stated[0],
        label(made.component) if made.component else stated[1],
        made.parameters,
        label(trained_on).rpartition(":")[2] if trained_on else version,
    )


def _recipe(project: Project, commit: str) -> list[IngredientDifference]:
    """What params.yaml says otherwise about the data: the public dataset's share, the split, the seed."""
    before = pull_request_diff.parameters_at(project, commit)
    now = project.params.model_dump(mode="json")["data"]
    stated = before.get("data") if isinstance(before, dict) else None
    if not isinstance(stated, dict):
        return []
    # A key that one of the two leaves to its default is no difference.
    return [
        IngredientDifference("data", item.key, item.before, item.after)
        for item in parameters(stated, now)
        if ABSENT not in (item.before, item.after)
    ]
