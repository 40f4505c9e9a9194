"""What the workflow files must say, checked without running them: act would not notice any of it."""

import contextlib
import importlib
import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mlops import yamls
from mlops.actions import read
from mlops.cli.main import cli
from mlops.domain.repository.pin import CALLED, EACH
from mlops.params.environments import MOST_WAVES
from mlops.params.schema import Watch
from mlops.views.environments import JOBS

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
FILES = sorted(WORKFLOWS.glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
TOOLS = Path(sys.executable).parent
# Verbs that never sign in, so a job that runs only these needs no token.
WITHOUT_CLOUD = (
    "exec mlops check ",
    "exec mlops environments ",
    "exec mlops projects",
    "exec mlops report change",
    "exec mlops rehearse",
    "exec mlops plan --offline",
    "make ",
    "test ",
)
ACTIONS_NEED = {
    "actions/checkout": {"contents": "read"},
    "actions/attest-build-provenance": {"id-token": "write", "attestations": "write"},
    "actions/deploy-pages": {"pages": "write", "id-token": "write"},
    "pypa/gh-action-pypi-publish": {"id-token": "write"},
    "ossf/scorecard-action": {"id-token": "write"},  # it signs what it publishes
    "github/codeql-action/upload-sarif": {"security-events": "write"},
}


def body(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yamls.read(path.read_text(encoding="utf-8"))
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
        # Its pedantic profile holds all of the default one.
        ["jactionlint", "--profile", "pedantic", "--no-online", "--shellcheck", str(TOOLS / "shellcheck"), "--oneline"],
        ["zizmor", "--offline", "--no-progress", "--strict-collection", "--persona", "pedantic", "."],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, FILES)],
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", ".github/actions/setup/action.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *map(str, FORMS)],
        ["check-jsonschema", "--builtin-schema", "vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.citation-file-format", "CITATION.cff"],
    ],
    ids=[
        "actionlint",
        "jactionlint",
        "zizmor",
        "schema of workflows",
        "schema of actions",
        "schema of dependabot",
        "schema of issue forms",
        "schema of the issues' configuration",
        "schema of the citation",
    ],
)
def test_a_linter_finds_nothing(command: list[str]) -> None:
    code, found, said = lint(command, ROOT)
    assert code == 0, found + said
    assert "warning" not in found, found


def lint(command: list[str], folder: Path) -> tuple[int, str, str]:
    """Exit code and both outputs of a linter in a folder; the one that is in Python needs no process."""
    if command[0] == "check-jsonschema":
        with contextlib.chdir(folder):
            answer = CliRunner().invoke(importlib.import_module("check_jsonschema").main, command[1:])
        return answer.exit_code, answer.stdout, answer.stderr
    line = [str(TOOLS / command[0]), *command[1:]]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


IGNORES = re.compile(r"#.*\b(jactionlint|zizmor|actionlint|shellcheck)\b.*\b(ignore|disable)\b")


def test_every_finding_that_is_ignored_has_its_reason_in_the_line_above() -> None:
    found = []
    for path in (ROOT / ".github").rglob("*.y*ml"):
        lines = path.read_text().splitlines()
        found += [(path.name, lines[index - 1].strip()) for index, line in enumerate(lines) if IGNORES.search(line)]
    assert found, "this test looks at nothing"
    for name, above in found:
        assert re.match(r"# \w+(\W+\w+){5}", above), f"{name}: {above}"
    configurations = [path.name for path in (ROOT / ".github").glob("*lint*")] + list(
        (ROOT / ".github").glob("*zizmor*")
    )
    assert not configurations, "a configuration could ignore findings without this test"


def test_the_waves_of_a_promotion_differ_in_their_number_alone() -> None:
    """There is a job for each wave that params.yaml may have, and what is mended in one is mended in all."""
    waves = [body(WORKFLOWS / "promote.yml")["jobs"][wave] for wave in JOBS]
    assert len(JOBS) == MOST_WAVES
    for wave, before, job in zip(JOBS[1:], JOBS, waves[1:], strict=False):
        assert job["needs"] == ["environments", before]
        assert job["strategy"]["matrix"] == {"environment": f"${{{{ fromJSON(needs.environments.outputs.{wave}) }}}}"}
    own = ("needs", "if", "strategy", "outputs")
    alike = [{key: value for key, value in job.items() if key not in own} for job in waves]
    assert all(job == alike[0] for job in alike)


