"""Asks a workspace of Azure ML for one of everything that costs nothing, and removes it again: `make parity-azure`.

A program of the public SDK, so that a recording of it says what the service answers to it. Nothing runs on a machine:
the cluster has no node, the job is canceled before one starts, the endpoint has no deployment. Everything is called
`parity-NAME`; what is left over after a failure is told by its name. The cluster's size is that of PARITY_SIZE.
"""

import os
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # the SDK's own, of its use of other packages

from azure.ai.ml import Input, MLClient, command, dsl  # noqa: E402
from azure.ai.ml.constants import TimeZone  # noqa: E402
from azure.ai.ml.entities import (  # noqa: E402
    AmlCompute,
    Data,
    Environment,
    JobSchedule,
    ManagedOnlineEndpoint,
    Model,
    PipelineJob,
    RecurrenceTrigger,
)
from azure.core.exceptions import AzureError  # noqa: E402

from mlops.azure import auth  # noqa: E402

SIZE = os.environ.get("PARITY_SIZE") or "Standard_DS3_v2"
IMAGE = "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference"
BASE, COMPONENT = "Phi-4", "chat_completion_pipeline"
AZURE = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_ML_WORKSPACE")
Step = Callable[["Walk"], None]


class Walk:
    """One walk through a workspace: its client, its names, and what is still to be removed."""

    def __init__(self, client: MLClient, registry: MLClient, folder: Path) -> None:
        self.client, self.registry, self.folder = client, registry, folder
        self.name = f"parity-{uuid.uuid4().hex[:8]}"
        self.left: dict[str, Callable[[], Any]] = {}

    def file(self, name: str, text: str) -> str:
        """A file to be uploaded."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)


def workspace(walk: Walk) -> None:
    """The workspace, its datastores, and what its region offers."""
    walk.client.workspaces.get(walk.client.workspace_name)
    store = walk.client.datastores.get_default()
    walk.client.datastores.get(str(store.name), include_secrets=True)
    list(walk.client.compute.list_usage())
    list(walk.client.compute.list_sizes())


def registry(walk: Walk) -> None:
    """The base model and the component of a training, in the system registry."""
    for assets, name in ((walk.registry.models, BASE), (walk.registry.components, COMPONENT)):
        assets.get(name, label="latest")


def absent(walk: Walk) -> None:
    """One of each kind that is not there."""
    client, name = walk.client, walk.name
    asked: list[Callable[[], Any]] = [
        lambda: client.online_endpoints.get(name),
        lambda: client.compute.get(name),
        lambda: client.jobs.get(name),
        lambda: client.models.get(name, version="1"),
        lambda: client.data.get(name, version="1"),
        lambda: client.components.get(name, version="1"),
        lambda: client.environments.get(name, version="1"),
        lambda: client.schedules.get(name),
    ]
    for one in asked:
        try:
            one()
        except AzureError:
            continue
        raise AssertionError("what is not there was found")


def assets(walk: Walk) -> None:
    """Data, environment and model: made, changed, listed and archived."""
    client, name = walk.client, walk.name
    data = Data(name=name, version="1", type="uri_file", path=walk.file("data.jsonl", "{}\n"), tags={"of": "parity"})
    environment = Environment(name=name, version="1", image=IMAGE)
    walk.file("model/weights.txt", "1")
    model = Model(name=name, version="1", path=str(walk.folder / "model"), type="custom_model")
    for held, entity in ((client.data, data), (client.environments, environment), (client.models, model)):
        made: Any = held.create_or_update(entity)
        made.tags = {**(made.tags or {}), "changed": "yes"}
        held.create_or_update(made)
        held.get(name, version="1")
        list(held.list(name=name))
        held.archive(name, version="1")


def cluster(walk: Walk) -> None:
    """A cluster that never has a node, and a change of it."""
    computes = walk.client.compute
    walk.left["the cluster"] = lambda: computes.begin_delete(walk.name[:24]).result()
    made = AmlCompute(name=walk.name[:24], size=SIZE, min_instances=0, max_instances=1, tier="low_priority")
    computes.begin_create_or_update(made).result()
    found = computes.get(walk.name[:24])
    found.idle_time_before_scale_down = 300
    computes.begin_update(found).result()
    list(computes.list())


def job(walk: Walk) -> None:
    """A pipeline of one step, canceled at once."""
    submitted: Any = walk.client.jobs.create_or_update(_pipeline(walk))
    walk.client.jobs.begin_cancel(submitted.name).result()
    walk.client.jobs.get(submitted.name)
    next(iter(walk.client.jobs.list(max_results=1)))


def schedule(walk: Walk) -> None:
    """A schedule a year from now, turned off and removed."""
    schedules = walk.client.schedules
    start = "2040-01-01T00:00:00"
    trigger = RecurrenceTrigger(frequency="month", interval=12, start_time=start, time_zone=TimeZone.UTC)
    wanted = JobSchedule(name=walk.name, trigger=trigger, create_job=_pipeline(walk))

    def remove() -> None:
        schedules.begin_disable(walk.name).result()  # one that is on cannot be deleted
        schedules.begin_delete(walk.name).result()

    walk.left["the schedule"] = remove
    schedules.begin_create_or_update(wanted).result()
    schedules.get(walk.name)
    walk.left.pop("the schedule")()


def endpoint(walk: Walk) -> None:
    """An endpoint without a deployment: made, tagged, its keys read and made anew, removed."""
    endpoints = walk.client.online_endpoints
    walk.left["the endpoint"] = lambda: endpoints.begin_delete(walk.name).result()
    endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=walk.name, auth_mode="key")).result()
    found = endpoints.get(walk.name)
    found.tags = {"of": "parity"}
    endpoints.begin_create_or_update(found).result()
    endpoints.get_keys(walk.name)
    endpoints.begin_regenerate_keys(walk.name, key_type="secondary").result()
    list(endpoints.list())
    list(walk.client.online_deployments.list(walk.name))
    walk.left.pop("the endpoint")()


STEPS: tuple[Step, ...] = (workspace, registry, absent, assets, cluster, job, schedule, endpoint)


def _pipeline(walk: Walk) -> PipelineJob:
    say = command(
        name="say", display_name="say", command="echo ${{inputs.word}}", environment=Environment(image=IMAGE),
        inputs={"word": Input(type="string")}, compute=walk.name[:24],
    )  # fmt: skip

    @dsl.pipeline(name=walk.name)  # type: ignore[untyped-decorator]  # the SDK types nothing
    def made(word: str) -> None:
        say(word=word)

    found: PipelineJob = made(word="hello")
    found.experiment_name = "parity"
    return found


def main() -> int:
    """Walk; 1 when a step failed or something is left over. A step that fails does not stop the others."""
    missing = [name for name in AZURE if not os.environ.get(name)]
    if missing:
        print(f"not set: {', '.join(missing)}; they name the workspace to ask", file=sys.stderr)
        return 2
    credential = auth.credential(os.environ, interactive=False)
    client = MLClient(credential, *(os.environ[name] for name in AZURE))
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        walk = Walk(client, MLClient(credential, registry_name="azureml"), Path(folder))
        for step in STEPS:
            print(f"parity: {step.__name__}", file=sys.stderr)
            failed += _tried(step.__name__, lambda step=step: step(walk))  # type: ignore[misc]  # bound at once
        for what, remove in reversed(walk.left.items()):
            failed += _tried(f"removing {what} {walk.name}", remove)
    return int(bool(failed))


def _tried(what: str, do: Callable[[], Any]) -> list[str]:
    try:
        do()
    except (AzureError, AssertionError, ValueError, StopIteration) as error:
        print(f"parity: {what} failed: {error}", file=sys.stderr)
        return [what]
    return []


if __name__ == "__main__":
    raise SystemExit(main())
