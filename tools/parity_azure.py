"""Records what a workspace of yours answers to `tools/parity_walk.py`, and says where the emulator answers otherwise.

`make parity-azure`, and the workflow `parity`. With `--rehearse` a fresh emulator stands for the service, so that all
of it is tried without an account. Ends with 0 where all calls are answered alike, with 1 where some are not or the walk
failed, and with 2 where no workspace is named. In a workflow the findings are in the job's summary and an annotation.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from azureml_emulator import process

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "parity"
WALK = (sys.executable, str(ROOT / "tools" / "parity_walk.py"))
EMULATOR = (str(Path(sys.executable).with_name("azureml-emulator")),)
SHOWN_LINES = 40  # of the findings, in the annotation; GitHub takes 64 KiB


def main() -> int:
    """Record, replay, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rehearse", action="store_true", help="record a fresh emulator instead of a workspace")
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    recording = OUT / "recording.jsonl"
    recording.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as state, ExitStack() as ends:
        own = {**os.environ, "AZUREML_EMULATOR_DIR": state}
        instead = (*EMULATOR, "exec", "--") if given.rehearse else ()
        if given.rehearse:
            address = process.launch(Path(state))
            ends.callback(process.stop, Path(state))
            process.control(address, "PUT", "/settings/operations.retry_after_ms", {"value": "50"})
        walked = subprocess.run(
            [*instead, *EMULATOR, "record", "--out", str(recording), "--", *WALK], env=own, check=False
        ).returncode
        if walked == 2 or not recording.is_file():
            return walked or 1
        found = subprocess.run(
            [*EMULATOR, "verify", str(recording)], env=own, check=False, capture_output=True, text=True
        )
    _tell(found.stdout + found.stderr, walked)
    return int(bool(walked or found.returncode))


def _tell(findings: str, walked: int) -> None:
    print(findings, end="")
    count = (findings.strip().splitlines() or ["nothing was compared"])[-1]
    title = f"the emulator and the service: {count}" + (", and the walk failed" if walked else "")
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"### {title}\n\n~~~text\n{findings}~~~\n")
    if os.environ.get("GITHUB_ACTIONS") == "true" and (walked or ", 0 otherwise" not in count):
        print(f"::error title={title}::{'%0A'.join(_escaped(findings).splitlines()[:SHOWN_LINES])}")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "")


if __name__ == "__main__":
    raise SystemExit(main())
