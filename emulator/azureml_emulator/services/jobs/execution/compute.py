"""Where the steps of a node run, and why one could not run there.

It must not start anything. Only a step that is distributed over GPUs is checked: fine-tuning, which needs CUDA.
"""

from dataclasses import dataclass
from typing import Any

from azureml_emulator.catalog import sizes
from azureml_emulator.catalog.components import Component
from azureml_emulator.catalog.sizes import Size
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.jobs.execution.failure import JobFailed
from azureml_emulator.services.jobs.job_resource import DATA_FACTORY, VIRTUAL_CLUSTERS
from azureml_emulator.services.workspaces.compute_resource import Compute

SERVERLESS = "serverless"


def name_of(reference: Any) -> str:
    """The compute that an ARM id, `azureml:NAME` or a name stands for; without one, serverless."""
    return str(reference or SERVERLESS).removeprefix("azureml:").rsplit("/", 1)[-1]


def check(reference: Any) -> None:
    """Nothing runs on a virtual cluster or in a data factory. Raises JobFailed."""
    name = name_of(reference)
    if VIRTUAL_CLUSTERS in str(reference or "").lower() or name.lower() == DATA_FACTORY:
        text = f"The emulator has no virtual clusters and no data factory, so nothing runs on {name}."
        raise JobFailed("NotEmulated", text)


@dataclass(frozen=True)
class Place:
    """The compute of a step: its name, VM size if that is known, and the nodes that a cluster can have at most."""

    target: str
    size: Size | None
    most_nodes: int | None


def place_of(emulator: Emulator, workspace: str, component: Component, step: str, literals: dict[str, str]) -> Place:
    """The compute that a step of a component is sent to."""
    node = component.jobs[step]
    target = name_of(_value(node.get("computeId"), literals))
    if target.lower() == SERVERLESS:
        wanted = _value((node.get("resources") or {}).get("instance_type"), literals)
        return Place(SERVERLESS, sizes.find(wanted), None)
    found = emulator.store.get(f"{workspace}/computes/{target}")
    if found is None:
        return Place(target, None, None)
    compute = Compute.read(found)
    return Place(target, compute.size, compute.most_nodes)


def problem(place: Place, component: Component, step: str, literals: dict[str, str]) -> JobFailed | None:
    """How a distributed step fails on its compute, or None. A size that the catalog does not know passes."""
    distribution = component.jobs[step].get("distribution")
    if not distribution:
        return None
    nodes = _number((component.jobs[step].get("resources") or {}).get("instance_count"), literals)
    processes = _number(distribution.get("process_count_per_instance"), literals)
    if place.most_nodes is not None and nodes > place.most_nodes:
        text = f"Requested {nodes} nodes but AzureMLCompute cluster only has {place.most_nodes} maximum nodes."
        return JobFailed("UserError", text)
    if place.size is None:
        return None
    if place.size.gpus == 0:
        text = f"Fine-tuning needs a GPU with CUDA, and the VM size {place.size.name} of {place.target} has none."
        return JobFailed("SKUNotSupported", text)
    if processes > place.size.gpus:
        text = (
            "Execution failed. User process '/azureml-envs/acpt/bin/python' exited with status code 1. Error: "
            f"RuntimeError: CUDA error: invalid device ordinal ({processes} processes a node were asked for, "
            f"and {place.size.name} has GPUs for {place.size.gpus})"
        )
        return JobFailed("UserError", text)
    return None


def _value(stated: Any, literals: dict[str, str]) -> str:
    """A field of a node, with `${{parent.inputs.x}}` replaced by what x is."""
    text = str(stated or "")
    if text.startswith("${{parent.inputs.") and text.endswith("}}"):
        return literals.get(text[17:-2], "")
    return text


def _number(stated: Any, literals: dict[str, str]) -> int:
    text = _value(stated, literals)
    return int(text) if text.isdecimal() else 1
