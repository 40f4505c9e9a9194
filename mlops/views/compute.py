"""`mlops compute`: what was checked, and what was made."""

from collections.abc import Mapping

from mlops.flow.training.compute import ComputeResult, ComputeState
from mlops.render import Report, Section, table

UNKNOWN = "not found"


def report(result: ComputeResult) -> Report:
    """For people."""
    warnings = tuple(str(warning) for warning in result.warnings)
    if not result.ready:
        sections = (Section("Worth knowing besides", warnings),) if warnings else ()
        return Report("Compute is not ready", sections=sections)
    missing = result.state is ComputeState.MISSING
    return Report(
        "Nothing stands in the way" if result.checked_only else "Compute is ready",
        warnings,
        tables=(table("Checked", ("what", "finding"), _rows(result)),),
        next_step="mlops compute" if missing else "mlops submit",
    )


def outputs(result: ComputeResult) -> Mapping[str, str]:
    """What later steps need to know of the compute; nothing while something stands in the way."""
    if not result.ready:
        return {}
    machine = result.machine
    return {
        "compute": result.compute,
        "created": str(result.state is ComputeState.CREATED).lower(),
        "instance-type": machine.name if machine else "",
        "gpus-per-node": str(machine.gpus) if machine else "",
        "nodes": str(result.nodes),
        "tier": result.tier,
        "base-model": f"{result.base_model}:{result.base_model_version}",
        "component": f"{result.component}:{result.component_version}",
        "warnings": str(len(result.warnings)),
    }


def compute(result: ComputeResult) -> str:
    """What there is to run on, in one sentence."""
    size = result.machine.name if result.machine else ""
    match result.state:
        case ComputeState.CREATED:
            idle = f"released after {result.idle_seconds} idle seconds"
            return f"{result.compute} was created: 0 to {result.max_nodes} x {size}, {result.tier}, {idle}"
        case ComputeState.SERVERLESS:
            return "serverless: nothing to create"
        case ComputeState.MISSING:
            return f"{result.compute} is missing: `mlops compute` makes it"
        case ComputeState.EXISTS:
            return f"{result.compute} exists{_cluster(result)}"


def _cluster(result: ComputeResult) -> str:
    found = result.cluster
    if found is None:
        return ""
    return f": {found.min_nodes} to {found.max_nodes} x {found.size}, {found.tier}, {found.state}"


def _rows(result: ComputeResult) -> list[tuple[str, str]]:
    pinned = "" if result.base_model_pinned else " (latest)"
    sizes = result.allowed.sizes if result.allowed else None
    return [
        ("base model", f"{result.base_model} {result.base_model_version}{pinned}"),
        ("component", f"{result.component} {result.component_version}"),
        ("compute", compute(result)),
        ("VM size", _size(result)),
        ("GPUs per node", str(result.machine.gpus) if result.machine else UNKNOWN),
        ("nodes", str(result.nodes)),
        ("allowed sizes", ", ".join(sizes) if sizes else "any that is not known to fail"),
        ("allowed by", result.allowed.source if result.allowed else UNKNOWN),
    ]


def _size(result: ComputeResult) -> str:
    size = result.machine
    if size is None:
        return UNKNOWN
    return f"{size.name}: {size.vcpus} vCPU, {size.gpus} GPU, {size.memory_gb:g} GB memory, {size.disk_gb:g} GB disk"
