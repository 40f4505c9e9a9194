"""Which cloud a command talks to: the configured workspace, or the emulator; nothing is ever guessed in CI.

Only the network and the names differ between the two. This is the one module of the product's road that knows the
emulator exists.
"""

import atexit
import json
import os
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops import clouds, jsons
from mlops.azure import identifiers
from mlops.clouds import PUBLIC, Cloud
from mlops.errors import BadInput, Problem

KINDS = ("azure", "emulator")
REQUIRED = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_ML_WORKSPACE")
SIGN_IN = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID")  # a workflow signs in as one identity; a person's machine finds out
FOLDER_VARIABLE = "MLOPS_EMULATOR_DIR"
NOTE = "rehearsal.json"  # in the emulator's folder: which project was rehearsed there, and with which settings
KEPT = Path("build") / "emulator"  # below the checkout: where `mlops rehearse --keep` leaves its state


@dataclass(frozen=True)
class Target:
    """A workspace by name, and a line that tells a person where the command goes."""

    kind: str
    subscription_id: str
    resource_group: str
    workspace: str
    announcement: str
    cloud: Cloud = PUBLIC


def resolve(wanted: str | None, environ: MutableMapping[str, str], *, interactive: bool) -> Target:
    """The target by option or variable, else by what is configured. Raises BadInput.

    For the emulator it is found or started, and `environ` is changed so that every client reaches it.
    """
    from mlops.params.overlay import REHEARSAL_VARIABLE

    kind = wanted or environ.get("MLOPS_TARGET") or _configured(environ, interactive=interactive)
    if kind not in KINDS:
        raise BadInput(Problem(f"{kind!r} is no target", "MLOPS_TARGET", fix=f"use one of: {', '.join(KINDS)}"))
    if kind == "emulator":
        return _emulator(environ, said=wanted is not None or "MLOPS_TARGET" in environ)
    missing = [name for name in _required(environ) if not environ.get(name)]
    if missing:
        what, fix = f"not set: {', '.join(missing)}", _how_to_configure(environ)
        raise BadInput(Problem(what, "the environment", why="the target is azure", fix=fix))
    if wrong := identifiers.problems((*REQUIRED, *SIGN_IN), environ):
        raise BadInput(wrong)
    proxy = environ.get("HTTPS_PROXY")
    if environ.get(REHEARSAL_VARIABLE) and not (proxy or "").startswith("http://127.0.0.1:"):
        why = "values for a stand-in must not reach a real workspace; only `mlops rehearse` sets it, for the emulator"
        raise BadInput(Problem(f"{REHEARSAL_VARIABLE} is set", "the environment", why=why, fix="unset it"))
    through = f", through the proxy {proxy}" if proxy else ""
    subscription, group, workspace = (environ[name] for name in REQUIRED)
    cloud = cloud_of(environ)
    of = "" if cloud is PUBLIC else f" of {cloud.name}"
    said = f"target: azure, workspace {workspace} in {group}{of}{through}"
    return Target("azure", subscription, group, workspace, said, cloud)


def cloud_of(environ: Mapping[str, str]) -> Cloud:
    """The cloud that the environment names. Raises BadInput for one that is not known."""
    said = environ.get(clouds.VARIABLE)
    found = clouds.named(said)
    if found is None:
        why = "hosts, identities and what is offered are those of one cloud, so none is guessed"
        fix = f"set it to one of {', '.join(clouds.NAMES)}, as `az cloud list` names them, or not at all"
        raise BadInput(Problem(f"{clouds.VARIABLE} {said!r} is no cloud", "the environment", why=why, fix=fix))
    return found


def emulator_folder(environ: Mapping[str, str]) -> Path:
    """Where the emulator of this person keeps its state unless a folder is named.

    An emulator that `mlops rehearse --keep` left running in this checkout comes before one of no checkout.
    """
    if named := environ.get(FOLDER_VARIABLE):
        return Path(named)
    if (KEPT / "emulator.json").is_file():
        return KEPT
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", ".")) / ".local" / "state")
    return Path(state) / "mlops" / "emulator"


def kept_rehearsal(
    wanted: str | None, environ: Mapping[str, str], project: Path, *, interactive: bool
) -> tuple[str, ...] | None:
    """The settings of the rehearsal of a project whose emulator a command goes to; None where it goes elsewhere."""
    unsaid = interactive and not any(environ.get(name) for name in REQUIRED)
    if (wanted or environ.get("MLOPS_TARGET") or ("emulator" if unsaid else "")) != "emulator":
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        stated = jsons.read((emulator_folder(environ) / NOTE).read_text(encoding="utf-8"))
        if Path(stated["project"]) == project.resolve():
            return tuple(map(str, stated["settings"]))
    return None


def note_rehearsal(folder: Path, project: Path, settings: Sequence[str]) -> None:
    """Let later commands on that emulator read what the rehearsal read."""
    stated = {"project": str(project.resolve()), "settings": list(settings)}
    (folder / NOTE).write_text(json.dumps(stated) + "\n", encoding="utf-8")


def _configured(environ: Mapping[str, str], *, interactive: bool) -> str:
    if any(environ.get(name) for name in REQUIRED):
        return "azure"
    if environ.get("CI") or environ.get("GITHUB_ACTIONS") or not interactive:
        why = "nothing names a workspace, and an unattended run must not pass against the emulator by accident"
        raise BadInput(Problem("no target", "the environment", why=why, fix=_how_to_configure(environ)))
    return "emulator"


def _required(environ: Mapping[str, str]) -> tuple[str, ...]:
    return (*SIGN_IN, *REQUIRED) if environ.get("GITHUB_ACTIONS") == "true" else REQUIRED


def _how_to_configure(environ: Mapping[str, str]) -> str:
    names = ", ".join(_required(environ))
    return f"set {names} (in GitHub: variables of the environment), or say --target emulator"


def _emulator(environ: MutableMapping[str, str], *, said: bool) -> Target:
    from azureml_emulator import process

    folder = emulator_folder(environ)
    running = process.find(folder)
    try:
        address = running or process.launch(folder)
    except process.NotStarted as error:
        raise BadInput(Problem("the emulator did not start", str(folder), why=str(error))) from None
    if running is None:
        atexit.register(process.stop, folder)
    found = process.variables(address, environ)
    environ.update(found)
    os.environ.update(found)  # HTTP libraries read the process's own environment
    why = "" if said else " (no workspace is configured)"
    subscription, group, workspace = (environ[name] for name in REQUIRED)
    cloud = cloud_of(environ)
    posing = "" if cloud is PUBLIC else f" as {cloud.name}"
    text = f"target: the emulator{posing}{why}, state in {folder}"
    return Target("emulator", subscription, group, workspace, text, cloud)
