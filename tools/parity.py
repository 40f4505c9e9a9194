"""Asks Microsoft's own code what our requests, settings and files are to it: `make parity-stack` (docs/parity.md).

One environment for each version of the training component, in .venv-parity. The answers are compared with those in
tests/parity/expectations; --write puts them there.
"""

import argparse
import difflib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
EXPECTATIONS = ROOT / "tests" / "parity" / "expectations"
ENVIRONMENTS = ROOT / ".venv-parity"
TORCH = "torch==2.13.0"
ROWS = 60


def main() -> int:
    """Set up, ask, compare; 1 when something differs."""
    known = [path.name.removeprefix("parity-").removesuffix(".overrides") for path in REQUIREMENTS.glob("*.overrides")]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", action="append", choices=sorted(known), help="only this version")
    parser.add_argument("--write", action="store_true", help="keep the answers as the expectations")
    parser.add_argument("--python", default="python3.11", help="of the images; the packages have no wheels for all")
    parser.add_argument("--environment", action="store_true", help="only make it, and print its interpreter")
    given = parser.parse_args()
    if given.environment:
        print("\n".join(str(environment(component, given.python)) for component in given.component or sorted(known)))
        return 0
    differs = False
    with TemporaryDirectory() as name:
        data = prepared(Path(name))
        for component in given.component or sorted(known):
            made = Path(name) / f"{component}.json"
            ask(environment(component, given.python), component, data, made)
            differs = settle(EXPECTATIONS / made.name, made.read_text(encoding="utf-8"), write=given.write) or differs
    return int(differs)


def environment(component: str, python: str) -> Path:
    """The interpreter of a component version's environment, made anew when its lock has changed."""
    folder, lock = ENVIRONMENTS / component, REQUIREMENTS / f"parity-{component}.txt"
    deepspeed = REQUIREMENTS / "parity-deepspeed.txt"  # from source, with the torch that is there
    stamp, wanted = folder / "stamp", hashlib.sha256(lock.read_bytes() + deepspeed.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder / "bin" / "python"
    say(f"{component}: making {folder.relative_to(ROOT)} (some minutes)")
    shutil.rmtree(folder, ignore_errors=True)
    run([python, "-m", "venv", folder])
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    run([*pip, os.environ.get("PARITY_TORCH", TORCH)])
    run([*pip, "--no-deps", "--require-hashes", "-r", lock])
    run([*pip, "--no-deps", "--no-build-isolation", "--require-hashes", "-r", deepspeed], DS_BUILD_OPS="0")
    stamp.write_text(wanted)
    return folder / "bin" / "python"


def prepared(folder: Path) -> Path:
    """Training files that `mlops prepare` made of some short conversations."""
    params = yaml.safe_load((ROOT / "tests" / "project" / "params.yaml").read_text(encoding="utf-8"))
    del params["data"]["dataset"]
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "data").mkdir()
    rows = "".join(f"{json.dumps(conversation(number))}\n" for number in range(ROWS))
    (folder / "data" / "bread.jsonl").write_text(rows, encoding="utf-8")
    mlops = Path(sys.executable).parent / "mlops"
    run([mlops, "-C", folder, "prepare", "--no-upload", "--out", folder / "prepared"])
    return folder / "prepared"


def conversation(number: int) -> dict[str, Any]:
    """One of two lengths, every other with a system message."""
    turns = [("user", f"How do I bake bread number {number}?"), ("assistant", f"Mix flour and {number} g of salt.")]
    turns += [("user", f"And after {number} minutes?"), ("assistant", f"Bake it for {number + 30} minutes.")]
    system = [("system", "Be brief.")] if number % 2 else []
    said = [*system, *turns[: 2 if number % 3 else 4]]
    return {"messages": [{"role": role, "content": content} for role, content in said]}


def ask(python: Path, component: str, data: Path, out: Path) -> None:
    """Run tests/parity/answer.py there, away from every network."""
    say(f"{component}: asking")
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT)}
    run([python, "-m", "tests.parity.answer", component, data, out], cwd=out.parent, **quiet)


def settle(path: Path, answered: str, *, write: bool) -> bool:
    """Keep what was answered, or show how it differs from what is kept; whether it differs."""
    kept = path.read_text(encoding="utf-8") if path.is_file() else ""
    if write:
        path.write_text(answered, encoding="utf-8")
        return False
    lines = list(
        difflib.unified_diff(kept.splitlines(), answered.splitlines(), str(path.relative_to(ROOT)), "answered", n=6)
    )
    print("\n".join(lines) if lines else f"parity: {path.stem} answers as recorded")
    return bool(lines)


def run(command: list[object], cwd: Path = ROOT, **environment_of_it: str) -> None:
    """Run, and end with its output when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **environment_of_it}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(
            f"{' '.join(words)}\nended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )


def say(text: str) -> None:
    """What is being done, for a person who waits."""
    print(f"parity: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
