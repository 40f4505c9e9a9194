"""Commands that follow one another on a machine: what cannot change any more is read by the first of them alone."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import aliases, jobs, models, run_tree
from mlops.azure.step_cache import OF, StepCache
from mlops.azure.workspace import Workspace
from mlops.flow.evaluation import evidence
from mlops.flow.registry import register
from tests.contract.test_our_evaluation import NEW, World, made_world

RUN, MARK = "learnt", "d4" * 6  # of these tests alone: others may share the emulator
JOB = f"ft-{MARK}-1"


@pytest.fixture(scope="module")
def world(emulator_address: Address, sdk_imported: None, tmp_path_factory: pytest.TempPathFactory) -> World:
    return made_world(tmp_path_factory.mktemp("kept"), "owner-of-kept-reads", {RUN: (MARK, 12, 5e-4, NEW)})


class Machine:
    """One process after another with the same folder, and what each asked."""

    def __init__(self, world: World, address: Address, cache: Path, step_cache: StepCache | None = None) -> None:
        self._world, self._cache, self._log = world, cache, Path(address.folder) / "requests.log"
        self._step_cache = step_cache

    def asked(self, do: Callable[[World], Any]) -> tuple[Any, list[str]]:
        before = self._log.stat().st_size
        old = self._world.workspace
        done = do(replace(self._world, workspace=Workspace(old.target, old.credential, self._cache, self._step_cache)))
        with self._log.open("rb") as log:
            log.seek(before)
            return done, [str(one["url"]) for one in map(json.loads, log)]


def log_metric(workspace: Workspace, name: str, value: float) -> None:
    base = run_tree.run_history(workspace).replace("/history/v1.0", "/mlflow/v1.0")
    body = {"run_id": JOB, "key": name, "value": value, "timestamp": int(time.time() * 1000), "step": 99}
    workspace.send("POST", f"{base}/api/2.0/mlflow/runs/log-metric", "log", json=body)


def test_the_gate_reads_metrics_anew_and_register_judges_by_what_it_saw(
    world: World, emulator_address: Address, tmp_path: Path
) -> None:
    machine = Machine(world, emulator_address, tmp_path / "cache")
    machine.asked(lambda one: one.evaluate(RUN))
    log_metric(world.workspace, "late", 3.5)
    gated, asked = machine.asked(lambda one: one.gate(RUN))
    found = gated.result.evidence
    assert found.metrics["late"] == 3.5
    assert not [one for one in asked if ".blob." in one], "answers are known"
    assert sum("runs:query" in one for one in asked) == 1, "of the run itself: of evaluations the steps are known"
    _, asked = machine.asked(lambda one: one.gate(RUN))
    assert not [one for one in asked if ".blob." in one or "runs:query" in one], "answers and steps are known"
    assert replace(found, answers={}) == replace(world.gate(RUN).result.evidence, answers={})
    assert found.answers == world.gate(RUN).result.evidence.answers

    log_metric(world.workspace, "late", 4.5)

    def registered(one: World) -> register.RegisterResult:
        return register.run(one.context(), job=JOB, card=tmp_path / "card.md", render=str).result

    made, asked = machine.asked(registered)
    assert made.card
    assert made.card.evidence.metrics["late"] == 3.5
    assert not [one for one in asked if "/mlflow/" in one]
    assert len(asked) <= 40, asked


def test_a_listing_of_steps_is_what_their_own_listings_say(world: World) -> None:
    old = world.workspace

    def seen(ended: bool) -> list[list[str]]:
        fresh = Workspace(old.target, old.credential)
        if ended:
            jobs.find(fresh, JOB)
        runs = [JOB, *run_tree.below(fresh, JOB)]
        return [[str(child["runId"]) for child in run_tree.children(fresh, run)] for run in runs]

    assert seen(ended=True) == seen(ended=False)
    assert len(seen(ended=True)) > 5


def test_that_nobody_is_champion_takes_three_kinds_of_evidence_and_all_looks_where_a_version_is_there(
    world: World, emulator_address: Address, tmp_path: Path
) -> None:
    machine = Machine(world, emulator_address, tmp_path / "cache")

    def look(model: str) -> tuple[Any, list[str]]:
        place = replace(world.context().champion_place("production"), model=model, endpoint=f"{model}-production")
        return machine.asked(lambda one: evidence.champion(one.workspace, place))

    nobody, asked = look("nobody-at-all")
    assert nobody is None
    assert [one.rpartition("mlw-emulator/")[2] for one in asked] == [
        "onlineEndpoints/nobody-at-all-production",
        "models/nobody-at-all",
        "models/nobody-at-all/versions",
    ]
    models.register(
        world.workspace, "somebody", "1", f"azureml://jobs/{JOB}/outputs/{jobs.OUTPUT}", description="", tags={}
    )
    nobody, asked = look("somebody")
    assert nobody is None
    assert sum(one.endswith("/onlineEndpoints") for one in asked) == 1
    assert sum(one.endswith("/somebody-production") for one in asked) == 2
    aliases.promoted(world.workspace, "somebody", "1", "production")
    process.control(emulator_address, "POST", "/faults", {"rule": "models.get_container somebody: 404 once"})
    try:
        champion, _ = look("somebody")
    finally:
        process.control(emulator_address, "DELETE", "/faults")
    assert champion
    assert champion.model == "somebody:1", "one answer that it is gone is not believed where a version is listed"


def test_the_steps_of_a_workflow_job_ask_for_what_stays_once(
    world: World, emulator_address: Address, tmp_path: Path
) -> None:
    """Twice the same with empty memories: of one job, and of a job with another name."""
    limit = {"metric": "train_loss", "max": 1000.0}
    said: list[str] = []
    job = dict.fromkeys(OF, "of this test")

    def machine(number: int, **other: str) -> Machine:
        steps = StepCache(tmp_path / "facts", {**job, **other}, said.append)
        return Machine(world, emulator_address, tmp_path / f"cache {number}", steps)

    def evaluate(one: World) -> Any:
        return one.evaluate(RUN, rule=limit)

    def lasting(asked: list[str]) -> list[str]:
        names = ("mlw-emulator", "/discovery", "/datastores", "/rundata")
        return [name for name in names if any(one.endswith(name) for one in asked)]

    first, asked = machine(1).asked(evaluate)
    assert first.failure is None
    assert "mlw-emulator" in lasting(asked)
    again, asked = machine(2).asked(evaluate)
    assert (again.result, lasting(asked), said) == (first.result, [], [])
    other, asked = machine(3, GITHUB_JOB="another").asked(evaluate)
    assert (other.result, "mlw-emulator" in lasting(asked)) == (first.result, True)
    assert said, "the reason is told"


@pytest.mark.parametrize(("seen", "reads"), [(3.0, 0), (5000.0, 1)], ids=["within the limit", "beyond it"])
def test_metrics_that_watch_saw_save_a_read_unless_they_would_refuse(
    world: World, emulator_address: Address, tmp_path: Path, seen: float, reads: int
) -> None:
    steps = StepCache(tmp_path / "facts", dict.fromkeys(OF, "of this test"), print)
    machine = Machine(world, emulator_address, tmp_path / "cache", steps)
    machine.asked(lambda one: jobs.hand_on_metrics(one.workspace, JOB, {"train_loss": seen}))
    rule = {"metric": "train_loss", "max": 1000.0}
    done, asked = machine.asked(lambda one: one.evaluate(RUN, rule=rule))
    assert done.failure is None
    assert done.result.skipped is None, "what it really measured is within the limit"
    log = [json.loads(line) for line in (Path(emulator_address.folder) / "requests.log").read_text().splitlines()]
    made = [one for one in log[-len(asked) :] if f"run_id={JOB}" in str(one.get("query", ""))]
    assert len(made) == reads
