"""Checks and submission through our own code and the real SDK: every refusal, three component versions, both forms."""

import json
import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import jobs, provenance, skus_and_quota, submission
from mlops.azure.workspace import Workspace
from mlops.clouds import PUBLIC
from mlops.domain.training.costs import PastRun
from mlops.domain.training.parameters import Component
from mlops.domain.training.run import JobState
from mlops.domain.training.spec import Tier
from mlops.errors import INTERRUPTED, AzureRefused, BadInput, CapRefused, MlopsError, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.flow.dataset import prepare
from mlops.flow.poll import Pauses
from mlops.flow.release import plan
from mlops.flow.training import compute, estimates, submit, watch
from mlops.params import Params, load
from mlops.params.prices import CostBudget
from mlops.views import compute as compute_view
from mlops.views import watch as watch_view
from tests.contract.own_workspace import connected_workspace
from tests.contract.sdk_check import sdk_check
from tests.project import PARAMS_FILE
from tests.workflows import runner

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ROOT = Path(__file__).resolve().parents[2]
FAMILY = "standardNCADSA100v4Family"
Make = Callable[..., Context]


@pytest.fixture(scope="module")
def connected(emulator_address: Address, sdk_imported: None) -> Workspace:
    return connected_workspace()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with curated conversations alone."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "data").mkdir()
    rows = [
        {"messages": [{"role": "user", "content": f"What is {n}?"}, {"role": "assistant", "content": f"It is {n}."}]}
        for n in range(40)
    ]
    (folder / "data" / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def make(connected: Workspace, root: Path) -> Make:
    """A context with other parameters: `make(model={...}, training={...})`; each with a name of its own."""

    def context(**blocks: dict[str, Any]) -> Context:
        stated = load(PARAMS_FILE).model_dump()
        own = uuid.uuid4().hex[:8]
        stated["model"]["name"], stated["data"]["name"], stated["data"]["dataset"] = f"m-{own}", "rows", None
        stated["training"]["compute"] = f"c-{own}"
        stated["training"]["parameters"]["seed"] = int(own, 16) % 1_000_000  # a fingerprint of its own
        for name, values in blocks.items():
            stated[name] |= values
        path = root / "params.yaml"
        return Context(Params.model_validate(stated), path, lambda: connected, lambda _: None)

    return context


@pytest.fixture
def quota(emulator_address: Address) -> Iterator[Callable[[str, int], None]]:
    def limit(family: str, vcpus: int) -> None:
        process.control(emulator_address, "PUT", f"/quota/{family}", {"limit": vcpus})

    yield limit
    limit(FAMILY, 480)
    limit("totalLowPriorityCores", 1000)


def canceled(workspace: Workspace, name: str) -> None:
    """Cancel a job, and look until it is; the SDK's own poller looks every 30 seconds."""
    jobs.cancel(workspace, name)
    while not (found := jobs.find(workspace, name)) or not found.state.ended:
        assert found, f"{name} is lost"
        time.sleep(0.05)


def problems(context: Context) -> tuple[type[MlopsError], list[str]]:
    """How `mlops compute` refuses."""
    found = compute.run(context)
    assert found.failure
    assert not found.result.ready
    assert compute_view.report(found.result).title == "Compute is not ready"
    assert compute_view.outputs(found.result) == {}
    return type(found.failure), [str(problem) for problem in found.failure.problems]


def test_a_cluster_is_made_once_and_found_again_and_the_facts_are_typed(make: Make, ml_client: "MLClient") -> None:
    context = make(training={"max_nodes": 2, "idle_seconds_before_scale_down": 300, "tier": "low_priority"})
    name = context.params.training.compute
    looked = compute.run(context, make=False)
    assert looked.result.state is compute.ComputeState.MISSING
    assert compute_view.report(looked.result).next_step == "mlops compute"
    assert name not in [one.name for one in ml_client.compute.list()]
    first, again = compute.run(context), compute.run(context)
    made = ml_client.compute.get(name)
    assert (made.min_instances, made.max_instances, made.tier) == (0, 2, "low_priority")
    assert made.idle_time_before_scale_down == 300
    assert compute_view.outputs(first.result) == {
        "compute": name,
        "created": "true",
        "instance-type": "Standard_NC24ads_A100_v4",
        "gpus-per-node": "1",
        "nodes": "1",
        "tier": "low_priority",
        "base-model": "Phi-3-mini-4k-instruct:15",
        "component": "chat_completion_pipeline:0.0.74",
        "warnings": "3",
    }
    assert first.result.machine
    assert (first.result.machine.gpus, first.result.nodes, first.result.tier) == (1, 1, Tier.LOW_PRIORITY)
    assert compute_view.compute(first.result).endswith(
        "0 to 2 x Standard_NC24ads_A100_v4, low_priority, released after 300 idle seconds"
    )
    assert again.result.state is compute.ComputeState.EXISTS
    assert again.result.cluster
    assert (again.result.cluster.max_nodes, again.result.cluster.tier) == (2, Tier.LOW_PRIORITY)
    said = "\n".join(str(warning) for warning in first.result.warnings)
    assert "15 is archived" in said
    assert "was retired from fine-tuning on 2025-08-30" in said
    assert "move to its successor, Phi-4" in said


def test_a_cluster_that_somebody_else_makes_just_now_is_waited_for(
    make: Make, ml_client: "MLClient", emulator_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.ai.ml.entities import AmlCompute

    monkeypatch.setattr(compute, "PAUSES", Pauses(0.2))
    context = make()
    process.control(emulator_address, "PUT", "/delay/computes", {"delay": "4 reads"})
    try:
        wanted = AmlCompute(name=context.params.training.compute, size="Standard_NC24ads_A100_v4", max_instances=1)
        ml_client.compute.begin_create_or_update(wanted)
        said: list[str] = []
        context.say = said.append
        found = compute.run(context)
    finally:
        process.control(emulator_address, "PUT", "/delay/computes", {"delay": "at once"})
    assert found.failure is None
    assert found.result.state is compute.ComputeState.EXISTS
    assert "is Creating" in said[0]


@pytest.mark.parametrize(
    ("version", "source"),
    [("8", "system_metadata.supportedComputes.finetuneComputes"), ("latest", "system_metadata.supportedComputes")],
)
def test_the_newer_form_of_metadata(make: Make, version: str, source: str) -> None:
    found = compute.run(make(model={"base": "Phi-4", "version": version}, training={"compute": "serverless"}))
    rows = {str(row[0]): row[1] for row in compute_view.report(found.result).tables[0].rows}
    assert found.result.allowed
    assert found.result.allowed.source.startswith(source)
    assert rows["base model"] == ("Phi-4 8" if version == "8" else "Phi-4 8 (latest)")
    assert (found.result.base_model, found.result.base_model_version) == ("Phi-4", "8")
    assert found.result.state is compute.ComputeState.SERVERLESS


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ({"training": {"retired_base_model": "refuse"}}, ("is archived", "retired from fine-tuning", "from serving")),
        ({"model": {"base": "mistralai-Mistral-7B-Instruct-v01", "version": "13"}}, ("does not support fine-tuning",)),
        ({"model": {"version": "99"}}, ("there is no Phi-3-mini-4k-instruct, version 99",)),
        ({"model": {"version": "latest"}}, ("archived versions do not count as latest",)),
        ({"training": {"component_version": "9.9.9"}}, ("there is no chat_completion_pipeline, version 9.9.9",)),
        ({"training": {"instance_type": "Standard_NC6s_v3"}}, ("not on the base model's list", "too small")),
        ({"training": {"instance_type": "Standard_Nope"}}, ("not on the base model's list", "no VM size of eastus")),
        (
            {"training": {"compute": "serverless", "instance_type_preprocess": "Standard_Nope"}},
            ("training.instance_type_preprocess Standard_Nope is no VM size of eastus",),
        ),
        (
            {"training": {"parameters": {"precision": 8}, "instance_type": "Standard_F4s_v2"}},
            ("precision: 8 is not allowed", "not on the base model's list", "has no GPU"),
        ),
    ],
)
def test_wrong_input_is_refused_with_all_findings(make: Make, blocks: dict[str, Any], said: tuple[str, ...]) -> None:
    kind, told = problems(make(**blocks))
    assert kind is BadInput
    assert len(told) == len(said), told
    assert all(part in text for part, text in zip(said, told, strict=True)), told


