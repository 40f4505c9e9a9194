"""Twenty-five edits that a team may make: its own check is green, and the road ends as each edit deserves.

Every verb of a push runs by its command line in this process, against one emulator, with the values of a rehearsal.
What was trained and answered for an earlier edit is there for the next, as in a workspace. A training costs seconds, so
`make test` goes the whole way for some of them, and `make explore` for all.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Ended
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]
ROAD = ("prepare", "compute", "submit", "watch", "evaluate", "gate", "register")
SMALL = (  # what the stand-in needs for a second of training and a second of answers
    "data.dataset=null", "data.near_duplicates=null", "evaluation.conversations=4", "evaluation.max_new_tokens=4",
    "training.compute=serverless", "serving.smoke_conversations=1", "gate.wait_for_metrics_seconds=0",
    "gate.rules=[{metric: eval_loss, max: 6.5}]",
)  # fmt: skip
Edit = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """Keys that are changed, files that are changed, and how far a push then comes: the last verb and its exit code.

    `often`: the whole way is gone each time. `answers`: models answer held-out conversations.
    """

    settings: tuple[str, ...] = ()
    edit: Edit | None = None
    end: tuple[str, int] = ("register", 0)
    often: bool = False
    answers: bool = False


def rows(texts: list[str], **more: object) -> str:
    turns = (
        [{"role": "user", "content": f"Is {text} open?"}, {"role": "assistant", "content": text}] for text in texts
    )
    return "".join(f"{json.dumps({'messages': messages, **more})}\n" for messages in turns)


def more_rows(data: Path) -> None:
    (data / "more.jsonl").write_text(rows([f"Hall {number}" for number in range(9)]))


def too_few(data: Path) -> None:
    (data / "rows.jsonl").write_text(rows(["Door one", "Door two"]))


def a_table(data: Path) -> None:
    (data / "table.csv").write_text("asked,said\n" + "".join(f"Is {n} odd?,Ask {n}.\n" for n in range(9)))


def with_checks(data: Path) -> None:
    (data / "rows.jsonl").write_text(rows([f"Door {n}" for n in range(30)], checks=[{"matches": "^Door"}]))


def with_probes(data: Path) -> None:
    (data / "probes").mkdir()
    asked = {
        "messages": [{"role": "user", "content": "Hello?"}],
        "checks": [{"matches": "[a-z]"}],
        "right": "a",
        "wrong": "1",
    }
    (data / "probes" / "hello.jsonl").write_text("".join(f"{json.dumps({'id': f'h{n}', **asked})}\n" for n in range(2)))


TABLE = "data.sources=[{path: data/table.csv, columns: {user: asked, assistant: said}}]"
CASES = {
    "nothing": Case(often=True),
    "two epochs": Case(("training.parameters.num_train_epochs=2",)),
    "a silly learning rate": Case(("training.parameters.learning_rate=10.0",), end=("gate", 4), often=True),
    "all weights": Case(("training.parameters.apply_lora='false'",)),
    "another component": Case(("training.component_version='0.0.75'",)),
    "another base model": Case(("model.base=Phi-4", "model.version='8'", "training.component_version='0.0.81'")),
    "a size without a GPU": Case(("training.instance_type=Standard_DS3_v2",), end=("compute", 2), often=True),
    "a cluster of two nodes": Case(("training.compute=edits", "training.max_nodes=2", "training.nodes=2")),
    "another experiment": Case(("training.experiment=other",)),
    "more conversations": Case(edit=more_rows, often=True),
    "too few conversations": Case(edit=too_few, end=("prepare", 2), often=True),
    "a table as a source": Case((TABLE,), a_table),
    "more held out": Case(("data.curated_test_share=0.4",)),
    "another data name": Case(("data.name=edits-other",)),
    "another model name": Case(("model.name=edits-other",)),
    "other questions": Case(("evaluation.conversations=2",), answers=True),
    "longer answers": Case(("evaluation.max_new_tokens=6",), answers=True),
    "no evaluation": Case(("evaluation.enabled=false",), answers=True),
    "probes": Case(("evaluation.probes.max_drop=null",), with_probes, answers=True),
    "a rule that is not met": Case(("gate.rules.eval_loss.max=0.5",), end=("gate", 4), often=True),
    "a gain that is not shown": Case(
        ("gate.rules=[{metric: rougeL, better_than: base}]", "evaluation.probes=null"), end=("gate", 4), answers=True
    ),
    "checks of conversations": Case(
        ("gate.rules=[{metric: checks, min: 0.9}]",), with_checks, end=("gate", 4), often=True, answers=True
    ),
    "another seed of the bootstrap": Case(("gate.seed=7",), answers=True),
    "an environment between": Case(("environments.preview={after: staging}",), end=("promote preview", 0)),
    "more steps and other serving": Case(
        ("environments.production.traffic_steps=[50, 100]", "serving.max_new_tokens=8", "cleanup.idle_days=9"),
        end=("promote production", 0), often=True,
    ),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A team's repository: thirty conversations, the parameters and the workflows."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.jsonl").write_text(rows([f"Door {number}" for number in range(30)]))
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    text = PARAMS_FILE.read_text(encoding="utf-8").replace("endpoint: chat-", "endpoint: edits-")
    (tmp_path / "params.yaml").write_text(text.partition("\nrehearsal:")[0], encoding="utf-8")
    return tmp_path


EXPLORES = os.environ.get("HYPOTHESIS_PROFILE") == "explore"


@pytest.mark.parametrize("name", CASES)
def test_the_check_of_a_team_is_green(name: str, mlops: Callable[..., Ended], project: Path) -> None:
    told = mlops(*edited(CASES[name], project), "check")
    assert told.code == 0, told.out + told.err


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.often or EXPLORES])
def test_the_road_ends_as_an_edit_deserves(name: str, mlops: Callable[..., Ended], project: Path) -> None:
    words, (wanted, code) = edited(CASES[name], project), CASES[name].end
    verbs = [*ROAD, *(["promote staging", wanted] if wanted.startswith("promote") else [])]
    for verb in verbs[: verbs.index(wanted) + 1]:
        more = ["--out", str(project / "out")] if verb == "prepare" else []
        ended = mlops(*words, *verb.split(), *more)
        assert ended.code == (code if verb == wanted else 0), f"{verb}: {ended.out}{ended.err}"


def edited(case: Case, project: Path) -> list[str]:
    """The words that stand before a verb, once the files are changed."""
    if case.edit:
        case.edit(project / "data")
    answers = f"evaluation.enabled={str(case.answers).lower()}"
    stated = ("model.name=edits", "data.name=edits", *SMALL, answers, *case.settings)
    return ["-C", str(project), *(word for setting in stated for word in ("--set", setting))]
