"""Which program trains, evaluates and serves models: the stand-in, or one that the state folder names.

`model-stack.json` in that folder holds `{"command": [words]}`. With `work FOLDER` behind them the words start a program
that speaks the protocol of `stand_in_model.worker`; with `serve FOLDER` one that answers as `ServedModel` asks.
"""

import json
from pathlib import Path

FILE = "model-stack.json"


def command(folder: Path) -> list[str]:
    """The words that start another stack; none where the stand-in does the work."""
    path = folder / FILE
    if not path.is_file():
        return []
    return [str(word) for word in json.loads(path.read_text(encoding="utf-8"))["command"]]


def use(folder: Path, words: list[str]) -> None:
    """Name another stack, for an emulator that has this folder; no words: the stand-in again."""
    path = folder / FILE
    path.unlink(missing_ok=True)
    if words:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"command": words}), encoding="utf-8")
