"""Each operation of the REST specification, as a client generated from it calls and reads it.

`make parity` writes the page that this test holds the emulator to: `emulator/docs/rest-parity.md`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from azureml_emulator import process
from azureml_emulator.pytest_plugin import AzureMl
from emulator_support.rest_shape import differences
from emulator_support.rest_walk import Answer, walk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rest-parity.md"
RECORDED = {  # operation or group -> in what the service's own answers differ from its specification
    "compute": "newer keys, and no systemData",
    "datastores": "secrets are answered by listSecrets alone",
    "registries": "a state",
    "registries.begin_create_or_update": "202",
    "workspaces": "keys of every version at once",
    "workspaces.begin_create_or_update": "201 for a new one",
    "workspace_connections": "location, tags, expiry and metadata, which the specification does not name",
}
KNOWN = {  # operation or group -> why the emulator differs
    "batch_endpoints.list_keys": "a batch endpoint takes tokens of Entra and has no keys",
    "compute.list_keys": "there is no Kubernetes cluster whose keys could be listed",
    "registries.begin_remove_regions": "regions are not emulated one by one",
    "schedules": "a job that is not there yet has neither state nor parameters",
    "workspaces.list_keys": "storage keys alone",
}


def known(operation: str) -> str:
    """Why it differs from the specification; empty where nobody knows."""
    group = operation.partition(".")[0]
    return KNOWN.get(operation) or RECORDED.get(operation) or KNOWN.get(group) or RECORDED.get(group, "")


def is_recorded(operation: str) -> bool:
    """Whether the service differs from its specification there as the emulator does."""
    return bool(known(operation)) and known(operation) in RECORDED.values()


def verdict(one: Answer) -> tuple[str, str]:
    """The status and the shape, in the page's words."""
    if one.status == 501:
        return "not emulated", ""
    if one.failed:
        return f"{one.status}, as recorded" if is_recorded(one.operation) else str(one.status), ""
    if one.shape:
        return "as specified", "as recorded" if is_recorded(one.operation) else "differs"
    return "as specified", "same" if one.has_body else "no body"


def page(answers: Iterable[Answer]) -> str:
    """The table, and its sums."""
    found = list(answers)
    said = {one.operation: verdict(one) for one in found}
    plain = ("same", "no body")
    rows = [
        f"| `{name}` | {status} | {shape} | {'' if shape in plain or status == 'not emulated' else known(name)} |"
        for name, (status, shape) in said.items()
    ]
    right = [name for name, (status, _) in said.items() if status.startswith("as ") or status.endswith("recorded")]
    taken = [shape for status, shape in said.values() if status == "as specified"]
    same = [shape for shape in taken if shape != "differs"]
    recorded = sum(shape == "as recorded" for shape in taken)
    lines = [
        "# The REST specification, operation by operation",
        "",
        "Written by `make parity`: a client generated from the specification of 2023-04-01,",
        "azure-mgmt-machinelearningservices 2.0.0b2, calls every operation that it has. *As specified* is a status",
        "that the specification lists; *same* an answer with every key that the service must give, no key that the",
        "specification does not know, and values of its types; *as recorded* one that differs as the service's own",
        "answers to azure-ai-ml do.",
        "",
        f"Of {len(found)} operations {len(right)} ({share(right, found)}) have the status of the specification or of a",
        f"recording. Of {len(taken)} answers {len(same)} ({share(same, taken)}) have the shape of the one or the",
        f"other, {recorded} of them that of a recording. What is not emulated is answered with 501.",
        "",
        "| operation | status | shape | what differs |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def share(part: Sequence[str], whole: Sequence[object]) -> str:
    """A part in percent."""
    return f"{100 * len(part) / len(whole):.0f} %"


@pytest.fixture(scope="module")
def answers(azure_ml: AzureMl) -> dict[str, Answer]:
    """Of an emulator where endpoints change at once."""
    from azure.identity import DefaultAzureCredential
    from azure.mgmt import machinelearningservices as service

    names = process.workspace()
    for kind in ("onlineEndpoints", "deployments"):
        azure_ml.delay(kind, "at once")
    subscription = names["AZURE_SUBSCRIPTION_ID"]
    client = service.MachineLearningServicesMgmtClient(DefaultAzureCredential(), subscription, polling_interval=0)
    return walk(client, service.models, subscription, names["AZURE_RESOURCE_GROUP"], names["AZURE_ML_WORKSPACE"])


def test_the_page_says_what_is_so(answers: dict[str, Answer]) -> None:
    text = page(answers.values())
    if os.environ.get("PARITY") == "write":
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "make parity writes it again"


def test_nothing_differs_that_nobody_explains(answers: dict[str, Answer]) -> None:
    open_ends = [
        (one.operation, one.status, one.failed, one.shape)
        for one in answers.values()
        if (one.failed or one.shape) and one.status != 501 and not known(one.operation)
    ]
    assert not open_ends
    assert not [one for one in answers.values() if one.failed == "not called"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"extra": 1}, "properties.extra is not in the specification"),
        ({"authMode": 1}, "properties.authMode is a int, not a str"),
        ({"traffic": {"blue": "100"}}, "properties.traffic[] is a str, not a int"),
    ],
)
def test_a_difference_is_found(changed: dict[str, object], said: str) -> None:
    from azure.mgmt.machinelearningservices import models

    properties = {"authMode": "Key", "scoringUri": "", "swaggerUri": "", "provisioningState": "Succeeded"}
    whole = {"id": "", "name": "", "type": "", "location": "", "systemData": {}}
    assert differences(models, "OnlineEndpoint", {**whole, "properties": properties}) == []
    assert differences(models, "OnlineEndpoint", {**whole, "properties": {**properties, **changed}}) == [said]
