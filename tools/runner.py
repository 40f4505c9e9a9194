"""Runs a command as a GitHub runner would: `python tools/runner.py [--branch] -- COMMAND...`.

The last commit is checked out as actions/checkout does it (one commit deep, on no branch), in a folder of its own. The
command gets the variables of a runner and nothing else of this environment, an empty home, another time zone, no
terminal and, where this is root, another user. It has no OIDC token, as a pull request of a fork has none. The
environment of this checkout (`.venv`) is used as it is. Standard library only.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("MLOPS_VENV") or sys.prefix)
USER = 1001  # as on a hosted runner
TIME_ZONE = "Asia/Kathmandu"  # 5 h 45 min from UTC: neither a whole hour nor this machine's
REPOSITORY = "octo-org/octo-repo"


def main() -> int:
    """Parse, check out, run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run, after `--`")
    command = parser.parse_args().command
    command = command[1:] if command[:1] == ["--"] else command
    if not command:
        parser.error("say what to run")
    folder = Path(tempfile.mkdtemp(prefix="runner-"))
    try:
        return run(command, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str], folder: Path) -> int:
    """The exit code of a command that runs below `folder` as on a runner."""
    workspace = folder / "work" / "octo-repo" / "octo-repo"
    checkout(workspace)
    return subprocess.run(
        [*_as_another_user(), *command],
        cwd=workspace,
        env=variables(folder, workspace),
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # so that no terminal is found
        check=False,
    ).returncode


def checkout(workspace: Path) -> None:
    """The last commit, as a pull request is checked out: one commit deep, with a detached head."""
    workspace.mkdir(parents=True)
    commit = _git(ROOT, "rev-parse", "HEAD")
    _git(workspace, "init", "--quiet", "--initial-branch=main")
    _git(workspace, "remote", "add", "origin", ROOT.as_uri())
    _git(workspace, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", f"{commit}:refs/remotes/pull/1/merge")
    _git(workspace, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--force", "refs/remotes/pull/1/merge")


def variables(folder: Path, workspace: Path) -> dict[str, str]:
    """What a step of a pull request's job finds in its environment.

    Source: "Default environment variables" of GitHub's documentation.
    """
    home, temp = folder / "home", folder / "work" / "_temp"
    commands = temp / "_runner_file_commands"
    for path in (home, commands):
        path.mkdir(parents=True)
    event = temp / "event.json"
    event.write_text(json.dumps({"action": "opened", "number": 1}), encoding="utf-8")
    files = {name: commands / name.lower() for name in ("ENV", "OUTPUT", "PATH", "STEP_SUMMARY", "STATE")}
    for path in files.values():
        path.touch()
    python = Path(sys.executable).resolve().parent
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION": "__run",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_ACTOR_ID": "1",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_BASE_REF": "main",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
        "GITHUB_HEAD_REF": "change",
        "GITHUB_JOB": "test",
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_REF_NAME": "1/merge",
        "GITHUB_REF_PROTECTED": "false",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_REPOSITORY_OWNER": REPOSITORY.partition("/")[0],
        "GITHUB_RETENTION_DAYS": "90",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "1658821493",
        "GITHUB_RUN_NUMBER": "3",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": _git(workspace, "rev-parse", "HEAD"),
        "GITHUB_TRIGGERING_ACTOR": "octocat",
        "GITHUB_WORKFLOW": "ci",
        "GITHUB_WORKSPACE": str(workspace),
        **{f"GITHUB_{name}": str(path) for name, path in files.items()},
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "MLOPS_VENV": str(VENV),
        "MLOPS_VENV_READY": str(VENV),
        "PATH": os.pathsep.join([str(VENV / "bin"), str(python), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": os.pathsep.join([str(workspace), str(workspace / "emulator")]),
        "RUNNER_ARCH": "X64",
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_NAME": "GitHub Actions 2",
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(temp),
        "RUNNER_TOOL_CACHE": str(folder / "tools"),
        "TZ": TIME_ZONE,
    }


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)  # noqa: S607
    return done.stdout.strip()


def _as_another_user() -> list[str]:
    """What makes root another user: a name space, in which the files of root are that user's."""
    change = ["unshare", "--user", f"--map-user={USER}", f"--map-group={USER}"]
    if os.geteuid() != 0:
        return []
    if shutil.which("unshare") and subprocess.run([*change, "true"], check=False, capture_output=True).returncode == 0:
        return change
    print("runner: this stays root, because no name space of users can be made here", file=sys.stderr)
    return []


if __name__ == "__main__":
    raise SystemExit(main())
