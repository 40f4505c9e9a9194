"""Held-out questions for an endpoint, and one of them asked."""

from dataclasses import dataclass

from mlops.azure import data, sharing
from mlops.azure.models import Registered
from mlops.azure.workspace import Workspace
from mlops.domain.promote.chat_protocol import question
from mlops.domain.tags import DATA_TAG
from mlops.errors import BadInput, Problem


@dataclass(frozen=True)
class HeldOut:
    """A conversation up to a user's last turn, and the true answer that followed."""

    messages: list[dict[str, str]]
    ground_truth: str


def held_out(workspace: Workspace, model: Registered, count: int, registry: str | None) -> list[HeldOut]:
    """Questions from the test file of the data that a model was made from. Raises BadInput when it has too few."""
    from mlops.domain.dataset import sample

    label = model.tags.get(DATA_TAG, "")
    asset, _, data_version = label.partition(":")
    if not data_version:
        raise BadInput(
            Problem(
                f"{model.label} does not say which data it was made from",
                "the workspace",
                fix="promote a model that `mlops register` made",
            )
        )
    if registry:
        content = sharing.read_test_data(workspace, registry, asset, data_version)
    else:
        content = data.read(workspace, asset, "test", data_version)
    found = [HeldOut(*question(row["messages"])) for row in sample(content, count)]
    if len(found) < count:
        raise BadInput(
            Problem(
                f"the test file of {label} has {len(found)} conversations, {count} are needed",
                "the workspace",
                fix="raise data.dataset.percent or data.curated_test_share",
                key="data",
            )
        )
    return found
