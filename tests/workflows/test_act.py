"""The runner of workflow files itself: what act leaves unsaid is found, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops import actions
from mlops.actions.sandbox import sandbox
from mlops.errors import BadInput, Unfinished

PATH = f"{Path(sys.executable).parent}{os.pathsep}/usr/local/bin{os.pathsep}/usr/bin{os.pathsep}/bin"
ODD = """
name: odd / name
on: push
jobs:
  first:
    name: the first one
    runs-on: ubuntu-24.04
    outputs: {go: "${{ steps.say.outputs.go }}"}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - id: say
        run: |
          echo "go=no" >> "$GITHUB_OUTPUT"
          echo "sha=$GITHUB_SHA actor=$GITHUB_ACTOR secret=${SECRET-unset}"
          echo "$GITHUB_REF of $GITHUB_REPOSITORY, and for act alone <$SHA_REF$GOGC>"
          cat tracked.txt untracked.txt; ls
      - run: echo never
        if: false
  conditional:
    needs: first
    if: ${{ needs.first.outputs.go == 'yes' }}
    runs-on: ubuntu-24.04
    steps: [{run: echo never}]
  unplaced:
    runs-on: ${{ 'of-no-machine' }}
    steps: [{run: echo never}]
  owned:
    runs-on: ${{ contains(vars.OWN, '"') && fromJSON(vars.OWN) || vars.OWN || 'ubuntu-24.04' }}
    steps: [{run: echo hi}]
  matrix:
    name: on ${{ matrix.what }}
    strategy: {matrix: {what: [x, y]}}
    runs-on: ubuntu-24.04
    steps: [{run: echo hi}]
"""
APART = """
on: push
jobs:
  each:
    strategy: {matrix: {place: [staging, Production]}}
    runs-on: ubuntu-24.04
    environment: {name: "${{ matrix.place }}"}
    permissions: {id-token: write}
    env: {CLIENT: "${{ vars.CLIENT }}", SHARED: "${{ vars.SHARED }}"}
    steps: [{run: 'echo "$CLIENT $SHARED $ACTIONS_ID_TOKEN_REQUEST_URL $ACTIONS_ID_TOKEN_REQUEST_TOKEN"'}]
  outside:
    runs-on: ubuntu-24.04
    env: {CLIENT: "${{ vars.CLIENT }}", SHARED: "${{ vars.SHARED }}"}
    steps: [{run: 'echo "outside ${CLIENT:-nobody} $SHARED ${ACTIONS_ID_TOKEN_REQUEST_URL:-no token}"'}]
"""
FAILS = """
on: push
jobs:
  only:
    runs-on: ubuntu-24.04
    steps: [{run: echo because of this; sleep 1; exit 3}]
"""  # act does not wait for what a failed step printed in its last moment
SLOW = """
on: push
jobs:
  slow:
    runs-on: ubuntu-24.04
    steps: [{run: echo $$ begun; sleep 60}]
"""
NOT_UTF8 = os.fsdecode(b"caf\xe9.txt")
HISTORY = """
on: push
jobs:
  only:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - run: git cat-file -t "$GITHUB_SHA"; git --no-pager log --format=%s
"""
FOREIGN = """
on: push
jobs:
  only:
    runs-on: ubuntu-24.04
    steps: [{uses: somebody/something@v1}]
"""
BROKEN = """
on: push
jobs:
  only:
    runs-on: ubuntu-24.04
    steps: [{runs: echo misspelt}]
