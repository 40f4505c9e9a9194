"""The same training twice, each time by a process of its own: the same numbers and files to the bit, but for times."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from azureml_emulator.stand_in_model.nodes import NODES

ROOT = Path(__file__).parents[3]
# Single precision, all rows anew each time and dropout: what differed in a last bit would be seen.
INPUTS = {"learning_rate": "5e-05", "apply_lora": "true", "lora_dropout": "0.1", "num_train_epochs": "3"}
OF_TIME = re.compile(r"runtime$|_per_second$")  # of metrics and of trainer_state.json; the real component has them, too
MADE_AT = re.compile(r"^utc_time_created: .*$", re.MULTILINE)
THREADS, HASHES = "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED"


def _messages(number: int) -> list[dict[str, str]]:
    said = (("user", f"How do I open door {number}?"), ("assistant", f"Press the green button of door {number}."))
    return [{"role": role, "content": content} for role, content in said]


def _request(folder: Path) -> Path:
    folder.mkdir()
    for name, numbers in (("train", range(24)), ("validation", range(50, 54)), ("test", range(60, 62))):
        lines = (json.dumps({"messages": _messages(number)}) for number in numbers)
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    files = {f"{name}_file_path": str(folder / f"{name}.jsonl") for name in ("train", "validation", "test")}
    base = {"name": "Phi-3-mini-4k-instruct", "asset_id": "azureml://registries/azureml/models/x"}
    nodes = [*NODES, "model_prediction", "compute_metrics"]
    asked = {"inputs": INPUTS, "files": files, "base_model": base, "nodes": nodes, "output": str(folder / "outputs")}
    (folder / "request.json").write_text(json.dumps(asked))
    return folder


def _trained(folder: Path, **changed: str) -> list[tuple[str, Any]]:
    """The metrics of a training in a fresh process that is given these variables."""
    kept = {name: value for name, value in os.environ.items() if name not in (THREADS, HASHES)}
    command = [sys.executable, "-m", "azureml_emulator.stand_in_model", str(_request(folder))]
    done = subprocess.run(command, cwd=ROOT, env={**kept, **changed}, capture_output=True, text=True, check=True)
    events = map(json.loads, done.stdout.splitlines())
    return [(one["name"], one["value"]) for one in events if one["event"] == "metric"]


def _files(folder: Path) -> dict[str, bytes]:
    """What the run left, without what says when it was or how long it took."""
    outputs = folder / "outputs"
    found = {str(path.relative_to(outputs)): path.read_bytes() for path in outputs.rglob("*") if path.is_file()}
    for name, content in found.items():
        if name.endswith("MLmodel"):
            found[name] = MADE_AT.sub("", content.decode()).encode()
        elif name.endswith("trainer_state.json"):
            state = json.loads(content)
            for one in state["log_history"]:
                for name_of_time in filter(OF_TIME.search, [*one]):
                    del one[name_of_time]
            found[name] = json.dumps(state).encode()
    return {name: content for name, content in found.items() if not name.startswith("model_prediction/performance")}


def test_another_order_of_hashes_and_other_threads_train_the_same_model(tmp_path: Path) -> None:
    first = _trained(tmp_path / "first", **{HASHES: "1"})
    second = _trained(tmp_path / "second", **{HASHES: "2", THREADS: "2"})
    same, again = ([one for one in metrics if not OF_TIME.search(one[0])] for metrics in (first, second))
    assert {"eval_loss", "train_loss", "grad_norm", "rougeL"} <= {name for name, _ in same}
    assert same == again
    files, others = _files(tmp_path / "first"), _files(tmp_path / "second")
    assert any(name.endswith("data/model/model.npz") for name in files)
    assert any("checkpoint-" in name for name in files)
    assert {name for name in {*files, *others} if files.get(name) != others.get(name)} == set()


def test_programs_that_are_not_the_stand_in_have_the_threads_that_their_caller_wants() -> None:
    asked = (
        "import os; from azureml_emulator import stand_in_model as s; print(s.for_others(os.environ).get(s.THREADS))"
    )
    kept = {name: value for name, value in os.environ.items() if name != THREADS}
    for wanted, given in (({THREADS: "3"}, "3"), ({}, "None")):
        command = [sys.executable, "-c", asked]
        done = subprocess.run(command, env={**kept, **wanted}, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == given
