"""What `mlops doctor` looks at of a training: base model with its retirement, component, project, machines, quota."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mlops.azure import registry as registries
from mlops.domain.machines import MachineFinding, failure_of
from mlops.domain.release.access import Road
from mlops.errors import Problem
from mlops.flow.own_endpoint import check_project
from mlops.flow.release.checkup import CheckArea, DoctorLook, Warned
from mlops.flow.release.doctor_cloud import WORKSPACE
from mlops.flow.release.doctor_seen import Seen

MODEL, MACHINES = "model.", ("training.instance_type", "training.compute", "training.nodes", "training.tier", "")
_REGISTRY = "`az ml registry list --output table` shows those that are there; name one at model.registry"
LOOKED_AT = (Road.TRAIN, Road.PROMOTE)
_LOOK = partial(DoctorLook, CheckArea.AZURE)


def looks(seen: Seen) -> Iterator[DoctorLook]:
    """The checks of a training, in the order in which a run meets them."""
    yield _LOOK("registry", partial(_registry, seen), WORKSPACE, LOOKED_AT, _REGISTRY)
    yield _LOOK("base model", partial(_base_model, seen), "registry", LOOKED_AT)
    yield _LOOK("component and parameters", partial(_component, seen), "registry", (Road.TRAIN,))
    yield _LOOK("project", partial(_project, seen), WORKSPACE)
    yield _LOOK("compute", partial(_machines, seen), "registry", (Road.TRAIN,))


def _registry(seen: Seen) -> str:
    registries.url(seen.workspace, seen.spec.registry, "")
    return f"{seen.spec.registry} answers"


def _base_model(seen: Seen) -> str:
    _judge(seen, lambda key: key.startswith(MODEL))
    base = seen.training.found.base
    dates = {name: f"{date:%Y-%m-%d}" for name, date in (base.dates() if base else {}).items()}
    until = dates.get("finetuneRetirementDate", "")
    return f"{base.name} {base.version}{f', until {until}' if until else ''}" if base else "not found"


def _component(seen: Seen) -> str:
    _judge(seen, lambda key: not key.startswith(MODEL) and key not in MACHINES)
    found = seen.training.found
    values = len(found.resolved.values) if found.resolved else 0
    component = f"{found.component.name} {found.component.version}" if found.component else "no component"
    return f"{values} parameters fit {component}"


def _project(seen: Seen) -> str:
    owner = seen.project.params.model.name
    check_project(seen.workspace, seen.endpoints, owner, seen.repository, seen.spec.where)
    return f"{owner} is this repository's" if seen.repository else f"{owner} is ours"


def _machines(seen: Seen) -> str:
    _judge(seen, lambda key: key in MACHINES)
    cluster, spec = seen.training.cluster, seen.spec
    if spec.serverless:
        return f"serverless: {spec.nodes} x {spec.instance_type}, nothing to create"
    return f"{spec.compute}: {'there' if cluster else 'missing: `mlops compute` makes it'}"


def _judge(seen: Seen, about: Callable[[str], bool]) -> None:
    """Raise what refuses among the findings about some keys of params.yaml, else what warns."""
    looked = seen.training
    findings = [*(MachineFinding(problem) for problem in looked.found.problems), *looked.checked.findings]
    if failure := failure_of([one for one in findings if about(one.problem.key)]):
        raise failure
    resolved = looked.found.resolved.warnings if looked.found.resolved else ()
    if warnings := [one for one in (*looked.checked.warnings, *resolved) if about(one.key)]:
        raise Warned(_one(warnings))


def _one(warnings: Sequence[Problem]) -> Problem:
    """All of them as one line, with the fix of the first."""
    more = "".join(f"; {one.what}" for one in warnings[1:])
    first = warnings[0]
    return Problem(f"{first.what}{more}", first.where, why=first.why, fix=first.fix, key=first.key)
