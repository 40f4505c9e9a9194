"""Writes the hash-pinned lock files from pyproject.toml: `make lock`. Needs uv on the path of this interpreter.

With `--check` it asks nobody and changes nothing: it says what the locks and the requirements do not agree on.
"""

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
FOR_PREPARATION = ("datasets", "pandas", "polars", "pygal", "xxhash")  # pygal: the site
UV = Path(sys.executable).parent / "uv"
OF_THIS_REPOSITORY = {"mlops", "azureml-emulator"}
PINNED = (
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--quiet",
)
OPTIONS = (*PINNED, "--universal", "--python-version", "3.11")


def main() -> int:
    """Write, or compare."""
    if "--check" in sys.argv:
        found = disagreements(ROOT)
        print("".join(f"{line}\n" for line in found), end="", file=sys.stderr)
        return 1 if found else 0
    lock()
    return 0


def lock() -> None:
    """Resolve for every supported Python; a runner's set and a developer's set share versions."""
    folder = ROOT / "requirements"
    folder.mkdir(exist_ok=True)
    compile_to("dev.txt", ["pyproject.toml", "emulator/pyproject.toml", "--extra", "dev"])
    compile_to("run.txt", ["pyproject.toml", "requirements/build.in", "--constraint", "requirements/dev.txt"])
    (folder / "small.in").write_text("".join(f"{line}\n" for line in small(ROOT)))
    compile_to("small.txt", ["requirements/small.in", "requirements/build.in", "--constraint", "requirements/dev.txt"])
    compile_to("installer.txt", ["requirements/installer.in"])
    compile_to("browser.txt", ["requirements/browser.in", "--constraint", "requirements/dev.txt"])
    compile_to("site.txt", ["requirements/site.in", "--constraint", "requirements/dev.txt"])
    compile_to("audit.txt", ["requirements/audit.in", "--constraint", "requirements/dev.txt"])
    for overrides in sorted(folder.glob("parity-*.overrides")):
        others = ["--override", str(overrides.relative_to(ROOT)), "--python-version", "3.11"]
        compile_to(f"{overrides.stem}.txt", ["requirements/parity.in", *others], PINNED)


def small(root: Path) -> list[str]:
    """What pyproject.toml asks for, without what only the preparation of data needs."""
    wanted = _project(root / "pyproject.toml")["dependencies"]
    return [text for text in wanted if Requirement(text).name not in FOR_PREPARATION]


def disagreements(root: Path) -> list[str]:
    """Every requirement that a lock file does not hold in a version that fits."""
    ours, emulator = (_project(root / folder / "pyproject.toml") for folder in ("", "emulator"))
    build = [line for line in (root / "requirements" / "build.in").read_text().splitlines() if line.strip()]
    wanted = {
        "run.txt": [*ours["dependencies"], *(line for line in build if not line.startswith("#"))],
        "small.txt": small(root),
        "dev.txt": [*ours["dependencies"], *ours["dev"], *emulator["dependencies"], *emulator["evaluation"]],
    }
    lacking = [line for name, texts in wanted.items() for line in _lacks(root / "requirements" / name, texts)]
    stated = [text for project in (ours, emulator) for texts in project.values() for text in texts]
    return lacking + [
        f"pyproject.toml asks for {text}, which no index has: whoever registers the name there could be installed"
        for text in stated
        if Requirement(text).name in OF_THIS_REPOSITORY
    ]


def _project(path: Path) -> Mapping[str, list[str]]:
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return {"dependencies": project.get("dependencies", []), **project.get("optional-dependencies", {})}


def _lacks(path: Path, wanted: Iterable[str]) -> Iterator[str]:
    pins = [Requirement(line.rstrip("\\ ")) for line in path.read_text().splitlines() if line[:1].isalnum()]
    versions = {pin.name.lower().replace("_", "-"): str(pin.specifier).removeprefix("==") for pin in pins}
    for text in wanted:
        stated = Requirement(text)
        pinned = versions.get(stated.name.lower().replace("_", "-"))
        if pinned is None:
            yield f"{path.name} does not hold {text}; run `make lock`"
        elif not stated.specifier.contains(pinned, prereleases=True):
            yield f"{path.name} holds {stated.name} {pinned}, but pyproject.toml asks for {text}; run `make lock`"


def compile_to(name: str, inputs: list[str], options: Sequence[str] = OPTIONS) -> None:
    """One lock file, with a first line that says how it came about."""
    path = ROOT / "requirements" / name
    command = [str(UV), "pip", "compile", *inputs, *options, "--no-annotate", "--output-file", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    path.write_text(f"# Written by `make lock`; every package is pinned by hash.\n{path.read_text()}")


if __name__ == "__main__":
    raise SystemExit(main())
