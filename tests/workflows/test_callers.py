"""A repository that `mlops init` makes: its workflows call ours with what they need and no more; act runs them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops import product, yamls
from mlops.actions import read
from mlops.domain.repository.answers import ULTRACHAT, SetUp
from mlops.domain.repository.pin import CALLED, EACH, SINGLE, Pin, moved, pins
from mlops.flow.repository import init
from tests.workflows.answers import ALL, FINISHED, PUSH, REGISTERED, SUBMITTED, answers, promoted
from tests.workflows.conftest import Play
from tests.workflows.test_static import TOOLS, WORKFLOWS, body, lint

PIN = Pin("acme/mlops", "0123456789abcdef0123456789abcdef01234567", "0.1.0")
OURS = SetUp("helpdesk", "Phi-4", "8", "0.0.81", ULTRACHAT, "data", PIN)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's repository with its first commit."""
    made = tmp_path_factory.mktemp("team")
    init.run(made, OURS, lambda _, __: False)
    return made


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's repository with two models that share their data."""
    made = tmp_path_factory.mktemp("two")
    for name in ("a", "b"):
        init.run(made, replace(OURS, name=f"help-{name}", folder=f"models/{name}"), lambda _, __: False)
    return made


@pytest.fixture(params=["team", "two"])
def each(request: pytest.FixtureRequest) -> Path:
    """Each of them."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def play_theirs(team: Path, tmp_path: Path, known: Path) -> Play:
    """A player of the team's workflows."""
    return Play(team, tmp_path, known)


def flows(team: Path) -> list[Path]:
    return sorted((team / ".github" / "workflows").glob("*.yml"))


def call(path: Path) -> dict[str, Any]:
    (job,) = body(path)["jobs"].values()
    assert isinstance(job, dict)
    return job


@pytest.mark.parametrize(
    "command",
    [
        ["actionlint", "-shellcheck", str(TOOLS / "shellcheck"), "-oneline"],
        ["jactionlint", "--profile", "pedantic", "--no-online", "--shellcheck", str(TOOLS / "shellcheck"), "--oneline"],
        ["zizmor", "--offline", "--no-progress", "--strict-collection", "--persona", "pedantic", "."],
        ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
    ],
    ids=["actionlint", "jactionlint", "zizmor", "schema of dependabot"],
)
def test_a_linter_finds_nothing(each: Path, command: list[str]) -> None:
    code, found, said = lint(command, each)
    assert code == 0, found + said


def test_each_of_ours_that_can_be_called_by_itself_is_called(team: Path, two: Path) -> None:
    ours = {path.stem for path in WORKFLOWS.glob("*.yml") if "workflow_call" in read(path).on} - {"report"}
    assert ours == set(CALLED)
    assert {called(path) for path in flows(team)} == set(SINGLE)
    assert {called(path) for path in flows(two)} == {"auth-check", "comment", "promote", "rollback", *EACH}


def called(path: Path) -> str:
    """Which of our workflows one of theirs calls."""
    return Path(call(path)["uses"].partition("@")[0]).stem


def theirs(folder: Path) -> list[tuple[Path, Path]]:
    """Each of their workflows with ours that it calls."""
    return [(path, WORKFLOWS / f"{called(path)}.yml") for path in flows(folder)]


def granted(path: Path) -> dict[str, str]:
    """What the jobs of a workflow ask for, all of them together."""
    wanted: dict[str, str] = {}
    for job in body(path)["jobs"].values():
        for name, level in job.get("permissions", {}).items():
            wanted[name] = max(level, wanted.get(name, ""))  # `write` holds `read`
    return wanted


def test_a_caller_grants_what_the_called_jobs_ask_for_and_no_more(each: Path) -> None:
    """GitHub refuses the run where a called job asks for more than its caller has."""
    for path, ours in theirs(each):
        assert call(path)["permissions"] == granted(ours), path.name
        assert body(path)["permissions"] == {}


def test_a_caller_gives_what_the_called_workflow_takes(each: Path) -> None:
    for path, ours in theirs(each):
        stated = read(ours).on["workflow_call"] or {}
        takes, gives = stated.get("inputs", {}), call(path).get("with", {})
        needed = {name for name, said in takes.items() if said.get("required")}
        assert needed <= set(gives) <= set(takes), path.name
        asked = (read(path).on.get("workflow_dispatch") or {}).get("inputs", {})
        assert set(asked) | {"project"} == set(gives) | {"project"}, f"{path.name}: a person can say all of it"


def test_a_person_can_say_there_what_they_can_say_here(team: Path) -> None:
    for path, ours in theirs(team):
        here, there = (read(flow).on.get("workflow_dispatch") or {} for flow in (ours, path))
        assert here.get("inputs", {}) == there.get("inputs", {}), path.name


def test_a_caller_holds_no_lock_of_the_called_workflow(each: Path) -> None:
    """A run that waits for a lock which its own caller holds is canceled by GitHub as a deadlock."""
    for path, ours in theirs(each):
        lock = body(path).get("concurrency", {}).get("group")
        inner = body(ours)
        locks = {inner.get("concurrency", {}).get("group")}
        locks |= {job.get("concurrency", {}).get("group") for job in inner["jobs"].values()}
        assert lock is None or lock not in locks, path.name