def test_what_runs_unattended_is_stopped_by_its_step_before_its_job_is_canceled() -> None:
    """A job over its limit is canceled, which is no failure, so nothing would be reported."""
    unattended = {"resume": "resume", "cleanup": "cleanup", "promote": "promote"}
    found = [
        (flow, step["timeout-minutes"], job["timeout-minutes"])
        for flow, _, job in jobs()
        for step in job.get("steps", [])
        if flow in unattended and step.get("run", "").startswith(f"exec mlops {unattended[flow]}")
    ]
    assert len(found) == 6
    assert all(step <= job - 5 for _, step, job in found)


def test_both_waits_of_a_release_fit_into_its_job() -> None:
    """The runner's own limit would cut off what waits as long as params.yaml allows."""
    bound = Watch.keys["wait_minutes"][1].limits["le"]
    release = body(WORKFLOWS / "train.yml")["jobs"]["release"]
    waits = sum("--ok-if-unfinished" in step.get("run", "") for step in release["steps"])
    assert waits == 2
    assert waits * bound + 20 <= release["timeout-minutes"]


def test_every_python_that_is_supported_is_tested() -> None:
    (least,) = re.findall(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    tested = body(WORKFLOWS / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == [f"3.{minor}" for minor in range(int(least), int(least) + len(tested))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_grants_nothing_at_the_top_and_says_what_it_is(path: Path) -> None:
    found = body(path)
    assert found["permissions"] == {}
    assert path.read_text().startswith("# "), "a comment says what starts it and what it does"


@pytest.mark.parametrize(("flow", "name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_job_is_bounded_in_time(flow: str, name: str, job: dict[str, Any]) -> None:
    assert "uses" in job or job["timeout-minutes"] <= 360


def needed(step: dict[str, Any]) -> dict[str, str]:
    """The permissions that a step needs, from what it does."""
    used, command = str(step.get("uses", "")).partition("@")[0], step.get("run", "")
    if not command.startswith(("exec mlops ", *WITHOUT_CLOUD)):
        return ACTIONS_NEED.get(used, {})
    if command == "make parity-azure":
        return {"id-token": "write"}
    if command.startswith("make github-release"):
        return {"contents": "write"}
    if command.startswith("exec mlops doctor --github"):
        return {"actions": "read"}
    if command.startswith("exec mlops promote"):
        return {"id-token": "write", "actions": "read"}
    if command.startswith("exec mlops polling"):
        return {"actions": "write"}
    if command.startswith("exec mlops report --workflow"):
        return {"actions": "read", "checks": "read", "issues": "write"}
    if command.startswith("exec mlops report comment"):
        return {"actions": "read", "pull-requests": "write"}
    return {} if command.startswith(WITHOUT_CLOUD) else {"id-token": "write"}


def called(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The jobs of the reusable workflow that a job calls, and of those that it calls; itself, when it calls none."""
    if "uses" not in job:
        return [job]
    inner = body(ROOT / str(job["uses"]).removeprefix("$/"))["jobs"].values()
    return [found for one in inner for found in called(one)]


@pytest.mark.parametrize(("flow", "name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_job_has_the_permissions_that_its_steps_need_and_no_other(flow: str, name: str, job: dict[str, Any]) -> None:
    """A caller grants what the jobs that it calls need, all of them together."""
    wanted: dict[str, str] = {}
    for inner in called(job):
        for step in inner["steps"]:
            for right, level in needed(step).items():
                wanted[right] = max(level, wanted.get(right, ""))  # `write` holds `read`
    assert job.get("permissions", {}) == wanted


@pytest.mark.parametrize(("flow", "name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_only_jobs_that_sign_in_to_azure_have_an_environment(flow: str, name: str, job: dict[str, Any]) -> None:
    if "uses" in job or flow in ("release", "scorecard") or name == "publish":
        return  # they sign in to Sigstore, PyPI and GitHub Pages
    signs_in = job.get("permissions", {}).get("id-token") == "write"
    assert signs_in == ("environment" in job), "identifiers are variables of an environment"
    assert signs_in == ("AZURE_ML_WORKSPACE" in job.get("env", {}))


def test_each_job_signs_in_as_the_environment_that_it_changes() -> None:
    found = {(path.stem, job.key): job.environment for path in FILES for job in read(path).expected()}
    road = {f"promote/promote/{wave}": "${{ matrix.environment }}" for wave in JOBS}
    assert {key: environment for key, environment in found.items() if environment} == {
        **{("train", key): "training" for key in ("plan", "train", "release")},
        **{(flow, key): environment for flow in ("train", "resume") for key, environment in road.items()},
        **{("poll", f"resume/resume/{key}"): it for key, it in {**road, "resume": "training"}.items()},
        ("resume", "resume"): "training",
        **{("promote", wave): "${{ matrix.environment }}" for wave in JOBS},
        ("rollback", "rollback"): "${{ inputs.environment }}",
        ("cleanup", "cleanup"): "training",
        ("auth-check", "check"): "${{ matrix.environment }}",
        ("site", "build"): "training",
        ("parity", "compare"): "training",
        ("docs", "publish"): "github-pages",
        ("release", "pypi"): "pypi",
        ("site", "publish"): "github-pages",  # GitHub's own, which has no variables of ours
        **{("train-models", f"train/train/{key}"): "training" for key in ("plan", "train", "release")},
        **{
            (f"{flow}-models", f"{flow}/{flow}/{key}"): name
            for flow in ("train", "resume")
            for key, name in road.items()
        },
        **{("poll-models", f"resume/resume/{key}"): it for key, it in {**road, "resume": "training"}.items()},
        ("train-models", "summary"): "training",
        ("resume-models", "resume/resume/resume"): "training",
        ("cleanup-models", "cleanup/cleanup/cleanup"): "training",
    }


def test_conditions_of_jobs_read_no_variable_but_the_repository_s_own() -> None:
    """Those of an environment are not known yet when GitHub decides whether the job runs."""
    conditions = " ".join(str(job.get("if", "")) for _, _, job in jobs())
    assert set(re.findall(r"vars\.(\w+)", conditions)) == {
        "AZURE_ML_WORKSPACE",
        "MLOPS_DOCS",
        "MLOPS_PYPI",
        "MLOPS_SITE",
    }


def test_what_signs_in_starts_by_itself_only_where_a_workspace_is_configured() -> None:
    for flow, name, job in jobs():
        by_itself = {"push", "schedule", "repository_dispatch"} & set(read(WORKFLOWS / f"{flow}.yml").on)
        if by_itself and "needs" not in job and "AZURE_ML_WORKSPACE" in job.get("env", {}):
            assert "vars.AZURE_ML_WORKSPACE != ''" in job["if"], f"{flow}/{name}"


def test_actions_are_pinned_by_their_full_hash_and_say_the_version() -> None:
    texts = {path: path.read_text() for path in (ROOT / ".github").rglob("*.yml")}
    used = [(path.name, line) for path, text in texts.items() for line in re.findall(r"uses: (.+)", text)]
    remote = [(name, line) for name, line in used if not line.startswith("$/.github/")]
    for name, line in remote:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), f"{name}: {line}"
    assert len({line for _, line in remote}) == len({line.partition("@")[0] for _, line in remote}), "one pin each"


def test_whoever_compares_commits_has_the_history() -> None:
    compare = re.compile(r"mlops (promote|resume|plan|submit)\b")
    found = [(flow, name, job) for flow, name, job in jobs() if compare.search(str(job.get("steps", "")))]
    assert {flow for flow, _, _ in found} >= {"promote", "resume", "train"}
    for flow, name, job in found:
        checkout = [one for one in job["steps"] if str(one.get("uses", "")).startswith("actions/checkout@")]
        assert [one["with"].get("fetch-depth") for one in checkout] == [0], f"{flow}/{name}"


def test_whoever_reads_conversations_has_those_of_git_lfs() -> None:
    """A pointer in their place would be refused, and a run without them would be another release."""
    reads = re.compile(
        r"mlops (check|plan|prepare|submit|watch|evaluate|gate|register|resume|rehearse|report change)\b"
    )
    for flow, name, job in jobs():
        if any(
            reads.search(step.get("run", "").replace("make rehearse", "mlops rehearse"))
            for step in job.get("steps", [])
        ):
            (checkout,) = (one for one in job["steps"] if str(one.get("uses", "")).startswith("actions/checkout@"))
            assert checkout["with"].get("lfs") is True, f"{flow}/{name}"


def test_no_upload_stands_between_a_model_and_its_registration_and_a_job_may_run_again() -> None:
    uploads = [(where, step) for where, step in steps() if "actions/upload-artifact@" in str(step.get("uses", ""))]
    assert len(uploads) >= 4
    for where, step in uploads:
        assert step["with"]["overwrite"] is True, where  # the name is taken already when a job is run again
        assert 1 <= step["with"]["retention-days"] <= 90, where
        assert (
            where.startswith(("ci/", "check/", "docs/", "release/", "site/", "parity/"))
            or step["continue-on-error"] is True
        ), where


def test_models_that_go_side_by_side_keep_artifacts_of_their_own() -> None:
    """An upload replaces what has its name in the same run, so one model's verdict would be another's."""
    for flow in (name.removesuffix("-models") for name in EACH):
        for job in body(WORKFLOWS / f"{flow}.yml")["jobs"].values():
            for step in job.get("steps", []):
                if "actions/upload-artifact@" in str(step.get("uses", "")):
                    assert "${{" in step["with"]["name"], f"{flow}: {step['name']}"


def test_the_publisher_of_the_scorecard_takes_the_workflow() -> None:
    """It reads the file through an older linter and refuses what is not on its list (ossf/scorecard-webapp)."""
    found = body(WORKFLOWS / "scorecard.yml")
    assert not {"env", "defaults"} & found.keys()
    assert "write" not in found["permissions"].values()
    (job,) = found["jobs"].values()
    assert not {"env", "defaults", "container", "services"} & job.keys()
    assert re.fullmatch(r"ubuntu-(latest|\d\d\.04)", job["runs-on"]), "one label, without an expression"
    used = {str(step.get("uses")).partition("@")[0] for step in job["steps"]}
    assert used == {"actions/checkout", "ossf/scorecard-action", "github/codeql-action/upload-sarif"}
    newer = {"queue", "deployment", "cache-mode", "timezone"}
    assert not newer & set(re.findall(r"[\w-]+(?=:)", (WORKFLOWS / "scorecard.yml").read_text()))


RUNNER = """contains(vars.MLOPS_RUNNER, '"') && fromJSON(vars.MLOPS_RUNNER) || vars.MLOPS_RUNNER || 'ubuntu-24.04'"""
FORKED = "github.event.pull_request.head.repo.full_name != github.repository"


def test_every_job_runs_where_one_variable_says_and_code_of_a_fork_never_there() -> None:
    """`comment` starts on pull requests, too, and checks nothing of theirs out; what publishes, only on main."""
    forked = f"github.event_name == 'pull_request' && {FORKED} && 'ubuntu-24.04' || {RUNNER}"
    for flow, name, job in jobs():
        if flow != "scorecard" and "uses" not in job:
            expected = forked if flow in ("ci", "check", "check-models", "docs") and name != "publish" else RUNNER
            assert job["runs-on"] == f"${{{{ {expected} }}}}", f"{flow}/{name}"
    assert {path.stem for path in FILES if "pull_request:" in path.read_text()} == {"ci", "docs"}


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
        # Without `exec` the runner's SIGINT reaches the shell alone, and the remote work is cut off without a word.
        assert command.startswith(("exec mlops ", "make ", "test ")), where


def spelt_out(step: dict[str, Any]) -> list[list[str]]:
    """The arguments that a step can give to `mlops`: a flag in a variable is each of those that its line names."""
    choices: list[list[str]] = []
    for word in shlex.split(step["run"])[2:]:
        expression = str(step.get("env", {}).get(word.removeprefix("$"), ""))
        flags = re.findall(r"'(--[\w-]+)'", expression)
        choices.append(flags or ["name:1"] if word.startswith("$") else [word])
    return [list(words) for words in itertools.product(*choices)]


@pytest.mark.parametrize(
    ("where", "arguments"),
    [
        (where, words)
        for where, step in steps()
        if step.get("run", "").startswith("exec mlops ")
        for words in spelt_out(step)
    ],
)
def test_every_mlops_line_is_one_that_the_command_line_takes(where: str, arguments: list[str]) -> None:
    command = cli.get_command(click.Context(cli), arguments[0])
    assert command is not None, where
    command.make_context(arguments[0], arguments[1:], resilient_parsing=False).close()


def locks(flow: str, job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Group -> its settings, of a job and of the workflow around it."""
    found = [lock for lock in (body(WORKFLOWS / f"{flow}.yml").get("concurrency"), job.get("concurrency")) if lock]
    return {lock["group"]: lock for lock in found}


OF_THE_RUN = "${{ github.run_id }}"  # a group that no other run is in
CHANGES = re.compile(r"mlops (prepare|compute|submit|watch|evaluate|register|resume|promote|rollback|cleanup)\b")


def test_what_changes_something_is_never_canceled_by_a_newer_run_nor_dropped_from_the_queue() -> None:
    for flow, name, job in jobs():
        if any(CHANGES.search(step.get("run", "")) for step in job.get("steps", [])):
            found = locks(flow, job)
            assert found, f"{flow}/{name}"
            assert all(lock["cancel-in-progress"] is False for lock in found.values()), f"{flow}/{name}"
            shared = [lock for group, lock in found.items() if not group.endswith(OF_THE_RUN)]
            assert not shared or "max" in {lock.get("queue") for lock in shared}, f"{flow}/{name}"


def test_no_lock_is_held_while_an_approval_is_waited_for() -> None:
    """A lock of a workflow or job is taken before the approval, and held for days if nobody answers."""
    one_of_several = re.compile(r"'name': '\$\{\{")
    approved = [(flow, name, job) for flow, name, job in jobs() if one_of_several.search(str(job.get("environment")))]
    assert {flow for flow, _, _ in approved} == {"promote", "rollback", "auth-check"}
    for flow, name, job in approved:
        for group, lock in locks(flow, job).items():
            assert group.endswith(OF_THE_RUN) or lock["cancel-in-progress"] is True, f"{flow}/{name}"
    for path in FILES:
        if any("promote.yml" in str(job.get("uses", "")) for job in body(path)["jobs"].values()):
            assert "concurrency" not in body(path), path.name


def test_a_run_is_judged_by_one_job_at_a_time() -> None:
    """An endpoint's own lease keeps promotions, rollbacks and cleanup apart (tests/contract/test_promotion.py)."""
    groups = {(flow, name): list(locks(flow, job)) for flow, name, job in jobs()}
    assert groups["cleanup", "cleanup"] == ["cleanup-${{ inputs.project || '.' }}"], "each endpoint's lease is its lock"
    assert groups["train", "release"] == groups["resume", "resume"]


def test_a_teams_own_repository_is_checked_as_a_fork_is() -> None:
    ours, theirs = (body(WORKFLOWS / f"{name}.yml")["jobs"]["check"]["steps"] for name in ("ci", "check"))
    assert ours == theirs


def test_every_called_workflow_takes_the_folder_of_the_project() -> None:
    called = {path.stem: on for path in FILES if "workflow_call" in (on := read(path).on)}
    assert called.keys() == {*CALLED, "report"}
    # Those for several models find the folders themselves; an issue or a comment is the repository's.
    without = {*EACH, "report", "comment"} - {"train-models"}
    inputs = {name: (on["workflow_call"] or {}).get("inputs", {}) for name, on in called.items()}
    assert {name for name, stated in inputs.items() if "project" not in stated} == without
