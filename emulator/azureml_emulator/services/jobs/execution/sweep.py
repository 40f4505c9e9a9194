"""Sweeps: trials of a command, one after the other, and the best of them by the metric that each logged.

It must not know HTTP. A trial is a run and a job of its own, `{sweep}_0` and so on. Early termination has no effect: a
policy saves time and does not change which trials there are. Source: the sweep job schema, and the properties of the
run that samples read (`best_child_run_id`, `score`).
"""

import itertools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azureml_emulator.core import arm
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import command, command_outputs, outputs, process_run, search_space
from azureml_emulator.services.jobs.execution.command import Command, Folders
from azureml_emulator.services.jobs.execution.failure import JobCanceled, JobFailed
from azureml_emulator.services.jobs.execution.job import check_not_canceled, root_of
from azureml_emulator.services.jobs.job_resource import Job
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus

LOG = "azureml-logs/hyperdrive.txt"
TRIALS = "trials"  # the kind under which trials are kept as jobs: they are not listed with them
UNSTATED_TRIALS = 20
_REFERENCE = "${{search_space."


@dataclass(frozen=True)
class Sweep:
    """What is tried: in which space, how often, and what is the best."""

    space: search_space.Space
    algorithm: str
    seed: int
    most: int
    metric: str
    maximize: bool


@dataclass(frozen=True)
class Trial:
    """One that ended well."""

    run: Resource
    score: float
    places: dict[str, str]


async def run_job(emulator: Emulator, job: Resource, work: Path) -> None:
    """A job of type Sweep. Raises JobFailed and JobCanceled."""
    check_not_canceled(emulator, job)
    asked = Job.read(job)
    with emulator.transaction():
        root = runs.change(emulator, root_of(emulator, job), status=RunStatus.RUNNING)
    text = str(asked.trial.get("command") or "").replace(_REFERENCE, "${{inputs.")
    stated = {"inputs": asked.inputs, "outputs": asked.outputs, "limits": {"timeout": asked.limits.get("trialTimeout")}}

    def wanted(values: Mapping[str, Any]) -> Command:
        drawn = {name: {"value": value} for name, value in values.items()}
        inputs = {**stated["inputs"], **drawn}
        return command.of_job({**asked.trial, **stated, "command": text, "inputs": inputs})

    best = await _search(emulator, root, _read(asked.stated), wanted, work)
    check_not_canceled(emulator, job)
    with emulator.transaction():
        same = {name: {"value": f"${{{{parent.outputs.{name}}}}}"} for name in best.places}
        outputs.bind(emulator, job, {"outputs": same}, best.places)


async def run_step(
    emulator: Emulator, step: Resource, stated: Json, spec: Json, inputs: Mapping[str, Json], work: Path
) -> dict[str, str]:
    """A step of a pipeline that is a sweep of a component; gives the places of the best trial's outputs."""

    def wanted(values: Mapping[str, Any]) -> Command:
        return command.of_component(spec, stated, {**inputs, **{name: {"value": v} for name, v in values.items()}})

    return (await _search(emulator, step, _read(stated), wanted, work)).places


async def _search(
    emulator: Emulator, root: Resource, sweep: Sweep, wanted: Callable[[Mapping[str, Any]], Command], work: Path
) -> Trial:
    """All trials; the best is told in the sweep's properties. Raises JobFailed where there is none."""
    with emulator.transaction():
        goal = "maximize" if sweep.maximize else "minimize"
        config = json.dumps({"name": sweep.metric, "goal": goal})
        runs.merge(emulator, root, "properties", {"primary_metric_config": config, "runTemplate": "HyperDrive"})
    good: list[Trial] = []
    drawn = itertools.islice(search_space.trials(sweep.space, sweep.algorithm, sweep.seed), sweep.most)
    for number, values in enumerate(drawn):
        if runs.is_ending(emulator, root):
            raise JobCanceled
        tried = await _try(emulator, root, sweep, number, values, wanted(values), work / str(number))
        good += [tried] if tried else []
    if not good:
        raise JobFailed("UserError", f"No trial logged the primary metric {sweep.metric}; see the trials' logs.")
    best = max(good, key=lambda trial: trial.score if sweep.maximize else -trial.score)
    told = {"best_child_run_id": best.run.name, "score": best.score, "best_metric_status": "Succeeded"}
    with emulator.transaction():
        runs.merge(emulator, root, "properties", told)
        _say(emulator, root, f"The best trial is {best.run.name} with {sweep.metric} {best.score}.")
    return best


