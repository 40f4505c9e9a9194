"""Writes the hash-pinned lock files from pyproject.toml: `make lock`. Needs uv on the path of this interpreter."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
PINNED = (
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-emit-package",
    "azureml-emulator",  # of this repository, installed from its folder
    "--quiet",
)
OPTIONS = (*PINNED, "--universal", "--python-version", "3.11")


def main() -> None:
    """Resolve for every supported Python; a runner's set and a developer's set share versions."""
    folder = ROOT / "requirements"
    folder.mkdir(exist_ok=True)
    compile_to("dev.txt", ["pyproject.toml", "--extra", "dev"])
    compile_to("run.txt", ["pyproject.toml", "requirements/build.in", "--constraint", "requirements/dev.txt"])
    compile_to("installer.txt", ["requirements/installer.in"])
    for overrides in sorted(folder.glob("parity-*.overrides")):
        others = ["--override", str(overrides.relative_to(ROOT)), "--python-version", "3.11"]
        compile_to(f"{overrides.stem}.txt", ["requirements/parity.in", *others], PINNED)


def compile_to(name: str, inputs: list[str], options: Sequence[str] = OPTIONS) -> None:
    """One lock file, with a first line that says how it came about."""
    path = ROOT / "requirements" / name
    command = [str(UV), "pip", "compile", *inputs, *options, "--no-annotate", "--output-file", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    path.write_text(f"# Written by `make lock`; every package is pinned by hash.\n{path.read_text()}")


if __name__ == "__main__":
    main()
