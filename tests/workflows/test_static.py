"""What the workflow files must say, checked without running them: act would not notice any of it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mlops.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TOOLS = Path(sys.executable).parent
# Verbs that never sign in, so a job that runs only these needs no token.
WITHOUT_CLOUD = ("mlops plan --offline", "make ", "jq ")


def body(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path.stem, name, job) for path in FILES for name, job in body(path)["jobs"].items()]


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(f"{flow}/{name}", step) for flow, name, job in jobs() for step in job.get("steps", [])]


def runs() -> list[tuple[str, str]]:
    return [(where, step["run"]) for where, step in steps() if "run" in step]


@pytest.mark.parametrize(
    "command",
    [
        ["actionlint", "-shellcheck", str(TOOLS / "shellcheck"), "-oneline"],
        ["zizmor", "--offline", "--no-progress", "--strict-collection", "--persona", "pedantic", "."],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, FILES)],
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", ".github/actions/setup/action.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
    ],
    ids=["actionlint", "zizmor", "schema of workflows", "schema of actions", "schema of dependabot"],
)
def test_a_linter_finds_nothing(command: list[str]) -> None:
    done = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_grants_nothing_at_the_top_and_says_what_it_is(path: Path) -> None:
    found = body(path)
    assert found["permissions"] == {}
    assert "concurrency" in found
    assert path.read_text().startswith("# "), "a comment says what starts it and what it does"


@pytest.mark.parametrize(("flow", "name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_job_is_bounded_in_time(flow: str, name: str, job: dict[str, Any]) -> None:
    assert "uses" in job or job["timeout-minutes"] <= 360


@pytest.mark.parametrize(("flow", "name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_only_jobs_that_sign_in_may_ask_for_a_token(flow: str, name: str, job: dict[str, Any]) -> None:
    if "uses" in job or flow == "scorecard":
        return
    commands = [step["run"] for step in job["steps"] if "run" in step]
    signs_in = any(not command.startswith(WITHOUT_CLOUD) for command in commands)
    assert (job.get("permissions", {}).get("id-token") == "write") == signs_in
    assert signs_in == ("environment" in job), "identifiers are variables of an environment"
    assert signs_in == ("AZURE_ML_WORKSPACE" in job.get("env", {}))


def test_remote_actions_are_pinned_by_their_full_hash() -> None:
    for where, step in steps():
        if "uses" in step and not step["uses"].startswith("$/"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), where


def test_no_checkout_leaves_credentials_behind() -> None:
    for where, step in steps():
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, where


def test_no_expression_stands_in_a_command() -> None:
    for where, command in runs():
        assert "${{" not in command, where


def test_every_step_is_one_command() -> None:
    for where, command in runs():
        assert "\n" not in command.strip(), where
        assert command.startswith(("mlops ", "exec mlops ", "make ", "jq ")), where


def test_every_mlops_line_is_one_that_the_command_line_takes() -> None:
    for where, command in runs():
        words = shlex.split(command)
        if "mlops" not in words:
            continue
        given = words[words.index("mlops") + 1 :]
        # A variable stands for a value; a flag in a variable is one that its env line spells out.
        values = {
            "$FORCE": "--force",
            "$APPLY": "--apply",
            "$ENVIRONMENT": "staging",
            "$MODEL": "name:1",
            "$JOB": "ft-x",
        }
        arguments = [values.get(word, word) for word in given]
        command_ = cli.get_command(click.Context(cli), arguments[0])
        assert command_ is not None, where
        command_.make_context(arguments[0], arguments[1:], resilient_parsing=False).close()


def test_a_deployment_is_never_canceled_by_a_newer_one() -> None:
    for flow, name, job in jobs():
        commands = " ".join(step.get("run", "") for step in job.get("steps", []))
        if re.search(r"mlops (promote|rollback|cleanup|submit)", commands):
            groups = [
                group
                for group in (body(ROOT / f".github/workflows/{flow}.yml")["concurrency"], job.get("concurrency"))
                if group
            ]
            assert all(group["cancel-in-progress"] is False for group in groups), f"{flow}/{name}"


def test_what_a_cancel_must_reach_replaces_the_shell() -> None:
    for where, command in runs():
        if re.search(r"mlops (watch|promote|rollback|cleanup)\b", command):
            assert command.startswith("exec "), f"{where}: the runner's SIGINT goes to the shell alone"
