"""A plan against what is released: pushes, a revert, a force-push, a failed run before a push that changes nothing."""

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import agree, jobs
from mlops.azure.workspace import Workspace
from mlops.errors import AzureRefused, MlopsError, RemoteFailed
from mlops.flow.context import Context
from mlops.flow.dataset import prepare
from mlops.flow.release import plan
from mlops.flow.release.plan import PlanResult
from mlops.flow.release.pull_request_diff import FileChange
from mlops.flow.training import submit
from mlops.params import Params, load
from mlops.views import plan as view
from tests.contract.own_workspace import connected_workspace
from tests.project import PARAMS_FILE

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ROOT = Path(__file__).resolve().parents[2]
ROWS = "data/rows.jsonl"


def row(n: int) -> str:
    turns = [{"role": "user", "content": f"How high is {n}?"}, {"role": "assistant", "content": f"It is {n} m high."}]
    return json.dumps({"messages": turns}) + "\n"


class Repository:
    """A working copy, and what a push of it would be planned as."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder, self.workspace = folder, workspace
        self.name, self.seed, self.epochs = f"m-{uuid.uuid4().hex[:8]}", uuid.uuid4().int % 1_000_000, 1
        self.share = 0.1
        (folder / "data").mkdir()
        (folder / ROWS).write_text("".join(map(row, range(40))))
        self.git("init", "-q", "-b", "main")
        self.commit()

    @classmethod
    def of(cls, folder: Path, original: "Repository") -> "Repository":
        """Another clone of the same project."""
        made = cls.__new__(cls)
        made.__dict__ |= {**vars(original), "folder": folder}
        return made

    def git(self, *words: str) -> str:
        named = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        return subprocess.run(named, cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, why: str = "a change") -> str:
        (self.folder / "params.yaml").write_text(f"data: {{name: {self.name}, validation_share: {self.share}}}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", why)
        return self.git("rev-parse", "HEAD")

    def context(self) -> Context:
        stated = load(PARAMS_FILE).model_dump()
        stated["model"]["name"], stated["data"]["name"], stated["data"]["dataset"] = self.name, self.name, None
        stated["data"]["validation_share"] = self.share
        stated["training"] |= {"compute": "serverless"}
        stated["training"]["parameters"] |= {"seed": self.seed, "num_train_epochs": self.epochs}
        params, path = Params.model_validate(stated), self.folder / "params.yaml"
        return Context(params, path, lambda: self.workspace, lambda _: None, commit=self.git("rev-parse", "HEAD"))

    def plan(self) -> tuple[PlanResult, str, str]:
        """The result, the text for people, the reason."""
        found = plan.run(self.context(), force=False).result
        assert view.outputs(found)["train"] == ("true" if found.train else "false")
        return found, view.report(found).to_markdown(), found.train_reason


@pytest.fixture
def held(emulator_address: Address) -> Iterator[None]:
    """Jobs that do not begin, so that none costs anything."""
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "100000 reads"})
    yield
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "at once"})


@pytest.fixture
def repository(emulator_address: Address, sdk_imported: None, tmp_path: Path) -> Repository:
    workspace = connected_workspace()
    (tmp_path / "repository").mkdir()
    return Repository(tmp_path / "repository", workspace)


@pytest.fixture
def release(ml_client: "MLClient", tmp_path: Path) -> Callable[[Repository], str]:
    """Submit the commit, and register a model as if its run had passed the gate. Gives the job."""

    def made(repository: Repository) -> str:
        from azure.ai.ml.entities import Model

        context = repository.context()
        prepare.run(context, out=tmp_path / "out", upload=True)
        name = submit.run(context, force=False).result.job
        found = jobs.find(repository.workspace, name)
        assert found
        (tmp_path / "weights").write_text("w")
        entity = Model(name=repository.name, version="1", path=str(tmp_path / "weights"), type="custom_model",
                       tags={**found.tags, "mlops-job": name})  # fmt: skip
        ml_client.models.create_or_update(entity)
        return name

    return made


def test_the_plan_says_what_differs_from_what_is_released(
    repository: Repository, release: Callable[[Repository], str], held: None
) -> None:
    said, text, why = repository.plan()
    assert (said.compared.released, said.train, why) == (None, True, "new data")
    assert "nothing is released yet" in text
    job = release(repository)
    said, text, why = repository.plan()
    assert (said.train, why) == (False, f"{job} was submitted for this fingerprint")
    assert said.compared.released is not None
    assert (said.compared.released.model, said.compared.released.environment) == (f"{repository.name}:1", None)
    assert said.compared.released.job == job
    assert said.compared.differences == ()
    assert said.compared.conversations == ()
    assert "nothing differs" in text
    repository.git("rm", "-q", "--cached", ROWS)  # there, as in the commit, but not followed
    assert repository.plan()[0].compared.conversations == ()
    repository.git("reset", "-q")
    path, before = repository.folder / ROWS, (repository.folder / ROWS).read_text()
    path.write_text(before.removeprefix(row(0)) + row(50) + row(51))
    repository.epochs, repository.share = 3, 0.2
    repository.commit()
    said, text, why = repository.plan()
    assert (said.train, why) == (True, "new data")
    assert said.compared.conversations == (FileChange(ROWS, 2, 1),)
    changed = {item.name or item.kind: (item.before, item.after) for item in said.compared.differences}
    assert changed["num_train_epochs"] == ("1", "3")
    assert changed["data"][1] == "not prepared yet"
    assert changed["validation_share"] == ("0.1", "0.2")
    assert "conversations: +2 -1" in text
    assert "| parameter num\\_train\\_epochs | 1 | 3 |" in text or "| parameter num_train_epochs | 1 | 3 |" in text
    path.write_text(before)  # a revert, as a new commit
    repository.epochs, repository.share = 1, 0.1
    repository.commit()
    said, _, why = repository.plan()
    assert (said.train, why) == (False, f"{job} was submitted for this fingerprint")
    repository.git("checkout", "-q", "--orphan", "other")  # a force-push to another history with the same files
    repository.commit("the same files")  # within one second the same message would make the same commit again
    repository.git("branch", "-q", "-D", "main")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "-q", "--prune=now")
    said, text, why = repository.plan()
    assert (said.train, said.compared.differences, said.compared.conversations) == (False, (), None)
    assert "conversations are not counted: this clone does not have" in text
    jobs.cancel(repository.workspace, job)
    while not (found := jobs.find(repository.workspace, job)) or not found.state.ended:
        time.sleep(0.05)
    (repository.folder / "notes.md").write_text("read by nobody")  # the path filter would say: nothing to train
    repository.commit()
    said, _, why = repository.plan()
    assert (said.train, why) == (True, f"{job} is Canceled")


@pytest.mark.parametrize("kind", ["404", "stale"])
def test_no_single_answer_makes_a_plan_train_or_release_again(
    repository: Repository,
    release: Callable[[Repository], str],
    held: None,
    emulator_address: Address,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each read in turn is answered as if nothing was there, or as before the release: the same plan, or a refusal."""
    monkeypatch.setattr(agree, "PAUSE", 0.0)
    assert repository.plan()[0].train
    job = release(repository)
    right = repository.plan()[0]
    assert (right.job, right.train) == (job, False)
    wrong: dict[str, object] = {}
    for number in range(60):
        rule = {"route": "*", "method": "GET", "effect": "stale" if kind == "stale" else "status", "skip": number}
        process.control(emulator_address, "POST", "/faults", rule | ({"status": 404} if kind == "404" else {}))
        try:
            found = plan.run(repository.context(), force=False).result
            said: object = (found.job, found.steps)
        except MlopsError as error:
            said = error
        (fault,) = process.control(emulator_address, "GET", "/faults")["faults"]
        process.control(emulator_address, "DELETE", "/faults")
        if not fault["hits"]:
            break
        if not isinstance(said, RemoteFailed | AzureRefused) and said != (job, right.steps):
            wrong[fault["hits"][0]["path"]] = said
    else:
        pytest.fail("a plan has fewer reads")
    assert wrong == {}


def test_quick_pushes_are_one_training_and_a_push_of_something_else_takes_nothing_over(
    repository: Repository, tmp_path: Path
) -> None:
    """Each is planned when it is its turn, in a clone that follows the branch as it is then."""
    pushed = []
    for n in range(5):
        (repository.folder / ROWS).write_text("".join(map(row, range(n, n + 40))))
        pushed.append(repository.commit())
    (repository.folder / "README.md").write_text("no data\n")
    repository.commit()
    repository.git("clone", "-q", str(repository.folder), str(tmp_path / "clone"))
    clone = Repository.of(tmp_path / "clone", repository)

    def planned(commit: str, **policy: str) -> PlanResult:
        clone.git("checkout", "-q", commit)
        context = replace(clone.context(), pushed_branch="main")
        training = context.params.training.model_copy(update=policy)
        params = context.params.model_copy(update={"training": training})
        return plan.run(replace(context, params=params), force=False).result

    assert [planned(commit).train for commit in pushed] == [False, False, False, False, True]
    overtaken = planned(pushed[0])
    assert (overtaken.release, overtaken.promote, overtaken.job) == (False, False, None)
    assert overtaken.why.startswith("main is at ")
    assert planned(pushed[0], queued_pushes="each").train