async def _try(
    emulator: Emulator,
    root: Resource,
    sweep: Sweep,
    number: int,
    values: Mapping[str, Any],
    wanted: Command,
    work: Path,
) -> Trial | None:
    """One trial; None where it failed or logged no metric."""
    with emulator.transaction():
        run = _begin(emulator, root, number, values, wanted)
    try:
        await process_run.run(emulator, str(root.body["workspace"]), run, wanted, Folders(work))
    except JobFailed as error:
        with emulator.transaction():
            runs.log(emulator, run, f"{error.message}\n")
            runs.change(emulator, run, status=RunStatus.FAILED)
            _say(emulator, root, f"Trial {run.name} failed: {error.message}")
        return None
    with emulator.transaction():
        places = command_outputs.keep(emulator, run, wanted, Folders(work), {})
        runs.change(emulator, run, status=RunStatus.COMPLETED)
        points = [point["value"] for point in runs.metrics(emulator, run, sweep.metric)]
        scores = [float(value) for value in points if not math.isnan(value)]
        score = (max if sweep.maximize else min)(scores) if scores else None
        _say(emulator, root, f"Trial {run.name} completed: {dict(values)}, {sweep.metric} {score}")
    return Trial(run, score, places) if score is not None else None


def _begin(emulator: Emulator, root: Resource, number: int, values: Mapping[str, Any], wanted: Command) -> Resource:
    """The run of a trial, and its job, which a client can read by the same name."""
    name, workspace = f"{root.name}_{number}", str(root.body["workspace"])
    run = runs.create(
        emulator, workspace, name, experiment=str(root.body["experiment"]), kind="azureml.scriptrun", parent=root,
        display_name=name, tags={"hyperparameters": json.dumps(dict(values))}, compute=root.body.get("compute"),
    )  # fmt: skip
    properties = {
        "jobType": "Command",
        "command": wanted.text,
        "codeId": wanted.code,
        "environmentId": wanted.environment,
        "experimentName": root.body["experiment"],
        "parameters": dict(values),
        "parentJobName": root.name,
        "inputs": {},
        "outputs": {},
        "services": {},
    }
    body = {"properties": properties, "systemData": arm.system_data(emulator.clock)}
    emulator.store.put(f"{workspace}/jobs/{name}", body, parent=run.id, kind=TRIALS, name=name)
    return runs.change(emulator, run, status=RunStatus.RUNNING)


def _say(emulator: Emulator, root: Resource, text: str) -> None:
    runs.log(emulator, root, f"[{emulator.clock.stamp()}] {text}\n", LOG)


def _read(stated: Json) -> Sweep:
    """A sweep as a job or a step states it. Raises JobFailed."""
    algorithm = stated.get("samplingAlgorithm") or stated.get("sampling_algorithm") or "random"
    details: Json = algorithm if isinstance(algorithm, dict) else {"type": algorithm}
    objective, limits = stated.get("objective") or {}, stated.get("limits") or {}
    return Sweep(
        space=search_space.read(stated.get("searchSpace") or stated.get("search_space") or {}),
        algorithm=str(details.get("samplingAlgorithmType") or details.get("type") or "random").lower(),
        seed=int(details.get("seed") or 0),
        most=int(limits.get("maxTotalTrials") or limits.get("max_total_trials") or UNSTATED_TRIALS),
        metric=str(objective.get("primaryMetric") or objective.get("primary_metric") or ""),
        maximize=str(objective.get("goal") or "").lower() == "maximize",
    )
