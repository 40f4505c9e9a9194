"""The field's words: names that this project once made up are not used for what the field has a term for."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INVENTED = {  # the word -> what the field calls it
    "teardown": "cleanup",
    "deeds?": "apply",
    "burn(s|ing)?": "cost, running",
    "fleet": "endpoint inventory",
    "shelf": "model versions, version retention",
    "spares?": "idle deployment",
    "handover": "share to a registry",
    "crown": "set champion",
    "story": "scenario, log",
    "soak": "bake time",
    "asker": "scoring client",
    "paces?": "rate limit, delay",
    "door": "authorization, entry",
    "doom(ed)?": "injected failure",
    "own_code": "scoring script",
    "spool": "spill file",
    "lots?": "partition",
    "minima": "MinHash signature",
    "twins?": "duplicate pair",
    "portions?": "batch",
    "workshop": "sandbox",
    "mend(s|ed|ing)?": "fix",
    "reckon(s|ed)?": "compute",
    "torn": "deleted",
    "ticks?": "poll, reconcile run",
}
WORDS = re.compile(rf"(?<![a-z])({'|'.join(INVENTED)})(?![a-z])", re.IGNORECASE)
# Where a word means something else: a file and the text around it.
MEANT: dict[str, str] = {}
MEANT = {
    "mlops/params/renames.py": "environments.*.soak_seconds",  # an old name of a key
    "emulator/azureml_emulator/core/clock.py": "seven digits' place for ticks",
}

FILES = sorted(path for folder in ("mlops", "emulator/azureml_emulator") for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def invented(path: Path) -> dict[str, int]:
    """The words in a file or its name, with their lines."""
    text = f"{name(path)}\n{path.read_text(encoding='utf-8')}".replace(MEANT.get(name(path), "\0"), "")
    return {match[0]: text[: match.start()].count("\n") for match in WORDS.finditer(text)}


def test_names_are_those_of_the_field() -> None:
    found = {name(path): words for path in FILES if (words := invented(path))}
    assert not found, "the field has another word for it: see INVENTED"
