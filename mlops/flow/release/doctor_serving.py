"""What `mlops doctor` looks at of each environment: endpoint, its name in the region, machines and their quota."""

from collections.abc import Iterator
from functools import partial

from mlops.azure import registry as registries
from mlops.azure import scoring, skus_and_quota
from mlops.azure.failures import Denied
from mlops.domain.machines import MachineFinding, check_machine, check_quota, check_size, failure_of
from mlops.domain.promote import rollback_target
from mlops.domain.promote.endpoint import EndpointState
from mlops.domain.promote.preflight import check_room
from mlops.domain.release.access import Road
from mlops.domain.serving import scale
from mlops.errors import BadInput, Problem
from mlops.flow.release.checkup import CheckArea, DoctorLook, Warned
from mlops.flow.release.doctor_cloud import WORKSPACE
from mlops.flow.release.doctor_seen import Seen

SERVING = (Road.PROMOTE, Road.CLEANUP)
_LOOK = partial(DoctorLook, CheckArea.AZURE)


def looks(seen: Seen) -> Iterator[DoctorLook]:
    """The checks of each environment."""
    for name in seen.environments:
        yield _LOOK(f"endpoint of {name}", partial(_endpoint, seen, name), WORKSPACE, SERVING)
        yield _LOOK(f"name of {name}", partial(_name, seen, name), WORKSPACE, (Road.PROMOTE,))
        yield _LOOK(f"machines of {name}", partial(_machines, seen, name), WORKSPACE, (Road.PROMOTE,))


def _endpoint(seen: Seen, environment: str) -> str:
    """Where it is and whether it can be asked from here, as the identity that asks now."""
    place, registry = seen.place(environment), seen.rollouts[environment].registry
    if registry:
        registries.url(place, registry, "")
    facts = seen.endpoints[environment]
    absent = facts.state is EndpointState.ABSENT
    found = f"{facts.name} is not there yet" if absent else f"{scoring.check_host(place, facts.name)} answers"
    elsewhere = place.target != seen.workspace.target
    parts = (f"workspace {place.target.workspace} in {place.location}", found) if elsewhere else (found,)
    return ", ".join((*parts, *([f"registry {registry}"] if registry else [])))


def _name(seen: Seen, environment: str) -> str:
    """Endpoint names are unique in a region; the other workspaces of the subscription are what can be seen of it."""
    name, place = seen.name_of(environment), seen.place(environment)
    own = f"{place.id}/onlineEndpoints/{name}".lower()
    try:
        known = seen.all_endpoints
    except Denied as error:
        raise Warned(error.problems[0]) from None
    theirs = [
        id for other, region, id in known if (other, region) == (name.lower(), place.location.lower()) and id != own
    ]
    if theirs:
        key = f"environments.{environment}.endpoint"
        what = f"{name} is the name of another endpoint in {place.location}: {theirs[0]}"
        fix = f"set {key} to another name; {{workspace_hash}} in it keeps workspaces apart"
        raise BadInput(Problem(what, str(seen.project.params_path), fix=fix, key=key))
    return f"{name} is free or ours in {place.location}"


def _machines(seen: Seen, environment: str) -> str:
    """Size, base model and quota for one deployment more, which runs beside the live one."""
    place, spec = seen.place(environment), seen.rollouts[environment]
    where, key = str(seen.project.params_path), f"environments.{environment}.instance_type"
    machine = skus_and_quota.machine(place, spec.instance_type)
    if machine is None:
        what = f"{key} {spec.instance_type} is no VM size of {place.location}"
        raise BadInput(Problem(what, where, fix="choose a size of the region", key=key))
    base, facts = seen.training.found.base, seen.endpoints[environment]
    count = scale.candidate_count(rollback_target.main(facts, ""), spec.instance_count)
    found = [
        check_machine(machine, base.inference_minimum() if base else None, where),
        check_room(facts.name, len(facts.deployments)),
    ]
    if base and (problem := check_size(spec.instance_type, base.inference_sizes(), "inference", where)):
        found.append(MachineFinding(problem))
    try:
        quota = seen.quotas(place).get("".join(machine.family.lower().split()))
    except Denied as error:
        raise Warned(error.problems[0]) from None
    found.append(check_quota(machine, count, quota, place.location))
    if failure := failure_of([one for one in found if one]):
        raise failure
    return f"{count} x {machine.name} more fit the quota of {place.location}"
