"""A first release by the commands of docs/first-release.md, from a subscription and a repository that hold nothing."""

import io
import json
import os
import re
import shlex
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops import actions
from mlops.cli.rehearse.github_side import REF, GithubSide
from mlops.cli.rehearse.scenario import Rehearsal
from mlops.cli.rehearse.show import Show
from mlops.params import load

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "acme/helpdesk"
WORDS = {"OWNER": "acme", "LOGIN": "octocat", "REGION": "westeurope"}
SMALL = (
    "data.dataset.percent=1",
    "evaluation.conversations=8",
    "evaluation.max_new_tokens=16",
    "serving.max_new_tokens=16",
)
GIVEN = {  # what a person answers where the command asks
    "mlops init helpdesk": f"--yes --workflows acme/mlops@{COMMIT}",
    "mlops init cloud": "--yes",
}


def documented() -> list[str]:
    text = (ROOT / "docs" / "first-release.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


class Runner(Rehearsal):
    """Runs workflows with what GitHub has of the repository that was set up."""

    set_up: GithubSide

    @property
    def github(self) -> GithubSide:
        return self.set_up


@dataclass
class Newcomer:
    """Somebody at a terminal, with what their shell has come to know."""

    folder: Path
    binaries: Path
    address: Address
    shell: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))}
        signed_in = {name: text for name, text in process.identity().items() if name in SIGN_IN}
        self.shell = {**kept, "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": str(self.folder / "none"), "GITHUB_TOKEN": "mine"}
        self.shell |= {**process.network(self.address), **signed_in, "COLUMNS": "200"}
        self.shell["PATH"] = f"{self.binaries}{os.pathsep}{kept['PATH']}"

    def types(self, line: str) -> str:
        done = subprocess.run(
            shlex.split(line), cwd=self.folder, env=self.shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.shell |= dict(re.findall(r"^\s*export (\w+)=(\S+)$", done.stdout, re.MULTILINE))
        return done.stdout

    def is_told_that_all_is_well(self, line: str, not_yet: Collection[str] = ()) -> None:
        """Every row of the doctor's table is ok, but those that can only be looked at later."""
        checks = json.loads(self.types(f"{line} --json"))["result"]["checks"]
        rows = {one["name"]: (one["health"], one["finding"]) for one in checks if one["health"] != "ok"}
        assert len(checks) > len(rows)
        assert dict.fromkeys(not_yet, "not checked") == {name: health for name, (health, _) in rows.items()}, rows

    def push(self) -> actions.ActRun:
        """What GitHub has after it, and the workflow that it starts."""
        files = [path.name for path in (self.folder / ".github" / "workflows").glob("*.yml")]
        process.control(self.address, "PUT", f"/github/{REPOSITORY}/workflows", {"files": files})
        show = Show(io.StringIO(), {"NO_COLOR": "1"}, verbose=False)
        state = Path(self.address.folder)
        runner = Runner(self.folder, load(self.folder / "params.yaml"), show, keep=True, state=state, settings=SMALL)
        runner.address, runner.set_up, runner.binaries = self.address, self.on_github(), self.binaries
        own = {stated["AZURE_CLIENT_ID"] for stated in runner.set_up.environments.values()}
        assert len(own) == len(runner.set_up.environments) == len(("training", "staging", "production"))
        payload = {"ref": REF, "repository": {"full_name": REPOSITORY, "fork": False}}
        done, failure = runner.workflow("train", "push", payload)
        assert failure is None, done.cause()
        cleaned, failure = runner.workflow("cleanup", "schedule", {"schedule": "23 4 * * *"})  # reads metrics
        assert failure is None, cleaned.cause()
        return done

    def as_a_job_of(self, environment: str, roads: str) -> "Newcomer":
        """What `auth-check` gives its job for an environment: a token in its name in the place of a secret."""
        github = self.on_github()
        asks = github.machine("workflow_dispatch", "", {}).tokens
        assert asks is not None
        job = Newcomer(self.folder, self.binaries, self.address)
        job.shell = {name: text for name, text in self.shell.items() if name not in SIGN_IN}
        job.shell |= {**github.variables, **github.environments[environment], "MLOPS_DOCTOR_FOR": roads}
        job.shell["ACTIONS_ID_TOKEN_REQUEST_URL"] = asks.url.replace("{environment}", environment)
        job.shell["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = asks.token
        return job

    def on_github(self) -> GithubSide:
        """The variables of the repository and of each of its environments, as GitHub would hand them to jobs."""
        environments = [one["name"] for one in self.reads("environments")["environments"]]
        own = {name: self.variables(f"environments/{name}/variables") for name in environments}
        return GithubSide(REPOSITORY, self.variables("actions/variables"), own)

    def variables(self, path: str) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.reads(path)["variables"]}

    def reads(self, path: str) -> dict[str, Any]:
        web = requests.Session()
        web.trust_env = False
        web.proxies, web.verify = {"https": self.address.proxy_url}, self.address.ca_file
        url = f"https://api.github.com/repos/{REPOSITORY}/{path}"
        return dict(web.get(url, headers={"Authorization": "Bearer mine"}).json())


SIGN_IN = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")  # stands for `az login`


@pytest.fixture
def newcomer(tmp_path: Path, binaries: Path) -> Iterator[Newcomer]:
    address = process.launch(tmp_path / "state", fresh=True)
    process.control(address, "PUT", "/delay/jobs", {"delay": "at once"})
    process.control(address, "PUT", "/settings/operations.retry_after_ms", {"value": "50"})
    (tmp_path / "home").mkdir()
    yield Newcomer(tmp_path / "home", binaries, address)
    process.stop(tmp_path / "state")


def test_the_documented_commands_lead_from_nothing_to_production_and_undo_leaves_nothing(newcomer: Newcomer) -> None:
    words = {**WORDS, "SUBSCRIPTION_ID": process.workspace()["AZURE_SUBSCRIPTION_ID"]}
    cloud = ""
    for line in documented():
        typed = re.sub(r"\b[A-Z_]{5,}\b", lambda found: words.get(found[0], found[0]), line)
        match line.split():
            case ["az" | "gh", *rest] if rest[1:] == ["login"] or rest == ["login"]:
                continue  # the token and the identity are in the shell already
            case ["gh", "repo", "create", *_]:
                newcomer.types(f"git -C helpdesk remote add origin https://github.com/{REPOSITORY}.git")
            case ["cd", folder]:
                newcomer.folder /= folder
            case ["git", "push", *_]:
                done = newcomer.push()
                assert done.output("promote", "traffic", "(production)") == "model-1 100 %"
            case [stated, _, "auth", "token)", *command] if stated == "GITHUB_REPOSITORY=OWNER/helpdesk":
                newcomer.shell["GITHUB_REPOSITORY"] = REPOSITORY
                newcomer.is_told_that_all_is_well(" ".join(command))
                for environment, roads in (("training", "train cleanup"), ("production", "promote")):
                    newcomer.as_a_job_of(environment, roads).is_told_that_all_is_well("mlops doctor")
            case ["mlops", *_]:
                typed += next((f" {given}" for start, given in GIVEN.items() if line.startswith(start)), "")
                cloud = typed if line.startswith("mlops init cloud") else cloud
                if line == "mlops doctor":
                    newcomer.is_told_that_all_is_well(
                        typed, {"traffic in Azure Monitor"}
                    )  # of endpoints, once there are
                else:
                    newcomer.types(typed)
            case _:
                pytest.fail(f"the page has a command that this test does not know: {line}")
    assert "nothing to do" in newcomer.types(cloud)
    newcomer.types(f"{cloud} --undo")
    left = json.loads(newcomer.types(f"{cloud.replace('--yes', '')} --dry-run --json"))["result"]["steps"]
    stays = ("resource providers", "default permissions")  # they cost nothing, and others may use them by now
    assert {one["what"] for one in left if one["found"] != "missing"} == set(stays)