"""

TALKS = """
on: push
jobs:
  talks:
    runs-on: ubuntu-24.04
    steps:
      - shell: bash
        run: |
          bash -c 'echo inner; exit 1' || echo outer
          for number in $(seq 3000); do echo "line $number of what is said in one go"; done
          printf 'the reason'
          exit 7
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True, env={"PATH": PATH}
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with one commit; what a run makes is looked for, and nothing may be left of it."""
    made, temporary = tmp_path / "repository", tmp_path / "temporary"
    (made / ".github" / "workflows").mkdir(parents=True)
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for name, text in {
        "odd": ODD,
        "slow": SLOW,
        "foreign": FOREIGN,
        "fails": FAILS,
        "broken": BROKEN,
        "talks": TALKS,
    }.items():
        (made / ".github" / "workflows" / f"{name}.yml").write_text(text)
    (made / "tracked.txt").write_text("committed\n")
    (made / ".gitignore").write_text("ignored.txt\n")
    git(made, "init", "--quiet", "--initial-branch=main")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message=first")
    yield made
    assert not list(temporary.iterdir())


def lines(events: list[actions.Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, actions.Text))


def test_every_job_ran_or_was_skipped_or_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the caller")
    (repository / "tracked.txt").write_text("changed since\n")
    (repository / "untracked.txt").write_text("new\n")
    (repository / "ignored.txt").write_text("not for a runner\n")
    seen: list[actions.Event] = []
    machine = actions.RunnerSetup(PATH, {"OWN": '["self-hosted", "in-our-network"]'}, actor="octocat")
    payload = {"repository": {"full_name": "octo-org/mlops", "default_branch": "trunk"}}
    done = actions.run(repository, "odd.yml", "push", payload, machine, seen.append)
    ran = ("first", "owned", "matrix (x)", "matrix (y)")
    assert done.jobs == dict.fromkeys(ran, "success")
    assert done.skipped == ["conditional"]
    assert done.unexplained == ("unplaced",)
    assert not done.succeeded
    assert [step.result for step in done.steps if step.job == "first"] == ["success", "success", "skipped"]
    assert done.output("say", "go") == "no"
    said = lines(seen)
    assert f"sha={git(repository, 'rev-parse', 'HEAD')} actor=octocat secret=unset" in said
    assert "refs/heads/trunk of octo-org/mlops, and for act alone <>" in said
    assert "changed since" in said
    assert "new" in said
    assert "ignored.txt" not in said


def test_a_job_has_the_variables_of_its_environment_and_asks_for_a_token_in_its_name(repository: Path) -> None:
    (repository / ".github" / "workflows" / "apart.yml").write_text(APART)
    own = {"staging": {"CLIENT": "s"}, "production": {"CLIENT": "p", "SHARED": "own"}}
    tokens = actions.TokenService("https://tokens?of={environment}", "mine")
    machine = actions.RunnerSetup(PATH, {"SHARED": "all"}, environments=own, tokens=tokens)
    seen: list[actions.Event] = []
    assert actions.run(repository, "apart.yml", "push", {}, machine, seen.append).succeeded
    assert set(lines(seen).splitlines()) == {
        "s all https://tokens?of=staging mine",
        "p own https://tokens?of=Production mine",
        "outside nobody all no token",
    }


def test_a_step_finds_the_history_of_a_shallow_checkout_on_no_branch(repository: Path, tmp_path: Path) -> None:
    """As a pull request is checked out."""
    (repository / ".github" / "workflows" / "history.yml").write_text(HISTORY)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "the newest")
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), str(checkout))
    git(checkout, "checkout", "--quiet", "--detach")
    events: list[actions.Event] = []
    done = actions.run(checkout, "history.yml", "push", {}, actions.RunnerSetup(PATH), events.append)
    assert done.succeeded, done.cause()
    assert lines(events).split()[-3:] == ["commit", "the", "newest"]


@pytest.fixture
def never_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act ends by itself when it is asked to, or the test would never end."""
    monkeypatch.setattr("mlops.actions.act.KILL_AFTER", 3600.0)


