"""`mlops upgrade`: moves a team's workflows to another commit of this program, and its files with them."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from mlops import history, product, textfiles
from mlops.domain.repository import changelog
from mlops.domain.repository.changes import difference
from mlops.domain.repository.pin import PATHS, Pin, moved, pins
from mlops.errors import BadInput, Problem
from mlops.flow.outcome import Outcome
from mlops.flow.repository.projects import FOLDER, PARAMS
from mlops.params.renames import rewritten
from mlops.params.schema import json_schema

SCHEMA = "params.schema.json"


@dataclass(frozen=True)
class UpgradedFile:
    """A file that changes, how, and which keys have another name there."""

    path: str
    difference: str
    renamed: tuple[str, ...]


@dataclass(frozen=True)
class UpgradeResult:
    """From which commits to which one; `changes` are the entries of the changelog between them.

    `compared` says whether the older changelog was at hand; else `changes` are those since its version.
    """

    before: tuple[str, ...]
    after: str
    applied: bool
    files: tuple[UpgradedFile, ...]
    changes: tuple[str, ...]
    compared: bool


def run(top: Path, to: Pin, *, apply: bool) -> Outcome[UpgradeResult]:
    """Look at workflows, parameters and schema; with `apply` write what changes. BadInput where nothing calls us."""
    found, texts = _pins(top)
    news, compared = _changes(found)
    files: list[UpgradedFile] = []
    for path, before in texts.items():
        after, renamed = _after(path, before, to)
        if after == before:
            continue
        shown = "" if path == SCHEMA else difference(path, before, after)
        files.append(UpgradedFile(path, shown, renamed))
        if apply:
            (top / path).write_text(after, encoding="utf-8")
    before_pins = tuple(dict.fromkeys(str(pin) for pin in found))
    return Outcome(UpgradeResult(before_pins, str(to), apply, tuple(files), tuple(news), compared))


def _pins(top: Path) -> tuple[list[Pin], dict[str, str]]:
    """The pins of the workflows, and every file that may change with its text."""
    workflows = sorted((top / ".github" / "workflows").glob("*.y*ml"))
    texts = {path.relative_to(top).as_posix(): textfiles.read(path) for path in workflows}
    found = [pin for text in texts.values() for pin in pins(text, PATHS)]
    if not found:
        what, fix = "no workflow here calls those of mlops", "a fork is upgraded by a merge; else run `mlops init`"
        raise BadInput(Problem(what, str(top / ".github" / "workflows"), fix=fix))
    others = (top / SCHEMA, top / PARAMS, *sorted((top / FOLDER).glob(f"*/{PARAMS}")))
    texts |= {path.relative_to(top).as_posix(): textfiles.read(path) for path in others if path.is_file()}
    return found, texts


def _after(path: str, text: str, to: Pin) -> tuple[str, tuple[str, ...]]:
    """What a file is to hold, and the keys that were renamed in it."""
    if path == SCHEMA:
        return json.dumps(json_schema(), indent=2) + "\n", ()
    if not path.endswith(PARAMS):
        return moved(text, PATHS, to), ()
    try:
        return rewritten(text)
    except yaml.YAMLError as error:
        raise BadInput(Problem("not valid YAML", path, why=str(error).splitlines()[0], fix="mlops check")) from None


def _changes(found: list[Pin]) -> tuple[list[str], bool]:
    """What the changelog says between the oldest known pin and this program."""
    now = product.changelog()
    then = next((text for pin in found if (text := history.content(product.ROOT, pin.commit, "CHANGELOG.md"))), b"")
    if then:
        return changelog.between(then.decode("utf-8", "replace"), now), True
    return changelog.since(found[0].version, now), False