def test_quota_that_is_missing_is_counted_before_anything_is_made(
    make: Make, connected: Workspace, quota: Callable[[str, int], None], ml_client: "MLClient"
) -> None:
    before = skus_and_quota.quota(connected, FAMILY)
    assert before is not None
    quota(FAMILY, before.used + 30)  # what tests before left serving is in use
    context = make(training={"nodes": 2, "max_nodes": 2})
    kind, told = problems(context)
    assert kind is AzureRefused
    assert f"2 x Standard_NC24ads_A100_v4 need 48 vCPUs of {FAMILY}; 30 are free, 18 are missing" in told[0]
    assert "portal" in told[0]
    assert context.params.training.compute not in [one.name for one in ml_client.compute.list()]
    quota("totalLowPriorityCores", 0)
    _, told = problems(make(training={"tier": "low_priority"}))
    assert "24 vCPUs of Total Cluster LowPriority Regional vCPUs; 0 are free, 24 are missing" in told[0]


def test_a_cluster_that_failed_or_does_not_fit_is_refused(
    make: Make, ml_client: "MLClient", emulator_address: Address
) -> None:
    from azure.ai.ml.entities import AmlCompute

    context = make(training={"nodes": 2, "max_nodes": 2})
    name = context.params.training.compute
    small = AmlCompute(name=name, size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ml_client.compute.begin_create_or_update(small).result()
    kind, told = problems(context)
    assert kind is BadInput
    assert [part in text for part, text in zip(("STANDARD_DS3_V2", "grows to 1"), told, strict=True)] == [True, True]
    broken = make()
    process.control(emulator_address, "POST", "/faults", {"rule": "compute.put: operation fails AllocationFailed once"})
    with pytest.raises(RemoteFailed, match="AllocationFailed"):
        compute.run(broken)
    process.control(emulator_address, "DELETE", "/faults")
    kind, told = problems(broken)
    assert kind is AzureRefused
    assert "failed to be made or changed" in told[0]
    assert "az ml compute delete" in told[0]


@pytest.mark.parametrize(
    ("version", "parameters", "said"),
    [
        (
            "0.0.78",
            {"trust_remote_code": "false"},
            "take it: 0.0.82; from 0.0.78 to 0.0.82: + trust_remote",
        ),
        ("0.0.75", {"evaluation_strategy": "disable"}, "component that take it: 0.0.82, 0.0.81, 0.0.78"),
        ("0.0.82", {"rank": 8}, "nor of 0.0.81, 0.0.78, 0.0.75, 0.0.74"),
    ],
)
def test_a_parameter_that_this_version_lacks_is_explained(
    make: Make, version: str, parameters: dict[str, Any], said: str
) -> None:
    kind, told = problems(make(training={"component_version": version, "parameters": parameters}))
    assert kind is BadInput
    assert len(told) == 1
    assert said in told[0]


@pytest.fixture
def held(emulator_address: Address) -> Iterator[None]:
    """Jobs that do not begin, so that none costs anything."""
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "100000 reads"})
    yield
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "at once"})


