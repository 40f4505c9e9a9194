"""Prepares a virtual environment from the hash-pinned lock; does nothing when it already fits.

Standard library only, because it runs before anything is installed. `--for run` installs what `mlops` needs on a
runner, `--for small` leaves out what only preparing data needs, `--for dev` adds emulator and tests.
"""

import os
import sys

# What only an installation needs is imported there: each job of a workflow runs this, and hardly any installs anything.
TYPE_CHECKING = False  # that of `typing` takes longer to import than a job needs here
if TYPE_CHECKING:
    from pathlib import Path

LOCKS = {purpose: f"requirements/{purpose}.txt" for purpose in ("small", "run", "dev")}
PROJECTS = {"small": (".",), "run": (".",), "dev": (".", "emulator")}
INSTALLER = "requirements/installer.txt"
OLDEST = (3, 11)


def main() -> int:
    """Check the interpreter, parse, install what is missing."""
    if sys.version_info < OLDEST:
        return _fail(
            f"Python {sys.version.split()[0]} is too old; 3.11 or newer is needed. Set PYTHON=python3.12, say."
        )
    # A rehearsal hands its environment to jobs that work on a copy of the checkout, so it says by a variable that this
    # one is meant to be used as it is.
    ready = os.environ.get("MLOPS_VENV_READY")
    if ready and sys.argv[1:3] == ["--venv", ready] and os.path.realpath(ready) == ready:
        _tell_the_runner(ready)
        return 0
    import argparse
    from pathlib import Path

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for", dest="purpose", choices=sorted(LOCKS), default="dev", help="what will be run")
    parser.add_argument("--venv", type=Path, default=root() / ".venv", help="the folder of the virtual environment")
    options = parser.parse_args()
    folder = options.venv.resolve()
    _tell_the_runner(str(folder))
    if ready == str(folder):
        return 0
    return _install_what_is_missing(folder, options.purpose)


def root() -> "Path":
    """This checkout."""
    from pathlib import Path

    return Path(__file__).resolve().parent.parent


def _tell_the_runner(folder: str) -> None:
    """A runner's way to make `mlops` known to the steps that follow."""
    if os.environ.get("GITHUB_PATH"):
        with open(os.environ["GITHUB_PATH"], "a", encoding="utf-8") as file:  # noqa: PTH123 - without pathlib
            file.write(f"{folder}/bin\n")


def _install_what_is_missing(folder: "Path", purpose: str) -> int:
    if _fits(folder, purpose):
        _compile(folder)
        return 0
    import subprocess
    import time

    started = time.monotonic()
    try:
        _create(folder)
        _install(folder, purpose)
        _compile(folder)
    except subprocess.CalledProcessError as error:
        return _fail(
            f"{' '.join(map(str, error.cmd))}\nended with code {error.returncode}:\n{error.stderr or error.stdout}"
        )
    _say(f"ready in {time.monotonic() - started:.0f} s: {folder}")
    return 0


def stamp(purpose: str) -> str:
    """What the environment is made from: interpreter, lock, project metadata and this checkout."""
    import hashlib

    digest = hashlib.sha256(f"{sys.version_info[:2]} {root()}".encode())
    for name in (LOCKS[purpose], INSTALLER, *(f"{folder}/pyproject.toml" for folder in PROJECTS[purpose])):
        digest.update((root() / name).read_bytes())
    return digest.hexdigest()


def _fits(folder: "Path", purpose: str) -> bool:
    larger = ("small", "run", "dev")  # each holds everything that those before it need
    stamps = [folder / f".stamp-{name}" for name in larger[larger.index(purpose) :]]
    return any(path.is_file() and path.read_text() == stamp(path.name.removeprefix(".stamp-")) for path in stamps)


def _create(folder: "Path") -> None:
    import shutil
    import subprocess
    import venv

    _say("making the virtual environment")
    if folder.exists():  # set aside first: a program that still runs from it could write into it while it is removed
        old = folder.with_name(f"{folder.name}.old-{os.getpid()}")
        folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True, symlinks=True)
    except (subprocess.CalledProcessError, ImportError) as error:
        raise SystemExit(
            f"setup: python3 cannot make a virtual environment: {error}\n"
            "  fix: install its venv module (on Debian and Ubuntu: apt-get install python3-venv) and run again."
        ) from error


def _install(folder: "Path", purpose: str) -> None:
    python = folder / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check"]
    _run([python, "-m", "pip", "install", *quiet, "--require-hashes", "-r", root() / INSTALLER])
    packages = sum(1 for line in (root() / LOCKS[purpose]).read_text().splitlines() if line and line[0].isalnum())
    _say(f"installing {packages} packages from {LOCKS[purpose]}")
    locked = ["--require-hashes", "-r", root() / LOCKS[purpose]]
    projects = [
        "--no-deps",
        "--no-build-isolation",
        *(part for name in PROJECTS[purpose] for part in ("-e", root() / name)),
    ]
    environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
    uv = [folder / "bin" / "uv", "pip", "install", "--quiet"]
    # Compiled once here: azure-ai-ml alone takes 3 s longer to import where no bytecode may be written later.
    if _run([*uv, "--compile-bytecode", *locked], environment, check=False):
        _say("uv could not install (it does not read pip's own configuration of a mirror); using pip")
        _run([python, "-m", "pip", "install", *quiet, *locked])
    _run([python, "-m", "pip", "install", *quiet, *projects])
    (folder / f".stamp-{purpose}").write_text(stamp(purpose))


def _compile(folder: "Path") -> None:
    """Write our own bytecode: a process takes 0.7 s longer to start where it may not write any itself."""
    packages = (root() / "mlops", root() / "emulator" / "azureml_emulator")
    _run([folder / "bin" / "python", "-m", "compileall", "-q", "-j", 0, *packages], check=False)


def _run(command: list[object], env: dict[str, str] | None = None, *, check: bool = True) -> int:
    """The exit code. Raises subprocess.CalledProcessError where it is checked."""
    import subprocess

    line = [str(part) for part in command]
    return subprocess.run(line, env=env, check=check, capture_output=True, text=True).returncode


def _say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


def _fail(text: str) -> int:
    _say(text)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
