"""How many calls a verb makes as a workspace grows: with pages of what others have, never with each of their things.

Counts stand in the emulator's log of requests, so a busy machine changes nothing.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address
from emulator_support.serving import Call, arm
from mlops.params import load
from tests.cli.conftest import Ended
from tests.project import PARAMS_FILE

OWNER = load(PARAMS_FILE).model.name
VERBS = (("cleanup", "--dry-run"), ("status",), ("history",), ("runs",), ("doctor",))
SPARK = {"jobType": "Spark", "codeId": "azureml:c:1", "conf": {}, "entry": {"sparkJobEntryType": "SparkJobPythonEntry", "file": "a.py"}}  # fmt: skip  # noqa: E501


class Counter:
    """Counts the calls of verbs to an emulator."""

    def __init__(self, mlops: Callable[..., Ended], address: Address) -> None:
        self._mlops, self._log = mlops, Path(address.folder) / "requests.log"

    def calls(self, *words: str) -> int:
        before = self._made()
        done = self._mlops("--params", str(PARAMS_FILE), *words)
        assert done.code in (0, 2, 6), done.err
        return self._made() - before

    def _made(self) -> int:
        """All but signing in: how many of its threads do before the first has a token is chance."""
        return sum(b"https://login." not in line for line in self._log.read_bytes().splitlines())

    def every(self) -> dict[str, int]:
        return {words[0]: self.calls(*words) for words in VERBS}


@pytest.fixture(scope="module")
def counter(mlops: Callable[..., Ended], emulator_address: Address) -> Counter:
    return Counter(mlops, emulator_address)


@pytest.fixture
def make(api: Call) -> Iterator[Callable[[str, int, dict[str, Any]], None]]:
    """Puts so many resources of a path with a number in it; they are removed."""
    made: list[str] = []

    def put(path: str, count: int, body: dict[str, Any]) -> None:
        for number in range(1, count + 1):
            made.append(path.format(number))
            answer = api("PUT", arm(made[-1]), body)
            assert answer.status in (200, 201), answer.data
        while path.startswith("jobs/") and '"Failed"' not in api("GET", arm(made[-1])).data.decode():
            time.sleep(0.1)  # the last of them has ended: none that runs is counted

    yield put
    for path in made:
        api("DELETE", arm(path))


def endpoint(tags: dict[str, str]) -> dict[str, Any]:
    return {"location": "eastus", "tags": tags, "properties": {"authMode": "Key"}}


def test_what_others_have_costs_pages_and_what_is_ours_a_call_each(
    counter: Counter, make: Callable[[str, int, dict[str, Any]], None]
) -> None:
    counter.every()  # a first look makes more: who may do what, where the storage is
    empty = counter.every()
    make("onlineEndpoints/others-{}", 32, endpoint({"team": "b"}))
    make("jobs/others-{}", 32, {"properties": {**SPARK, "tags": {}}})
    crowded = counter.every()
    assert all(calls - empty[verb] <= 4 for verb, calls in crowded.items()), (empty, crowded)
    make("onlineEndpoints/ours-{}", 12, endpoint({"mlops-owner": OWNER, "mlops-environment": "dev"}))
    ours = counter.every()
    grown = {verb: calls - crowded[verb] for verb, calls in ours.items()}
    assert grown == {"cleanup": 12, "status": 12, "history": 0, "runs": 0, "doctor": 0}, "its deployments are asked for"


def test_a_long_past_costs_pages(
    counter: Counter, make: Callable[[str, int, dict[str, Any]], None], ml_client: Any, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Model

    (tmp_path / "weights").write_text("1")
    uri = ml_client.models.create_or_update(Model(name="grown", version="1", path=str(tmp_path / "weights"))).path
    before = counter.every()
    model = {"modelType": "custom_model", "modelUri": uri, "tags": {"mlops-owner": OWNER, "mlops-job": "ft-0-1"}}
    make(f"models/{OWNER}/versions/{{}}", 32, {"properties": model})
    run = {**SPARK, "tags": {"mlops-owner": OWNER, "mlops-fingerprint": "0"}}
    make("jobs/ft-{:012x}-1", 32, {"properties": run})
    shown = {limit: counter.calls("runs", "--limit", str(limit)) for limit in (5, 10, 15)}
    assert shown[15] - shown[10] == shown[10] - shown[5] <= 5 * 4, "each run that is shown costs the same"
    after = counter.every() | {"runs": before["runs"]}
    assert all(calls - before[verb] <= 8 for verb, calls in after.items()), (before, after)
