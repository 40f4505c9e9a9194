"""Whether this identity may do what a road of a release writes: asked by action, at the scope where it is written."""

from collections.abc import Iterator, Sequence
from functools import partial

from mlops.azure.failures import Denied
from mlops.azure.workspace import Workspace
from mlops.domain.release.access import (
    AUTOSCALE,
    CLUSTER,
    DATA,
    METRICS,
    SECRETS,
    SIZES,
    WRITES,
    Road,
    lacking,
    role_for,
)
from mlops.errors import AzureRefused, Problem
from mlops.flow.release.checkup import CheckArea, DoctorLook, Warned
from mlops.flow.release.doctor_cloud import WORKSPACE
from mlops.flow.release.doctor_seen import Seen

_LOOK = partial(DoctorLook, CheckArea.AZURE)


def looks(seen: Seen) -> Iterator[DoctorLook]:
    """One check for each road, and for each environment of a promotion."""
    yield _LOOK("permissions to train", partial(_train, seen), WORKSPACE, (Road.TRAIN,))
    for name in seen.environments:
        yield DoctorLook(
            CheckArea.AZURE,
            f"permissions to promote to {name}",
            partial(_promote, seen, name),
            WORKSPACE,
            (Road.PROMOTE,),
        )
    yield _LOOK("permissions to clean up", partial(_cleanup, seen), WORKSPACE, (Road.CLEANUP,))
    yield _LOOK("permissions of the subscription", partial(_subscription, seen), WORKSPACE)
    yield _LOOK("permissions of the storage", partial(_storage, seen), "datastore", (Road.TRAIN, Road.PROMOTE))


def _train(seen: Seen) -> str:
    makes = not seen.spec.serverless and seen.training.cluster is None
    wanted = (*WRITES[Road.TRAIN], *([CLUSTER] if makes else ()))
    return _asked(seen, seen.workspace.id, wanted)


def _promote(seen: Seen, environment: str) -> str:
    place, spec = seen.place(environment), seen.rollouts[environment]
    key = "listKeys/action" if spec.auth_mode == "key" else "score/action"
    endpoints = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    found = _asked(seen, place.id, (*WRITES[Road.PROMOTE], f"{endpoints}/{key}"))
    if spec.autoscale:
        _asked(seen, _group(place), AUTOSCALE)
    return found


def _cleanup(seen: Seen) -> str:
    return _asked(seen, seen.workspace.id, (*WRITES[Road.CLEANUP], METRICS))


def _subscription(seen: Seen) -> str:
    """The list of VM sizes is a call on the subscription, which a role on the workspace does not reach."""
    return _asked(seen, f"/subscriptions/{seen.workspace.subscription_id}", (SIZES,))


def _storage(seen: Seen) -> str:
    if not seen.by_identity:
        return _asked(seen, seen.workspace.id, (SECRETS,))
    account = str((seen.workspace.description.get("properties") or {}).get("storageAccount") or "")
    return _asked(seen, account or _group(seen.workspace), DATA)


def _group(place: Workspace) -> str:
    return f"/subscriptions/{place.subscription_id}/resourceGroups/{place.target.resource_group}"


def _asked(seen: Seen, scope: str, wanted: Sequence[str]) -> str:
    """The finding; a problem with the assignment of a role that gives what is lacking."""
    try:
        held = seen.permissions(scope)
    except Denied as error:  # whoever may not ask may still do it
        raise Warned(error.problems[0]) from None
    lacks = lacking(held, wanted)
    if lacks:
        what = f"{seen.caller.name} may not {', '.join(lacks)}"
        raise AzureRefused(Problem(what, scope, fix=_fix(seen.caller.object, scope, lacks)))
    return f"all {len(wanted)} actions"


def _fix(identity: str, scope: str, lacks: Sequence[str]) -> str:
    roles = list(dict.fromkeys(role_for(action) for action in lacks))
    if "" in roles:
        return f"assign a custom role with {', '.join(lacks)} at {scope} (docs/azure-setup.md, Roles)"
    return " && ".join(
        f'az role assignment create --assignee {identity} --role "{role}" --scope {scope}' for role in roles
    )