@pytest.mark.parametrize("version", ["0.0.75", "0.0.78", "0.0.82"])  # 0.0.74 in the tests below
def test_a_run_is_submitted_with_each_version_of_the_component(
    make: Make, version: str, held: None, ml_client: "MLClient", tmp_path: Path, connected: Workspace
) -> None:
    placed = {"compute": "serverless", "instance_type_preprocess": "Standard_DS3_v2"}
    context = make(training={"component_version": version, "nodes": 2, **placed})
    prepare.run(context, out=tmp_path, upload=True)
    with sdk_check() as said:
        name = submit.run(context, force=False).result.job
    assert said == {name: {}}
    made = provenance.made_of(connected, name)
    assert made
    evaluated = "compute_model_evaluation" in made.literals
    assert evaluated == (version != "0.0.75")
    assert made.literals["instance_type_finetune"] == "Standard_NC24ads_A100_v4"
    assert "instance_type_model_import" not in made.literals, "the component's own default has no GPU"
    assert made.literals["instance_type_preprocess"] == "Standard_DS3_v2"
    assert made.literals["number_of_gpu_to_use_finetuning"] == "1"
    assert made.assets["validation_file_path"].endswith(made.assets["train_file_path"].rsplit("/", 1)[-1])
    job = ml_client.jobs.get(name)
    assert job.display_name == ("Phi-3-mini-4k-instruct, bs 1x1x1x2=2, cosine, ds2, lora r8, save 1, seq max")
    assert {"mlops-fingerprint", "mlops-parameters", "mlops-data", "mlops-component", "mlops-work"} <= job.tags.keys()
    canceled(connected, name)


