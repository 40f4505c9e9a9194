"""What cannot be done is told with its place and its way out, and nothing is done."""

import errno
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from mlops.azure.target import REQUIRED, SIGN_IN
from mlops.errors import INTERRUPTED, BadInput, MlopsError
from mlops.flow.release import offline_plan
from tests.cli.conftest import PROGRAM, ROOT, Run, files

# Every verb that reads the parameters, as it is called most simply.
READERS = (
    ["plan"],
    ["plan", "--offline"],
    ["prepare"],
    ["compute"],
    ["submit"],
    ["watch"],
    ["evaluate"],
    ["gate"],
    ["gate", "--from-file", "metrics.json"],
    ["register"],
    ["promote", "staging"],
    ["rollback", "production"],
    ["ask", "staging"],
    ["cleanup", "--apply"],
    ["resume"],
    ["status"],
    ["lineage", "production"],
    ["doctor"],
    ["rehearse"],
)
# Of those, the ones that need a workspace for whatever they are asked.
OF_THE_CLOUD = [words for words in READERS if "--offline" not in words and "--from-file" not in words][:-2]


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_mistake_in_the_parameters_is_told_with_its_line_and_its_mending(
    mlops: Run, project: Path, words: list[str]
) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("num_train_epochs: 1", "num_train_epochs: 1\n    bacth_sizes: {}"))
    line = path.read_text().splitlines().index("    bacth_sizes: {}") + 1
    path.write_text(path.read_text().replace("  on_interrupt: leave", "  on_interupt: leave"))
    before = files(project)
    told = mlops(*words)
    assert (told.code, told.out) == (BadInput.exit_code, "")
    assert f"params.yaml:{line}:5: " in told.err, "the first problem"
    assert "watch.on_interupt is not a key that is known\n  fix: perhaps you meant on_interrupt" in told.err, "and more"
    assert files(project) == before


@pytest.mark.parametrize("words", OF_THE_CLOUD, ids=" ".join)
@pytest.mark.parametrize("on_a_runner", [True, False], ids=["on a runner", "at home"])
def test_variables_that_are_missing_are_named_all_at_once(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch, words: list[str], on_a_runner: bool
) -> None:
    needed = [*REQUIRED, *(SIGN_IN if on_a_runner else ())]
    if on_a_runner:
        environment.setenv("GITHUB_ACTIONS", "true")
        environment.setenv("GITHUB_OUTPUT", str(project.parent / "output"))
    before = files(project)
    nothing_set = mlops(*words)
    environment.setenv(needed[0], "x")
    one_set = mlops(*words)
    assert (nothing_set.code, one_set.code) == (BadInput.exit_code, BadInput.exit_code)
    assert all(name in nothing_set.err for name in needed)
    assert set(one_set.err.partition("not set: ")[2].partition("\n")[0].split(", ")) == set(needed[1:])
    assert files(project) == before


def test_the_doctor_takes_them_for_configuration_and_says_what_it_could_not_check(mlops: Run, project: Path) -> None:
    told = mlops("doctor")
    assert told.code == BadInput.exit_code
    assert all(name in told.err for name in REQUIRED)
    assert told.out.count("not checked") > 20


def test_a_folder_without_parameters_says_how_to_name_them(mlops: Run, project: Path) -> None:
    (project / "params.yaml").unlink()
    told = mlops("status")
    assert told.code == BadInput.exit_code
    assert all(word in told.err for word in ("there is no params.yaml", "-C", "--params"))


@pytest.mark.parametrize("words", [["promote", "nowhere"], ["rollback", "nowhere"], ["ask", "nowhere"]], ids=" ".join)
def test_an_environment_that_does_not_exist_is_told_before_anybody_signs_in(
    mlops: Run, project: Path, words: list[str]
) -> None:
    told = mlops(*words)
    assert told.code == BadInput.exit_code
    assert "there is no environment 'nowhere'\n  fix: use one of: staging, production" in told.err


def test_the_data_that_is_wrong_is_annotated_on_its_line(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch
) -> None:
    with (project / "data" / "curated" / "few.jsonl").open("a") as file:
        file.write('{"messages": []}\n')
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(project)}.items():
        environment.setenv(name, value)
    told = mlops("plan", "--offline")
    assert told.code == BadInput.exit_code
    assert "::error file=data/curated/few.jsonl,line=3,title=" in told.err


