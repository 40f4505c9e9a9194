"""What is released now, and what the current commit would make otherwise.

It must not decide: the plan is decided by fingerprints, and this says in words what differs between them.
"""

from dataclasses import dataclass
from typing import Any

from mlops import history
from mlops.azure import models, provenance
from mlops.domain.asset_ids import label
from mlops.domain.release.changes import ABSENT, parameters
from mlops.domain.release.comparison import Difference, Ingredients, differences
from mlops.domain.tags import BASE_MODEL_TAG, COMMIT_TAG, COMPONENT_TAG, DATA_TAG, JOB_TAG
from mlops.flow import observe
from mlops.flow.context import Context
from mlops.flow.evaluation.evaluation_spec import last_environment
from mlops.flow.release import pull_request_diff
from mlops.flow.training.training_spec import Training
from mlops.render import Section, Table, table


@dataclass(frozen=True)
class Released:
    """A model version, where it serves (empty: nowhere), and what its run was made of."""

    model: str
    environment: str
    job: str
    commit: str
    ingredients: Ingredients


@dataclass(frozen=True)
class Comparison:
    """What differs, and conversations added and removed (None: the clone does not have the released commit)."""

    released: Released | None
    differences: tuple[Difference, ...] = ()
    conversations: tuple[tuple[str, int | None, int | None], ...] | None = None

    @property
    def added(self) -> int | None:
        """Curated conversations that are new."""
        return None if self.conversations is None else sum(row[1] or 0 for row in self.conversations)

    @property
    def removed(self) -> int | None:
        """Curated conversations that are gone."""
        return None if self.conversations is None else sum(row[2] or 0 for row in self.conversations)

    def section(self) -> Section:
        """For people."""
        if self.released is None:
            return Section("Against what is released", ("nothing is released yet",))
        where = f"all traffic in {self.released.environment}" if self.released.environment else "no traffic"
        lines = [f"{self.released.model} ({where}), made by {self.released.job or 'an unknown run'}"]
        lines += ["nothing differs"] if not self.differences and not self.conversations else []
        if self.conversations is None:
            lines.append(f"conversations are not counted: {self._unknown_commit()}")
        elif self.conversations:
            lines.append(f"conversations: +{self.added} -{self.removed}")
        tables: list[Table] = []
        if self.differences:
            rows = [(f"{item.kind} {item.name}".rstrip(), item.before, item.after) for item in self.differences]
            tables.append(table("Changed", ("what", "released", "now"), rows))
        if self.conversations:
            tables.append(table("Conversations", ("file", "added", "removed"), self.conversations))
        return Section("Against what is released", tuple(lines), tuple(tables))

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        found = self.released
        return {
            "released": found and {"model": found.model, "environment": found.environment, "job": found.job},
            "changed": [
                {"kind": item.kind, "name": item.name, "before": item.before, "after": item.after}
                for item in self.differences
            ],
            "conversations": None if self.conversations is None else {"added": self.added, "removed": self.removed},
        }

    def _unknown_commit(self) -> str:
        commit = self.released.commit if self.released else ""
        return f"this clone does not have {commit}" if commit else "the released run names no commit"


def compare(context: Context, made_of: Training, data_version: str | None) -> Comparison:
    """What differs between the released model's run and one of the current commit."""
    released = find(context)
    if released is None:
        return Comparison(None)
    wanted = Ingredients(
        f"{made_of.base.name}:{made_of.base.version}",
        f"{made_of.component.name}:{made_of.component.version}",
        made_of.resolved.literals(),
        data_version or "",
    )
    if not released.commit or not history.known(context.root, released.commit):
        return Comparison(released, tuple(differences(released.ingredients, wanted)))
    paths = history.changed(history.top(context.root), released.commit)
    return Comparison(
        released,
        (*differences(released.ingredients, wanted), *_recipe(context, released.commit)),
        tuple(pull_request_diff.conversation_rows(context, released.commit, paths)),
    )


def find(context: Context) -> Released | None:
    """The model that serves in the last environment, else the newest registered one."""
    environment = last_environment(context.params)
    live = observe.live_model(context, environment)
    name, _, version = (live or "").partition(":")
    model = models.find(context.workspace, name, version) if version else None
    if model is None:
        environment = ""
        model = next(iter(models.versions(context.workspace, context.params.model.name)), None)
    if model is None:
        return None
    job = model.tags.get(JOB_TAG) or model.job
    return Released(model.label, environment, job, model.tags.get(COMMIT_TAG, ""), _ingredients(context, job, model))


def _ingredients(context: Context, job: str, model: models.Registered) -> Ingredients:
    """From the run's inputs; where the run is gone or of another workspace, from the model's tags."""
    made = provenance.made_of(context.workspace, job) if job else None
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


def _recipe(context: Context, commit: str) -> list[Difference]:
    """What params.yaml says otherwise about the data: the public dataset's share, the split, the seed."""
    before = pull_request_diff.parameters_at(context, commit)
    now = context.params.model_dump(mode="json")["data"]
    stated = before.get("data") if isinstance(before, dict) else None
    if not isinstance(stated, dict):
        return []
    # A key that one of the two leaves to its default is no difference.
    return [
        Difference("data", item.key, item.before, item.after)
        for item in parameters(stated, now)
        if ABSENT not in (item.before, item.after)
    ]
