"""The command `azureml-emulator` steers an emulator that is up, and says what is wrong when it cannot."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from azureml_emulator import process
from azureml_emulator.cli.folder import FOLDER_VARIABLE
from azureml_emulator.cli.main import command
from azureml_emulator.http.address import Address


def run(*words: str, **environment: str | None) -> Result:
    return CliRunner().invoke(command, words, prog_name="azureml-emulator", env=environment)


def test_a_delay_is_set_and_shown(emulator_address: Address) -> None:
    state = ("--state", emulator_address.folder)
    assert run("delay", *state, "computes", "2 reads").output == "computes: 2 reads, 0.0 s\n"
    assert run("delay", *state, "computes", "at once").exit_code == 0
    refused = run("delay", *state, "clouds", "2 reads")
    assert refused.exit_code == 2
    assert "the emulator refuses this\n  why: " in refused.output


def test_a_quota_is_set(emulator_address: Address) -> None:
    state = ("--state", emulator_address.folder)
    before = process.control(emulator_address, "PUT", "/quota/totalLowPriorityCores", {"limit": 24})["limit"]
    assert run("quota", *state, "totalLowPriorityCores", "96").exit_code == 0
    assert run("quota", *state, "totalLowPriorityCores", "-1").exit_code == 2
    assert "No VM family none" in run("quota", *state, "none", "1").output
    process.control(emulator_address, "PUT", "/quota/totalLowPriorityCores", {"limit": before})


@pytest.mark.parametrize("words", [("advance", "--days", "1"), ("env",), ("delay", "jobs", "at once"), ("set", "a.b")])
def test_what_needs_an_emulator_says_how_to_start_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    found = run(words[0], "--state", str(tmp_path), *words[1:])
    assert found.exit_code == 2
    assert found.output == f"no emulator serves {tmp_path}\n  fix: azureml-emulator up\n"


def test_the_folder_is_named_by_an_option_or_a_variable(tmp_path: Path) -> None:
    assert str(tmp_path / "a") in run("status", **{FOLDER_VARIABLE: str(tmp_path / "a")}).output
    assert str(tmp_path / "b") in run("status", "--state", str(tmp_path / "b")).output
    home = run("status", **{FOLDER_VARIABLE: None, "XDG_STATE_HOME": str(tmp_path)}).output
    assert str(tmp_path / "azureml-emulator") in home


def test_a_port_that_is_in_use_is_named_and_nothing_of_an_earlier_start(tmp_path: Path) -> None:
    (tmp_path / "process.log").write_text("of an earlier start\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("up", "--state", str(tmp_path), "--proxy-port", port)
    assert done.exit_code == 2
    assert port in done.stderr
    assert "name another port, or 0 for any that is free" in done.stderr
    assert not {"Traceback", "of an earlier start"} & {*done.stderr.splitlines()}
    assert "File " not in done.stderr


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = run("exec", "--state", str(tmp_path), "--", "no-such-program")
    assert (found.exit_code, "cannot run no-such-program" in found.output) == (2, True)
    assert process.find(tmp_path) is None, "the emulator that was started for it is stopped"


WAITS = """
import os, signal, sys, time
# os.write: a signal may come while print still holds its buffer
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"asked to end\\n"), sys.exit(7)))
os.write(1, b"runs\\n")
time.sleep(60)
"""


def test_a_canceled_exec_ends_its_program_first_and_then_the_emulator(tmp_path: Path) -> None:
    code = "from azureml_emulator.cli.main import main; main()"
    words = [sys.executable, "-c", code, "exec", "--state", str(tmp_path), "--", sys.executable, "-c", WAITS]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "runs\n"
        assert process.find(tmp_path) is not None
        os.kill(started.pid, signal.SIGTERM)
        assert started.stdout.read() == "asked to end\n"
    assert started.returncode == 7
    assert process.find(tmp_path) is None