def test_what_failed_is_reported_even_when_the_parameters_are_wrong(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch
) -> None:
    """They may be the cause that is to be reported."""
    (project / "params.yaml").write_text("nothing: right\n")
    for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_TOKEN"):
        environment.setenv(name, "x")
    environment.setenv("GITHUB_API_URL", "http://127.0.0.1:9")  # nobody listens there
    environment.setattr("mlops.clock.sleep", lambda _: None)  # before it asks again
    told = mlops("report", "--workflow", "resume")
    assert "params.yaml" not in told.err
    assert "GET /actions/runs/x/jobs" in told.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_ends_with_130_and_no_traceback(
    mlops: Run, project: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def stop(*_: object, **__: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr(offline_plan, "run", stop)
    told = mlops("plan", "--offline")
    assert (told.code, told.out) == (INTERRUPTED, "")
    assert "interrupted; what runs on Azure goes on" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{mlops} --json plan --offline | head -1", 0),
        ("{mlops} gate --from-file metrics.json 2>&1 | true", 4),  # what it answers does not depend on its reader
    ],
)
def test_a_reader_that_goes_away_is_no_failure(project: Path, line: str, code: int) -> None:
    (project / "metrics.json").write_text('{"eval_loss": 99, "rougeL": 0.2, "train_loss": 1}')
    bash = shutil.which("bash") or "bash"
    script = f"{line.format(mlops=PROGRAM)}; echo ${{PIPESTATUS[0]}} >&2"
    done = subprocess.run(
        [bash, "-c", script], cwd=project, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert done.stderr == f"{code}\n"


def test_a_stream_that_is_closed_is_no_failure(mlops: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setattr("sys.__stdout__", None)
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec '{PROGRAM}' -C '{ROOT}' --json gate --from-file /nowhere >&- 2>&-"], check=False
    )
    assert done.returncode == BadInput.exit_code


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_the_output_ends_nothing_and_is_said(project: Path, unbuffered: str) -> None:
    (project / "metrics.json").write_text('{"eval_loss": 1, "rougeL": 0.9, "train_loss": 1}')
    judge, full = [str(PROGRAM), "gate", "--from-file", "metrics.json"], Path("/dev/full").open("w")  # noqa: SIM115
    environ = {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": unbuffered}
    with full:
        done = subprocess.run(judge, cwd=project, env=environ, stdout=full, stderr=-1, text=True, check=False)
        quiet = subprocess.run(judge, cwd=project, env=environ, stdout=-1, stderr=full, text=True, check=False)
    assert done.returncode == MlopsError.exit_code
    assert "the answer could not be written to stdout\n  why: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "eval_loss" in quiet.stdout


def test_what_the_machine_refuses_is_said_without_a_traceback(
    mlops: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(project / "build"))

    monkeypatch.setattr(offline_plan, "run", refuse)
    told = mlops("plan", "--offline")
    assert told.code == MlopsError.exit_code
    assert f"{project / 'build'}: this machine refused: No space left on device" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "a b", "a\nb", "a?b", "-x" * 200, "ä"])
@pytest.mark.parametrize("words", [["watch", "--job"], ["gate", "--job"], ["register", "--job"], ["lineage"], ["runs"]])
def test_what_no_address_can_hold_is_no_name(mlops: Run, project: Path, words: list[str], name: str) -> None:
    assert project
    told = mlops(*words, *([f"{name}"] if words[-1] == "--job" else ["--", name]))
    assert told.code == BadInput.exit_code
    assert "is no name: use letters" in told.err


def test_an_argument_that_is_no_text_is_refused(mlops: Run, project: Path) -> None:
    assert project
    told = mlops("plan", "--offline", "--set", "model.name=\udcff")
    assert told.code == BadInput.exit_code
    assert "is not UTF-8" in told.err


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_of_the_runner_in_a_folder_that_is_not_there_is_named(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch, variable: str
) -> None:
    given = {"GITHUB_OUTPUT": str(project / "output"), "GITHUB_STEP_SUMMARY": str(project / "summary")}
    for name, value in {"GITHUB_ACTIONS": "true", **given, variable: "/no/such/folder/x"}.items():
        environment.setenv(name, value)
    told = mlops("plan", "--offline")
    assert told.code == MlopsError.exit_code
    assert f"{variable} cannot be written" in told.err
    assert "Traceback" not in told.err
