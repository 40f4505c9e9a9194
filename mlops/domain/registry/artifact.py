"""Whether a model folder is what it says: an MLflow model, fine-tuned from the base model that the run claims.

It must not read files. Source of the metadata: azureml-acft-common-components, utils/mlflow_utils.py.
"""

from typing import Any

import yaml

from mlops import yamls
from mlops.errors import Problem

FILE = "MLmodel"


def check(text: str | None, base_id: str, where: str) -> tuple[list[Problem], list[str]]:
    """Problems and notes of an MLmodel file; `text` None: there is none.

    `base_id` is the asset id of the claimed base model, empty when the run claims none. What the metadata does not say
    is a note, because not every converter writes all of it; what it says otherwise is a problem.
    """
    if text is None:
        return [Problem(f"the output of the run has no {FILE}", where, why="so it is no MLflow model")], []
    try:
        document = yamls.read(text)
    except yaml.YAMLError as error:
        return [Problem(f"{FILE} is not readable", where, why=" ".join(str(error).split()))], []
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict) or not document["flavors"]:
        return [Problem(f"{FILE} names no flavor", where, why="so nothing could load the model")], []
    metadata = document.get("metadata")
    return _provenance(metadata if isinstance(metadata, dict) else {}, base_id, where)


def _provenance(metadata: dict[str, Any], base_id: str, where: str) -> tuple[list[Problem], list[str]]:
    problems: list[Problem] = []
    notes: list[str] = []
    if str(metadata.get("is_finetuned_model", "")).lower() == "false":
        problems.append(Problem(f"{FILE} says that the model is not fine-tuned", where))
    if not base_id:
        return problems, [*notes, "the run does not say which base model it started from"]
    stated = str(metadata.get("base_model_asset_id") or "")
    name = str(metadata.get("base_model_name") or "")
    if stated and stated.lower() != base_id.lower():
        problems.append(_other(stated, base_id, where))
    elif not stated and name and name.lower() != _name(base_id).lower():
        problems.append(_other(name, base_id, where))
    elif not stated and not name:
        notes.append(f"{FILE} does not say which base model it was fine-tuned from")
    return problems, notes


def _other(stated: str, claimed: str, where: str) -> Problem:
    what = f"{FILE} says that it was fine-tuned from {stated}"
    fix = "look at the inputs of the run; a model is registered only as what it is"
    return Problem(what, where, why=f"the run claims {claimed}", fix=fix)


def _name(asset_id: str) -> str:
    """The name in `azureml://registries/R/models/NAME/versions/V`."""
    parts = asset_id.rstrip("/").split("/")
    return parts[-3] if len(parts) >= 3 and parts[-2] == "versions" else parts[-1]
