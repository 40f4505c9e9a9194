"""Walks through a fresh emulator with other versions of azure-ai-ml: `make try-sdk ARGS="1.20.0 1.28.1"`.

Each version gets an environment of its own below build/sdk, from the index that pip is set to; nothing of it is locked,
since another version is what is asked for. The walk is `tools/parity_walk.py`.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = Path(sys.executable).with_name("azureml-emulator")
OLDEST_TRIED = "1.20.0"
WITH = ("azure-identity", "pyyaml", "marshmallow<3.24")  # SDKs before 1.28 import what later marshmallow hides


def main(versions: list[str]) -> int:
    """Try each version, or the oldest that is known to work; 1 when a walk fails."""
    failed = [version for version in versions or [OLDEST_TRIED] if not _walks(version)]
    print(f"failed: {', '.join(failed)}" if failed else "every walk ended well")
    return int(bool(failed))


def _walks(version: str) -> bool:
    folder = ROOT / "build" / "sdk" / version
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"azure-ai-ml=={version}", *WITH], check=True)
    print(f"azure-ai-ml {version}", flush=True)
    with tempfile.TemporaryDirectory() as state:
        own = {**os.environ, "AZUREML_EMULATOR_DIR": state, "PYTHONPATH": str(ROOT)}
        walk = [EMULATOR, "exec", "--", python, ROOT / "tools" / "parity_walk.py"]
        return subprocess.run([str(part) for part in walk], env=own, check=False).returncode == 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
