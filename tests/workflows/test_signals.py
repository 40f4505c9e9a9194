"""A canceled step ends by itself, in time, and says what goes on; the signals are those of GitHub's runner."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops.errors import INTERRUPTED
from tests.project import PARAMS_FILE
from tests.workflows import runner

ROOT = Path(__file__).resolve().parents[2]
GUID = "00000000-0000-0000-0000-000000000001"
STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
OBEDIENT = "import sys, time\ntry: print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: sys.exit(9)"


@pytest.fixture
def silent_host() -> Iterator[socket.socket]:
    """A host that takes a connection and never answers, as a service that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


@pytest.mark.parametrize(
    ("verb", "said_at_the_end"),
    [
        ('watch --job "$JOB" --ok-if-unfinished', "what runs on Azure goes on: mlops watch --job ft-0123456789ab-1"),
        ("rollback staging", "staging is left as it was seen last: nothing was looked at or changed yet"),
    ],
)
def test_a_step_that_waits_for_a_service_ends_at_the_first_signal(
    tmp_path: Path, silent_host: socket.socket, verb: str, said_at_the_end: str
) -> None:
    """As the workflows write it, canceled in the middle of a request."""
    port = silent_host.getsockname()[1]
    environment = {
        "HOME": str(tmp_path),  # the SDK asks for it, and a runner always has one
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{port}/token?api-version=2.0",
        **dict.fromkeys(("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID"), GUID),
        **dict.fromkeys(("AZURE_RESOURCE_GROUP", "AZURE_ML_WORKSPACE"), "abc"),
        "JOB": "ft-0123456789ab-1",
    }
    line = f'exec mlops --params "{PARAMS_FILE}" {verb}'
    step = runner.start(line, tmp_path, environment)
    connection, _ = silent_host.accept()  # it has asked, and waits
    with connection:
        ended = runner.cancel(step)
    said, _ = step.communicate()
    assert ended.signals == ("SIGINT",)
    assert ended.code == INTERRUPTED, said
    assert said_at_the_end in said
    assert "Traceback" not in said


def canceled(folder: Path, line: str, *ignored: str) -> runner.Ended:
    (folder / "program.py").write_text(OBEDIENT if "obedient" in line else STUBBORN)
    step = runner.start(line.format(python=sys.executable), folder, {"PATH": "/usr/bin:/bin"})
    assert step.stdout is not None
    assert step.stdout.readline() == "up\n"
    ended = runner.cancel(step, ignored)
    step.stdout.close()
    return ended


def test_with_exec_the_program_itself_is_signalled(tmp_path: Path) -> None:
    found = canceled(tmp_path, "exec {python} program.py obedient")
    assert (found.signals, found.code) == (("SIGINT",), 9)


def test_without_exec_the_shell_takes_the_signals_and_the_program_is_cut_off(tmp_path: Path) -> None:
    """Why every line of a workflow begins with `exec`."""
    found = canceled(tmp_path, "{python} program.py obedient\necho done", "SIGINT")
    assert found.signals == ("SIGINT", "SIGTERM")
    assert found.code == -15


def test_what_ignores_the_first_signal_gets_the_others(tmp_path: Path) -> None:
    found = canceled(tmp_path, "exec {python} program.py", "SIGINT")
    assert found.signals == ("SIGINT", "SIGTERM")
