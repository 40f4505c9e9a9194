"""What the service was recorded to answer azure-ai-ml, call by call: emulator/tests/recorded_facts.

`make parity` writes the page of the shares, `emulator/docs/recorded-parity.md`, to which this test holds the emulator.
"""

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.pytest_plugin import AzureMl
from emulator_support import recorded_place
from emulator_support.clients import Call
from emulator_support.recorded_facts import Fact, differences, replayed

Row = tuple[str, Fact, list[str]]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "recorded-parity.md"
KNOWN = {  # part of a difference -> why the emulator differs
    "properties.properties.AzureAsyncOperationUri": "of batch endpoints in 2022 only",
    "componentSpec.$schema": "the schema that was written in by itself in 2022 only",
    **dict.fromkeys(
        ("properties.provisioningWarnings", "has kind (text)", "has properties.enableDataIsolation"),
        "said in that version since the middle of 2023",
    ),
    **dict.fromkeys(
        ("azureOpenAI", "azureCognitiveSearch", "azureAIContentSafety", "endpointResources"),
        "of a workspace at the end of 2023 only",
    ),
    **dict.fromkeys(
        ("enableServiceSideCMKEncryption", "systemDatastoresAuthMode", "allowRoleAssignmentOnRG"),
        "said in that version since 2024",
    ),
    **dict.fromkeys(
        ("ProcessInfoFile", "ProcessStatusFile", "_aml_system_ComputeTargetStatus"), "the recorded job stood in a queue"
    ),
    "has properties.useWorkspaceManagedIdentity": "said in that version since 2024",
    "has properties.componentSpec.version (text)": "of a component without a version since the middle of 2023",
    "enableNodePublicIp": "of one recorded cluster only",
    "enableBatchPrivateLink": "said in that version since the middle of 2023",
    "azureml.labels": "of environments since the end of 2023",
    **dict.fromkeys(
        ("classify_with_llm.model", "summarize_text_content.model"), "which models a step may ask is not emulated"
    ),
    **dict.fromkeys(
        ("networkAcls", "enableNetworkMonitor", "enableFirewallLog", "sasGetterUri"), "of workspaces since 2026"
    ),
    "properties.properties.errors (text)": "the recorded job had failed",
    "azureml.DatasetAccessMode": "of pipelines since 2023",
    "azureml.enforceRerun": "of pipelines since 2023",
}


@pytest.fixture(scope="module")
def rows(api: Call, azure_ml: AzureMl) -> list[Row]:
    """Every recorded call, and how the emulator's answer differs."""
    with recorded_place.as_recorded(api, azure_ml) as names:
        return list(replayed(partial(recorded_place.ask, api), recorded_place.base(names), names))


def reason(difference: str) -> str:
    """Why it differs; empty where nobody knows."""
    return next((why for part, why in KNOWN.items() if part in difference), "")


def page(rows: list[Row]) -> str:
    """The shares, and what differs."""
    right = [one for one in rows if not any(text.startswith("status") for text in one[2])]
    shaped = [one for one in right if one[1].shape]
    same = [one for one in shaped if not one[2]]
    open_ends = [
        f"| {group} | `{fact.call}` | {', '.join(dict.fromkeys(map(reason, found)))} |"
        for group, fact, found in rows
        if found
    ]
    lines = [
        "# The service's own answers, call by call",
        "",
        "Written by `make parity`: calls of azure-ai-ml's tests as the service was recorded to answer them, from 2022",
        "to 2026, with the version of the interface that each asked for (`emulator/tests/recorded_facts`: status, keys",
        "and types, no text of the recordings). *Same shape* is the same set of keys with values of the same types.",
        "",
        f"Of {len(rows)} calls {len(right)} ({share(right, rows)}) have the same class of status. Of {len(shaped)}",
        f"answers whose keys are known {len(same)} ({share(same, shaped)}) have the same shape.",
        "",
        "The emulator was mended against these calls, so this says what is held and not how it does on others: there",
        "the share of shapes is lower, and `mlops emulator verify` tells it for a recording of your own.",
        "",
        "| recorded | call | what differs |",
        "|---|---|---|",
        *open_ends,
    ]
    return "\n".join(lines) + "\n"


def share(part: list[Row], whole: list[Row]) -> str:
    """A part in percent."""
    return f"{100 * len(part) / len(whole):.0f} %"


def test_the_page_of_recorded_answers_says_what_is_so(rows: list[Row]) -> None:
    text = page(rows)
    if os.environ.get("PARITY") == "write":
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "make parity writes it again"


def test_no_recorded_answer_differs_that_nobody_explains(rows: list[Row]) -> None:
    assert not [(group, fact.call, text) for group, fact, found in rows for text in found if not reason(text)]


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (200, {"a": "x", "b": {"c": None}, "d": [1]}, []),
        (404, {}, ["status 404, not 200"]),
        (200, {"a": 1, "b": {"c": None}, "d": [1]}, ["a is number, not text"]),
        (200, {"a": "x", "b": {"e": None}, "d": [1]}, ["lacks b.c (null)", "has b.e (null)"]),
        (200, {"a": "x", "b": {"c": None}, "d": []}, ["lacks d[] (number)"]),
    ],
)
def test_a_difference_from_a_recorded_answer_is_found(status: int, answer: Any, said: list[str]) -> None:
    fact = Fact("GET x", "v", 200, "@two d[number]", names={"two": "a b(c=null)"})
    assert differences(fact, status, answer) == said
