"""Starts, finds and stops an emulator process, and gives the environment that points a program at it.

It must not serve requests itself.
"""

import base64
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from azureml_emulator.core import clouds, defaults
from azureml_emulator.http.address import Address

GITHUB_TOKENS = "https://pipelines.actions.githubusercontent.com"
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class Refused(OSError):
    """The control surface said no; the text says why."""


BUSY = 75  # exit code of a process whose folder another one serves


class NotStarted(RuntimeError):
    """The process ended, or did not answer, within the bound."""


def find(folder: Path) -> Address | None:
    """The emulator that serves this folder right now, or None."""
    try:
        address = Address(**json.loads((folder / "emulator.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # A folder that was copied holds the address of another folder's emulator.
    return address if Path(address.folder) == folder.resolve() and _answers(address) else None


def launch(
    folder: Path, *, proxy_port: int = 0, control_port: int = 0, fresh: bool = False, cloud: str = ""
) -> Address:
    """Start one for the folder in a process of its own, or give the one that already serves it. Raises NotStarted.

    A `fresh` one holds a subscription in which nothing was made yet, unless the folder was used before. `cloud` is what
    a new folder poses as; one that was used before stays what it is.
    """
    if running := find(folder):
        _check_cloud(running.cloud, cloud)
        return running
    if fresh or cloud:
        _prepare(folder, cloud, fresh=fresh)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "azureml_emulator", str(folder.resolve()), str(proxy_port), str(control_port)]
    log_file = folder / "process.log"
    begun = log_file.stat().st_size if log_file.exists() else 0
    process = _start(command, log_file)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if address := find(folder):
            process.returncode = 0  # it outlives this object on purpose; Popen would warn of that
            return address
        if process.poll() == BUSY:  # another one has the folder: it has not said yet where it is, or it ends
            process = _start(command, log_file)
        elif process.returncode is not None:
            said = log_file.read_bytes()[begun:].decode(errors="replace")
            tail = "\n".join(said.splitlines()[-5:]) or f"it could write nothing into {log_file}"
            raise NotStarted(f"the emulator's process ended with code {process.returncode}: {tail}")
        time.sleep(0.05)
    process.kill()
    raise NotStarted(f"the emulator did not answer within {START_SECONDS:.0f} s; see {log_file}")


def _start(command: list[str], log_file: Path) -> "subprocess.Popen[bytes]":
    with log_file.open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _prepare(folder: Path, cloud: str, *, fresh: bool) -> None:
    """What a folder begins with. Raises NotStarted where it is of another cloud."""
    from azureml_emulator.core.store import Store

    used = (folder / "emulator.sqlite").exists()
    store = Store(folder)
    try:
        if cloud and used:
            _check_cloud(store.setting(clouds.SETTING, clouds.PUBLIC.name), cloud)
        elif cloud:
            store.set_setting(clouds.SETTING, cloud)
        if fresh:
            store.set_setting(defaults.FRESH_SETTING, "on")
    finally:
        store.close()


def _check_cloud(own: str, wanted: str) -> None:
    if wanted and wanted != own:
        raise NotStarted(f"its folder holds {own}, not {wanted}; name another folder, or empty it")


def stop(folder: Path) -> bool:
    """Stop the emulator of this folder, which another may serve then, or copy. False when none was running."""
    address = find(folder)
    if address is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(address.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and not _is_free(folder):
        time.sleep(0.05)
    return True


def _is_free(folder: Path) -> bool:
    """Whether no process holds it any more: one that has said its end still closes its database."""
    try:
        with (folder / "process.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # the folder was removed meanwhile
        return True
    return not (folder / "emulator.json").exists()


def control(address: Address, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call of the control surface. Raises OSError when it does not answer, Refused when it says no."""
    import urllib.error  # with its http.client a quarter of what help would take
    import urllib.request

    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{address.control_url}{path}", data=data, method=method)  # noqa: S310 - loopback
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found
    except urllib.error.HTTPError as error:
        with suppress(ValueError, KeyError):
            raise Refused(json.loads(error.read())["error"]["message"]) from None
        raise


def network(address: Address) -> dict[str, str]:
    """The variables that lead a program's https traffic to the emulator, for Python, curl, Node and others."""
    trust = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return {
        "HTTPS_PROXY": address.proxy_url,
        "https_proxy": address.proxy_url,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **dict.fromkeys(trust, address.ca_file),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def identity() -> dict[str, str]:
    """The names of the emulated tenant and workspace, and a credential that DefaultAzureCredential finds."""
    return {
        **workspace(),
        "AZURE_CLIENT_SECRET": defaults.CLIENT_SECRET,
    }


def workspace() -> dict[str, str]:
    """The identifiers that a GitHub environment would hold as variables."""
    return {
        "AZURE_TENANT_ID": defaults.TENANT_ID,
        "AZURE_CLIENT_ID": defaults.CLIENT_ID,
        "AZURE_SUBSCRIPTION_ID": defaults.SUBSCRIPTION_ID,
        "AZURE_RESOURCE_GROUP": defaults.RESOURCE_GROUP,
        "AZURE_ML_WORKSPACE": defaults.WORKSPACE,
    }


def variables(address: Address, environ: Mapping[str, str]) -> dict[str, str]:
    """Everything that a program needs to run against the emulator unchanged, on top of `environ`.

    On a GitHub runner also GitHub's token service, which a job reaches only where it may write an id-token, and whose
    tokens are for the real cloud.
    """
    found = {**network(address), **identity(), **cloud_of(address), "HF_HOME": str(Path(address.folder) / "hf-cache")}
    return {**found, **github_identity()} if environ.get("GITHUB_ACTIONS") == "true" else found


def cloud_of(address: Address) -> dict[str, str]:
    """Which cloud it poses as, in the words of azure-identity and of azure-ai-ml, too."""
    cloud = clouds.CLOUDS[address.cloud]
    login = cloud.spelled("https://login.microsoftonline.com")
    return {clouds.VARIABLE: cloud.name, "AZUREML_CURRENT_CLOUD": cloud.name, "AZURE_AUTHORITY_HOST": login}


def github_identity() -> dict[str, str]:
    """The token service of a GitHub job that the emulated identity trusts."""
    claims = json.dumps({"client": defaults.CLIENT_ID}).encode()
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{GITHUB_TOKENS}/emulator/idtoken?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": base64.urlsafe_b64encode(claims).decode().rstrip("="),
    }


def _answers(address: Address) -> bool:
    with suppress(OSError, ValueError):
        control(address, "GET", "/status")
        return True
    return False
