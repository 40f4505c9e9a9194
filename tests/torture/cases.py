"""What is tortured: each verb, from which state it starts, and how that state is made."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from azureml_emulator import process as emulated
from emulator_support.serving import SIZE, register_model
from tests.contract.own_workspace import own_workspace
from tests.project import parameters, write
from tests.torture import process
from tests.torture.process import Service

MODEL = "tortured"
HOUR, DAY = 3600.0, 86400.0
PATIENCE = 6  # times ten seconds: others may use this machine as well


@dataclass(frozen=True)
class Case:
    """A verb from a state: the words, how much later it is, and whether the bounded form has it."""

    name: str
    state: str
    words: tuple[str, ...]
    later: float = 0.0
    bounded: bool = False
    answers: bool = False  # whether params.yaml has models answer, and a judge compare them
    right: tuple[int, ...] = (0,)  # how it ends without trouble
    tells: str = ""  # what it says when a person has to know that something is left undone
    left_for: float = 0.0  # seconds for which what one left undone is another's, as a promotion's is that was requested


CASES = (
    Case("promote", "live", ("promote", "production", "--model", f"{MODEL}:2"), bounded=True),
    Case("rollback", "two", ("rollback", "production", "--reason", "it answers worse"), bounded=True),
    Case("cleanup", "marked", ("cleanup", "--apply"), later=2 * DAY, bounded=True, tells="is not noted on"),
    Case("first promotion", "models", ("promote", "production", "--model", f"{MODEL}:1")),
    Case("freeze", "live", ("freeze", "production", "--reason", "the fair")),
    Case("mark", "old", ("cleanup", "--apply")),
    Case("prepare", "empty", ("prepare",)),
    Case("compute", "empty", ("compute",)),
    Case("submit", "prepared", ("submit",)),
    Case("gate", "trained", ("gate",)),
    Case("register", "judged", ("register",)),
    Case("resume", "trained", ("resume",), left_for=2 * HOUR),
    Case("watch", "submitted", ("watch", "--wait-minutes", "900")),
    Case("evaluate", "trained", ("evaluate", "--wait-minutes", "900"), answers=True),
    Case("compare", "compared", ("compare", "1", "base"), answers=True),
    Case("judge", "compared", ("judge", "1", "base"), answers=True),
)
# Verbs that read by the same code, as the subjects of ARCHITECTURE.md do; a trouble at a read is tried in one of them.
SUBJECTS = (
    {"promote", "rollback", "freeze"},
    {"cleanup"},
    {"prepare", "compute", "submit", "watch"},
    {"gate", "register", "resume", "evaluate", "compare", "judge"},
)
# Troubles that ended wrong once, and are in the bounded form for ever: case, kind, a part of the call.
ONCE_WRONG = (
    ("cleanup", "409", "/versions/2 azure/models.py"),
    ("cleanup", "empty object", "/versions/2 azure/models.py"),
    ("cleanup", "html", "/locks-of-mlops/"),
    ("cleanup", "list", "/mfeOperationsStatus/"),
)
# State -> the state before, and what leads from there to it: words of a verb, a time that passes, or work of its own.
Way = tuple[str, tuple[str, ...] | float | Callable[[], None]]


def subject(case: Case) -> str:
    """The name of the verbs that it belongs to."""
    return "/".join(sorted(next(verbs for verbs in SUBJECTS if case.words[0] in verbs)))


def make_models() -> None:
    """Three versions of a model that answers, with the test file that they were held out from."""
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model

    from mlops.azure import data

    workspace = own_workspace()
    client: MLClient = workspace.ml
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]
    test = Path("test.jsonl")
    test.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    data.upload(workspace, MODEL, "1", dict.fromkeys(data.ROLES, test), {})
    register_model(client, Path("good"), f"{MODEL}-source")
    source = str(client.models.get(f"{MODEL}-source", version="1").path)
    base = "Phi-3-mini-4k-instruct:15"
    tags = {"mlops-verdict": "pass", "mlops-data": f"{MODEL}:1", "mlops-base-model": base, "mlops-owner": MODEL}
    for version in "123":
        made = Model(name=MODEL, version=version, path=source, type="mlflow_model", tags=tags)
        client.models.create_or_update(made)


STATES: dict[str, Way] = {
    "models": ("empty", make_models),
    "live": ("models", ("promote", "production", "--model", f"{MODEL}:1")),
    "two": ("live", ("promote", "production", "--model", f"{MODEL}:2")),
    "old": ("two", 8 * DAY),
    "marked": ("old", ("cleanup", "--apply")),
    "prepared": ("with compute", ("prepare",)),
    "with compute": ("empty", ("compute",)),
    "submitted": ("prepared", ("submit",)),
    "trained": ("submitted", ("watch", "--wait-minutes", "900")),
    "judged": ("trained", ("gate",)),
    "evaluated": ("trained", ("evaluate", "--wait-minutes", "900")),
    "answered": ("evaluated", ("register",)),
    "compared": ("answered", ("compare", "1", "base", "--ask")),
}
ANSWERS = ("evaluated", "answered", "compared")  # states that are made with answers


def talk(number: int) -> list[dict[str, str]]:
    """A conversation that is unlike the others."""
    asked = (
        f"What is {number} times {number + 7}, and what does that have to do with the bridge of year {1800 + number}?"
    )
    told = (
        f"It is {number * (number + 7)}. The bridge number {number} has stood on {number % 9 + 2} pillars since then."
    )
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]


def project(folder: Path, *, answers: bool = False) -> Path:
    """A folder with parameters that name one environment which cleanup may clean up, too."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = parameters()
    stated["environments"] = {
        "production": {"endpoint": f"{MODEL}-production", "instance_type": SIZE, "traffic_steps": [50, 100],
                       "protected": False, "retention_hours": 24}
    }  # fmt: skip
    stated["model"]["name"] = MODEL
    stated["cleanup"] = {"include_production": ["production"], "minimum_age_hours": 1}
    stated["serving"] |= {"smoke_conversations": 1, "max_new_tokens": 2}
    judge = {"endpoint": "https://torture.openai.azure.com", "deployment": "gpt", "rubric": "rubric.md"}
    stated["evaluation"] = {"enabled": False}
    if answers:
        stated["evaluation"] = {"enabled": True, "conversations": 2, "max_new_tokens": 2, "judge": judge}
        (folder / "rubric.md").write_text("The shorter answer is better.\n", encoding="utf-8")
    stated["gate"]["rules"] = [rule for rule in stated["gate"]["rules"] if rule["metric"] != "rougeL"]
    del stated["data"]["dataset"]
    stated["rehearsal"] = {key: value for key, value in stated.get("rehearsal", {}).items() if key.startswith("gate.")}
    write(folder / "params.yaml", stated)
    (folder / "data").mkdir(exist_ok=True)
    rows = "".join(f"{json.dumps({'messages': talk(number)})}\n" for number in range(60))
    (folder / "data" / "few.jsonl").write_text(rows, encoding="utf-8")
    return folder


def advance(service: Service, seconds: float) -> None:
    """Let time pass for the service."""
    for _ in range(PATIENCE):
        with suppress(TimeoutError):
            emulated.control(service.address, "POST", "/clock", {"advance_seconds": seconds})
            return
    raise TimeoutError("the emulator does not answer")


def reach(state: str, root: Path) -> Path:
    """The folder of an emulator in a state; made once."""
    place = root / "states" / state.replace(" ", "-")
    if state == "empty" or place.exists():
        return place
    before, way = STATES[state]
    working, folder = root / "making", project(root / "project", answers=state in ANSWERS)
    with process.emulator(reach(before, root), working) as service:
        if isinstance(way, float):
            advance(service, way)
            done = process.Ended(0, "", ())
        elif callable(way):
            done = process.work(way, folder, service)
        else:
            done = process.command(list(way), folder, service)
    if done.code:
        raise RuntimeError(f"the state {state} cannot be made: {done.code}\n{done.said[-3000:]}")
    place.parent.mkdir(exist_ok=True)
    working.rename(place)
    return place