def test_two_processes_at_the_same_moment_give_one_job_and_a_canceled_watch_cancels_it_in_time(
    make: Make, held: None, root: Path, connected: Workspace, tmp_path: Path
) -> None:
    context = make(training={"compute": "serverless"}, watch={"on_interrupt": "cancel"})
    (root / "params.yaml").write_text(yaml.safe_dump(context.params.model_dump(mode="json")))
    prepare.run(context, out=tmp_path, upload=True)
    line = [sys.executable, "-m", "mlops", "--params", str(root / "params.yaml"), "--target", "azure"]
    other = subprocess.Popen(
        [*line, "--json", "submit"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert other.stderr is not None
    while "submitting" not in other.stderr.readline():  # now it is about to
        assert other.poll() is None
    mine, other_said = submit.run(context, force=False).result, json.loads(other.communicate()[0])
    assert other.returncode == 0
    assert mine.job == other_said["result"]["job"]
    ours = [job for job in jobs.recent(connected, 50, tag="mlops-owner") if job.tags["mlops-owner"] == context.owner]
    assert [job.name for job in ours] == [mine.job]
    _cancel_the_watch(connected, [*line, "watch", "--job", ours[0].name], tmp_path, ours[0].name)


def _cancel_the_watch(workspace: Workspace, line: list[str], folder: Path, name: str) -> None:
    step = runner.start(f"exec {shlex.join(line)}", folder, {**os.environ, "PYTHONPATH": str(ROOT)})
    assert step.stdout is not None
    while f"{name} is" not in step.stdout.readline():
        assert step.poll() is None
    ended = runner.cancel(step)
    assert (ended.signals, ended.code) == (("SIGINT",), INTERRUPTED)
    assert f"{name} is being canceled" in step.stdout.read()
    step.stdout.close()
    found = jobs.find(workspace, name)
    assert found
    assert found.state in (JobState.CANCEL_REQUESTED, JobState.CANCELED)


def test_who_comes_second_attaches_and_a_canceled_run_gets_a_new_attempt(
    make: Make,
    held: None,
    connected: Workspace,
    emulator_address: Address,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    context = make(training={"compute": "serverless"}, budget={"training": 0.5})
    prepare.run(context, out=tmp_path, upload=True)
    planned = plan.run(context, force=False)
    assert planned.result.train
    assert planned.result.train_reason.endswith("was never trained")
    assert planned.result.estimate is None
    monkeypatch.setattr(estimates, "past", lambda *_: [PastRun("ft", 3600, context.params.training.instance_type, 1)])
    assert any("budget.training is 0.50 USD" in one for one in plan.run(context, force=False).result.warnings)
    with pytest.raises(CapRefused, match="estimated at 3\\.67 USD"):
        submit.run(context, force=False)
    agreed = submit.run(context, force=False, over_budget=True, reason="the fair").result
    name, context = (
        agreed.job,
        replace(context, params=context.params.model_copy(update={"budget": CostBudget(training=None, month=None)})),
    )
    assert agreed.tags["mlops-over-budget"] == "the fair"
    again = submit.run(context, force=True)
    assert (again.result.job, again.result.submitted) == (name, False)
    work = submission.Work(Component("", "", "", {}), "", {}, "")  # what cannot be submitted at all
    assert submission.submit(connected, work, name)[1] is False
    found = jobs.find(connected, name)
    assert found
    assert found.state is not JobState.CANCELED
    canceled(connected, name)
    retried = submit.run(context, force=False).result.job
    assert retried == name.removesuffix("-1") + "-2"
    canceled(connected, retried)
    connected.send(
        "DELETE", f"{PUBLIC.arm}{connected.id}/jobs/{name}?api-version={jobs.API}", "delete the first attempt"
    )
    taken = {"route": "jobs.put", "resource": "ft-*", "effect": "status", "status": 400, "code": "UserError"}
    rule = {**taken, "message": "A run with this id already exists.", "times": 0}
    process.control(emulator_address, "POST", "/faults", rule)
    with pytest.raises(AzureRefused, match="-3 and 4 more belong to deleted jobs"):
        submit.run(context, force=False)
    process.control(emulator_address, "DELETE", "/faults")
    assert submit.run(context, force=False).result.job == name.removesuffix("-1") + "-3"
    canceled(connected, name.removesuffix("-1") + "-3")


class Interrupted:
    """Somebody who presses Ctrl-C at the first look."""

    def show(self, *_: object) -> None:
        raise KeyboardInterrupt


def test_a_watch_is_bounded_and_an_interrupt_leaves_or_cancels_as_params_say(
    make: Make, held: None, connected: Workspace, tmp_path: Path
) -> None:
    context = make(training={"compute": "serverless"})
    prepare.run(context, out=tmp_path, upload=True)
    name = submit.run(context, force=False).result.job
    waited = watch.run(context, job=None, wait_minutes=0, ok_if_unfinished=False)
    assert isinstance(waited.failure, Unfinished)
    assert watch_view.report(waited.result).next_step == f"mlops watch --job {name}"
    assert watch.run(context, job=name, wait_minutes=0, ok_if_unfinished=True).failure is None
    context.draw = lambda: nullcontext(Interrupted())
    with pytest.raises(KeyboardInterrupt, match=f"goes on: mlops watch --job {name}"):
        watch.run(context, job=name, wait_minutes=1, ok_if_unfinished=False)
    found = jobs.find(connected, name)
    assert found
    assert not found.state.ended
    stated = context.params.watch.model_copy(update={"on_interrupt": "cancel"})
    context.params = context.params.model_copy(update={"watch": stated})
    with pytest.raises(KeyboardInterrupt, match=f"{name} is being canceled"):
        watch.run(context, job=name, wait_minutes=1, ok_if_unfinished=False)
    context.draw = None
    ended = watch.run(context, job=name, wait_minutes=1, ok_if_unfinished=True)
    assert isinstance(ended.failure, RemoteFailed)
    assert ended.result.state is JobState.CANCELED
    assert watch_view.outputs(ended.result) == {"status": "Canceled", "finished": "false", "job": name}
