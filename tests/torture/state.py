"""The whole state of an emulator, without what differs from one run to the next, and the difference of two."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

# Times, ids that are drawn, ports, and what is counted or measured.
_DRAWN = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "COMMIT"),  # of this checkout, which may get another while the whole form runs
    (re.compile(r"torture-[0-9a-f]{8}"), "HOLDER"),
    (re.compile(r"\b\d+ requests \(2xx \d+\)[^;]*"), "PROBES"),
    (re.compile(r"canary \d+"), "CANARY"),
)
_LEFT_OUT = {
    "etag",
    "_keys",
    "systemData",
    "creationContext",
    "modified",
    "created",
    "lease",
    "keys",
    "credentials",
    "file",
}
_SECRET = (
    ("a signature", re.compile(r"\bsig=[\w%+/]{16,}")),
    ("a token", re.compile(r"\beyJ[\w-]{16,}\.")),
    ("an account key", re.compile(r"AccountKey=|[A-Za-z0-9+/]{80,}==")),
)
KINDS = ("onlineEndpoints", "deployments", "jobs", "computes", "models", "models/versions", "data", "data/versions",
         "autoscaleSettings")  # fmt: skip
RUNS = "runs"  # of them the tags, and how they ended: the rest is measured


def read(folder: Path) -> dict[str, str]:
    """Each resource, and what it says."""
    database = sqlite3.connect(f"file:{folder / 'emulator.sqlite'}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT id, kind, body FROM resources").fetchall()
    finally:
        database.close()
    found = {id: _kept(json.loads(body)) for id, kind, body in rows if kind in KINDS}
    for id, kind, body in rows:
        if kind == RUNS:
            found[id] = {name: json.loads(body).get(name) for name in ("tags", "status")}
    return {_plain(id): _plain(json.dumps(stated, sort_keys=True)) for id, stated in found.items()}


def secrets(folder: Path, said: str) -> list[str]:
    """What a command told that it must not: keys of endpoints, signatures of the storage, tokens."""
    database = sqlite3.connect(f"file:{folder / 'emulator.sqlite'}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT body FROM resources WHERE kind = 'onlineEndpoints'").fetchall()
    finally:
        database.close()
    keys = [key for (body,) in rows for key in json.loads(body).get("_keys") or []]
    found = ["an endpoint's key" for key in keys if key in said]
    return found + patterns(said)


def patterns(said: str) -> list[str]:
    """What looks like a secret, whoever's."""
    return [what for what, pattern in _SECRET if pattern.search(said)]


def difference(undisturbed: dict[str, str], found: dict[str, str]) -> list[str]:
    """What is missing, what is too much, and what says something else."""
    wrong = [f"missing: {id}" for id in sorted(set(undisturbed) - set(found))]
    wrong += [f"too much: {id}" for id in sorted(set(found) - set(undisturbed))]
    for id in sorted(set(found) & set(undisturbed)):
        if found[id] != undisturbed[id]:
            wrong.append(f"{id.rpartition('/')[2]}: {_first_difference(undisturbed[id], found[id])}")
    return wrong


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items() if key not in _LEFT_OUT}
    return [_kept(item) for item in value] if isinstance(value, list) else value


def _plain(text: str) -> str:
    for pattern, word in _DRAWN:
        text = pattern.sub(word, text)
    return text


def _first_difference(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"...{one[max(0, at - 40) : at + 60]}... became ...{other[max(0, at - 40) : at + 60]}..."
