"""What `mlops doctor` looks at of the cloud itself: identity, subscription, workspace, providers, clock and storage."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from mlops import clouds
from mlops.azure import datastores, subscription
from mlops.azure.failures import Denied
from mlops.azure.monitor_client import GRAIN, Monitor, Span
from mlops.domain.cleanup.activity import Unknown as NoAnswer
from mlops.domain.promote.endpoint import EndpointState
from mlops.domain.release.access import Road
from mlops.domain.repository.cloud import USED_PROVIDERS
from mlops.errors import AzureRefused, BadInput, Problem
from mlops.flow.release.checkup import CheckArea, DoctorLook, NotLookedAt, Warned
from mlops.flow.release.doctor_seen import Seen

SIGN_IN, SUBSCRIPTION, WORKSPACE = "sign-in", "subscription", "workspace"
ENABLED, REGISTERED, SUCCEEDED = "Enabled", "Registered", "Succeeded"
_DATASTORES = "`az ml datastore list --output table` shows those that are there; make a blob container the default"
PUBLISHED = "Microsoft's page on feature availability across cloud regions says NO for it"
MOST_SKEW = timedelta(minutes=5)
_LIST = "`az ml workspace list --output table` shows those that are there; name one by AZURE_ML_WORKSPACE"
_LOOK = partial(DoctorLook, CheckArea.AZURE)


def looks(seen: Seen) -> Iterator[DoctorLook]:
    """The checks of the cloud, first those on which all others rest."""
    yield _LOOK(SIGN_IN, partial(_sign_in, seen))
    yield _LOOK(SUBSCRIPTION, partial(_subscription, seen), SIGN_IN)
    yield _LOOK("resource providers", partial(_providers, seen), SUBSCRIPTION)
    yield _LOOK(WORKSPACE, partial(_workspace, seen), SUBSCRIPTION, fix=_LIST)
    yield _LOOK("cloud", partial(_cloud, seen), WORKSPACE)
    yield _LOOK("clock", partial(_clock, seen), WORKSPACE)
    yield _LOOK("datastore", partial(_datastore, seen), WORKSPACE, fix=_DATASTORES)
    yield _LOOK("storage", partial(_storage, seen), "datastore")
    yield _LOOK("traffic in Azure Monitor", partial(_monitor, seen), WORKSPACE, (Road.PROMOTE, Road.CLEANUP))


def _sign_in(seen: Seen) -> str:
    found = seen.caller
    return f"{found.name}, object {found.object}, tenant {found.tenant}"


def _subscription(seen: Seen) -> str:
    workspace = seen.workspace
    try:
        state = subscription.state(workspace)
    except Denied as error:
        raise Warned(error.problems[0]) from None
    found = Problem(
        f"the subscription is {state or 'in no state that Azure names'}",
        workspace.subscription_id,
        why="nothing can be made in it",
        fix=f"ask whoever pays for it, until `az account show -s {workspace.subscription_id}` says {ENABLED}",
    )
    if state in ("Warned", "PastDue"):
        raise Warned(found)
    if state != ENABLED:
        raise AzureRefused(found)
    return f"{workspace.subscription_id} is {state}"


def _providers(seen: Seen) -> str:
    try:
        known = subscription.providers(seen.workspace)
    except Denied as error:
        raise Warned(error.problems[0]) from None
    off = [name for name in USED_PROVIDERS if known.get(name.lower()) != REGISTERED]
    if off:
        fix = " && ".join(f"az provider register --namespace {name} --wait" for name in off)
        raise AzureRefused(Problem(f"not registered: {', '.join(off)}", "the subscription", fix=fix))
    return f"{len(USED_PROVIDERS)} are registered"


def _workspace(seen: Seen) -> str:
    workspace = seen.workspace
    stated = workspace.description.get("properties") or {}
    state = str(stated.get("provisioningState") or SUCCEEDED)
    names = f"--name {workspace.target.workspace} --resource-group {workspace.target.resource_group}"
    if state != SUCCEEDED:
        what, fix = f"the workspace is {state}", f"az ml workspace show {names}, and wait or make it again"
        raise AzureRefused(Problem(what, workspace.target.workspace, fix=fix))
    closed = str(stated.get("publicNetworkAccess") or "").lower() == "disabled"
    inside = ", reached from its own network alone" if closed else ""
    return f"workspace {workspace.target.workspace} in {workspace.location}{inside}"


def _cloud(seen: Seen) -> str:
    """Whether hosts and region are those of the cloud that AZURE_CLOUD names, and it has what params.yaml asks for."""
    workspace, cloud = seen.workspace, seen.workspace.cloud
    if not cloud.has_region(workspace.location):
        what = f"{workspace.location} is a region of {clouds.of_region(workspace.location).name}, not of {cloud.name}"
        raise AzureRefused(Problem(what, clouds.VARIABLE, fix=f"set {clouds.VARIABLE} to the cloud of the workspace"))
    isolated = seen.project.params.serving.egress == "disabled"
    if isolated and clouds.ISOLATION in cloud.lacks:
        key = "serving.egress"
        what = f"{cloud.name} has no {clouds.ISOLATION}, which {key} disabled needs"
        fix = f"set {key} to enabled; docs/sovereign-clouds.md has what is known"
        raise BadInput(Problem(what, str(seen.project.params_path), why=PUBLISHED, fix=fix, key=key))
    if said := subscription.other_hosts(workspace):
        fix = "upgrade mlops, or tell its authors: hosts are told by mlops/clouds.py"
        raise Warned(Problem(f"the metadata of {cloud.name} names other hosts: {said}", cloud.arm, fix=fix))
    lacks = "".join(f"; not offered there: {name}" for name in cloud.lacks)
    return f"{cloud.name}, as its metadata says; {workspace.location} is one of its regions{lacks}"


def _clock(seen: Seen) -> str:
    ahead = subscription.clock_ahead(seen.workspace)
    if abs(ahead) > MOST_SKEW.total_seconds():
        what = f"this machine's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} Azure's"
        why = "tokens are thought good when they are not, and the other way round"
        raise Warned(Problem(what, "this machine", why=why, fix="sudo timedatectl set-ntp true"))
    return f"within {MOST_SKEW.total_seconds() / 60:.0f} minutes of Azure's"


def _datastore(seen: Seen) -> str:
    stated = datastores.stated_default(seen.workspace)
    form = "by the roles of whoever asks" if seen.by_identity else "by its own key or signature"
    kind = str(stated["properties"].get("datastoreType"))
    if kind != datastores.BLOB:
        what = f"the default datastore {stated['name']} is a {kind}"
        raise Warned(
            Problem(
                what, "the workspace", why="a blob container is what is tried", fix="name a blob container as default"
            )
        )
    return f"{stated['name']}, opened {form}"


def _storage(seen: Seen) -> str:
    """One listing of a folder that need not be there: name, network, secret and right are then known to be good."""
    name = datastores.default(seen.workspace)
    datastores.exists(seen.workspace, name, "doctor", "reach the workspace's storage")
    return "the container of the default datastore can be listed from here"


def _monitor(seen: Seen) -> str:
    made = {name: facts for name, facts in seen.endpoints.items() if facts.state is not EndpointState.ABSENT}
    if not made:
        raise NotLookedAt("no endpoint is there yet that could be asked about")
    environment, facts = next(iter(made.items()))
    place = seen.place(environment)
    id, until = f"{place.id}/onlineEndpoints/{facts.name}", place.now()
    answer = next(iter(Monitor(place).ask([id], Span(until - 2 * GRAIN, until, GRAIN)).values()))
    if isinstance(answer, NoAnswer):
        why = "so cleanup keeps every endpoint, and a step of a promotion is judged by our own questions"
        fix = f'az role assignment create --assignee {seen.caller.object} --role "Monitoring Reader" --scope {place.id}'
        raise Warned(Problem(f"traffic cannot be read: {answer.why}", "Azure Monitor", why=why, fix=fix))
    return f"that of {facts.name} can be read"