@pytest.mark.usefixtures("never_killed")
def test_a_run_is_stopped_when_its_time_is_up(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time begins with the step here: how long act takes until then says something of the machine alone."""
    seen: list[actions.Event] = []
    begun = threading.Event()

    class FromTheStepOn(threading.Timer):
        def run(self) -> None:
            begun.wait()
            super().run()

    def see(event: actions.Event) -> None:
        seen.append(event)
        if isinstance(event, actions.Text):
            begun.set()

    monkeypatch.setattr(threading, "Timer", FromTheStepOn)
    try:
        with pytest.raises(Unfinished, match=r"slow\.yml did not end within 0\.1 seconds(.|\n)*it was in slow, "):
            actions.run(repository, "slow.yml", "push", {}, actions.RunnerSetup(PATH), see, timeout=0.1)
    finally:
        begun.set()
    assert gone(int(lines(seen).split()[0]))


@pytest.mark.usefixtures("never_killed")
def test_an_interrupt_stops_act_and_what_it_started(repository: Path) -> None:
    shells: list[int] = []

    def interrupt(event: actions.Event) -> None:
        if isinstance(event, actions.Text):
            shells.append(int(event.text.split()[0]))
            signal.raise_signal(signal.SIGINT)

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        actions.run(repository, "slow.yml", "push", {}, actions.RunnerSetup(PATH), interrupt)
    (shell,) = shells
    assert gone(shell)
    assert threading.active_count() == before


def gone(process: int) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    for _ in range(1200):  # it was told to end: a busy machine lets it do so later
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_failure_is_explained_by_the_step_and_not_by_what_act_says_of_containers(repository: Path) -> None:
    done = actions.run(repository, "fails.yml", "push", {}, actions.RunnerSetup(PATH))
    assert not done.succeeded
    assert done.cause() == "because of this"
    assert not done.troubles


def test_what_a_step_says_just_before_it_fails_is_not_lost(repository: Path) -> None:
    """Act itself leaves unread what is in the terminal of a step when that has failed."""
    events: list[actions.Event] = []
    done = actions.run(repository, "talks.yml", "push", {}, actions.RunnerSetup(PATH), events.append)
    numbered = [f"line {number} of what is said in one go" for number in range(1, 3001)]
    assert lines(events).split("\n") == ["inner", "outer", *numbered, "the reason"]
    assert [one.code for one in done.exits] == [7]


def test_an_action_that_nothing_stands_in_for_is_refused_by_name(repository: Path) -> None:
    with pytest.raises(BadInput, match="cannot run the action somebody/something@v1"):
        actions.run(repository, "foreign.yml", "push", {}, actions.RunnerSetup(PATH))


def test_what_act_refuses_is_said_in_its_words(repository: Path) -> None:
    with pytest.raises(BadInput, match=r"act cannot run broken\.yml for the event push(.|\n)*runs"):
        actions.run(repository, "broken.yml", "push", {}, actions.RunnerSetup(PATH))


def test_the_copy_is_what_a_checkout_of_the_working_tree_would_be(repository: Path) -> None:
    (repository / "folder").mkdir()
    for name in ("folder/program", "folder/text", "deleted.txt"):
        (repository / name).write_text(name)
    (repository / "folder" / "program").chmod(0o700)
    (repository / "folder" / "link").symlink_to("text")
    (repository / "dangling").symlink_to("nowhere")
    (repository / NOT_UTF8).write_text("of another encoding")
    git(repository, "add", "--all")
    (repository / "deleted.txt").unlink()
    with sandbox(repository, os.environ) as place:
        copy = place.copy / "folder"
        assert [(copy / name).stat().st_mode & 0o111 for name in ("program", "text")] == [0o111, 0]
        assert ((copy / "link").readlink(), (copy / "link").read_text()) == (Path("text"), "folder/text")
        assert (place.copy / "dangling").is_symlink()
        assert not (place.copy / "deleted.txt").exists()
        assert (place.copy / NOT_UTF8).read_text() == "of another encoding"


def test_a_folder_without_a_commit_is_refused(tmp_path: Path, repository: Path) -> None:
    bare = tmp_path / "bare"
    (bare / ".github" / "workflows").mkdir(parents=True)
    (bare / ".github" / "workflows" / "slow.yml").write_text(SLOW)
    git(bare, "init", "--quiet")
    with pytest.raises(BadInput, match="no git checkout with a commit"):
        actions.run(bare, "slow.yml", "push", {}, actions.RunnerSetup(PATH))


def test_a_folder_for_temporary_files_whose_name_act_would_divide_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = tmp_path / "of two words"
    apart.mkdir()
    with monkeypatch.context() as there:
        there.setattr(tempfile, "tempdir", str(apart))
        with pytest.raises(BadInput, match=r"of two words: .* has a space or a quote in it(.|\n)*TMPDIR"):
            actions.run(repository, "odd.yml", "push", {}, actions.RunnerSetup(PATH))
    assert not list(apart.iterdir())