def test_each_model_has_locks_of_its_own() -> None:
    """Else one that runs beside another would wait for it, or take its place in the queue."""
    for name in ("train", "resume", "cleanup"):
        flow = body(WORKFLOWS / f"{name}.yml")
        locks = [part.get("concurrency") for part in (flow, *flow["jobs"].values())]
        groups = [lock["group"] for lock in locks if lock]
        assert groups
        # A model at a time is promoted, and the polling is the repository's.
        own = [group for group in groups if not group.startswith(("deploy-", "poll"))]
        assert all(group.endswith("-${{ inputs.project || '.' }}") for group in own), name


def test_every_workflow_is_pinned_to_the_commit_and_says_the_version(each: Path) -> None:
    paths = [f".github/workflows/{name}.yml" for name in CALLED]
    for path in flows(each):
        text = path.read_text()
        assert pins(text, paths) == (PIN,)
        other = Pin("acme/mlops", "f" * 40, "0.2.0")
        assert pins(moved(text, paths, other), paths) == (other,)
        assert moved(moved(text, paths, other), paths, PIN) == text


def test_a_push_walks_the_whole_road_in_the_called_workflows(play_theirs: Play) -> None:
    seen = play_theirs("train", "push", PUSH, answers(ALL, SUBMITTED, FINISHED, REGISTERED))
    assert seen.done.succeeded, seen.done.cause()
    assert [job for job in seen.done.jobs if not job.endswith("polling")][:3] == [
        f"train/train/{name}" for name in ("plan", "train", "release")
    ]
    assert seen.calls[0] == ["plan", "--no-force"]
    commit = seen.calls[-1][5]
    assert seen.calls[-2:] == [promoted(name, commit=commit) for name in ("staging", "production")]


def test_a_push_runs_the_models_that_it_concerns_side_by_side(two: Path, tmp_path: Path, known: Path) -> None:
    listed = {"projects": {"outputs": {"projects": '["models/a", "models/b"]'}}}
    seen = Play(two, tmp_path, known)("train", "push", PUSH, answers(listed, ALL, SUBMITTED, FINISHED, REGISTERED))
    assert seen.done.succeeded, seen.done.cause()
    assert seen.calls[0][0] == "projects"
    for verb, times in (("submit", 2), ("register", 2), ("promote", 4)):
        assert seen.verbs.count(verb) == times, verb
    started = Play(two, tmp_path / "none", known)
    assert seen.calls[-1] == ["status"], "one table of all at the end"
    assert started("train", "push", PUSH, {"projects": {"outputs": {"projects": "[]"}}}).verbs == ["projects"]


@pytest.mark.parametrize(("is_open", "still_open", "turned"), [("true", "true", []), ("false", "", ["off"])])
def test_polling_for_several_models_ends_when_none_waits(
    two: Path, tmp_path: Path, known: Path, is_open: str, still_open: str, turned: list[str]
) -> None:
    listed = {"projects": {"outputs": {"projects": '["models/a", "models/b"]'}}}
    found = {"resume": {"outputs": {"model": "", "environment": "", "open": is_open, "still-open": still_open}}}
    seen = Play(two, tmp_path, known)("poll", "schedule", {"schedule": "7,22,37,52 * * * *"}, answers(listed, found))
    assert seen.done.code == 0, seen.done.cause()
    assert (seen.verbs, seen.polling) == (["projects", "resume", "resume"], turned)


def test_what_a_person_says_reaches_the_called_workflow(play_theirs: Play) -> None:
    payload: dict[str, object] = {"inputs": {"reason": "look", "force": "true", "dry-run": "true"}}
    assert play_theirs("train", "workflow_dispatch", payload, answers(ALL)).calls == [["plan", "--force"]]


def test_a_schedule_cleans_up_and_a_person_is_shown_first(play_theirs: Play) -> None:
    cleaned = play_theirs("cleanup", "schedule", {"schedule": "23 4 * * *"}, {})
    assert cleaned.calls == [["cleanup", "--apply"]]
    assert not cleaned.done.unexplained, "a job that another did not call is not missing"
    assert play_theirs("cleanup", "workflow_dispatch", {"inputs": {}}, {}).calls == [["cleanup", "--dry-run"]]


def test_a_rollback_says_where_and_why(play_theirs: Play) -> None:
    payload: dict[str, object] = {"inputs": {"environment": "production", "reason": "it rambles"}}
    seen = play_theirs("rollback", "workflow_dispatch", payload, {})
    assert seen.calls == [["rollback", "production", "--reason", "it rambles"]]


def test_what_is_installed_is_of_the_pinned_commit_and_locked_by_hash() -> None:
    """The called workflows set up by the action of their own commit, whose lock has a hash for each package."""
    for name in CALLED:
        for job in body(product.ROOT / ".github" / "workflows" / f"{name}.yml")["jobs"].values():
            used = [str(step["uses"]) for step in job.get("steps", ()) if "uses" in step]
            runs = any("mlops" in str(step.get("run", "")) for step in job.get("steps", ()))
            assert not runs or "$/.github/actions/setup" in used, name
    setup = (product.ROOT / "tools" / "setup.py").read_text()
    assert "--require-hashes" in setup
    action = yamls.read((product.ROOT / ".github" / "actions" / "setup" / "action.yml").read_text())
    assert "$GITHUB_ACTION_PATH" in action["runs"]["steps"][-1]["run"]
