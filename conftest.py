"""What holds for every test, those of the product in tests/ and those of the emulator in emulator/tests."""

import atexit
import gc
import hashlib
import inspect
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from mlops import memory

pytest_plugins = ["emulator_support.clients"]  # of emulator/tests

# numpy's BLAS reads this once, when it is loaded; two test processes with two threads each would fight for two cores.
os.environ["OPENBLAS_NUM_THREADS"] = "1"


# Act alone makes a hundred small files for each job, and each emulator a database: on a disk that is a third of such a
# test's CPU time and most of its waiting.
def _remove(folder: str, maker: int) -> None:
    if os.getpid() == maker:  # and not a fork of it
        shutil.rmtree(folder, ignore_errors=True)


if fast := memory.folder(os.environ):  # workers are told by the environment
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(fast))  # where pytest keeps what a failed test leaves
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="mlops-tests-", dir=fast)
    atexit.register(_remove, tempfile.tempdir, os.getpid())  # what a killed process left goes with it


# What whoever runs the tests told git is theirs: commits that are signed, hooks, other line ends. In a hook of git its
# variables name another repository than the one that a test has made. A checkout may be another user's, as in a
# container.
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]
gitconfig = Path(tempfile.mkdtemp(prefix="mlops-tests-git-")) / "config"
gitconfig.write_text("[safe]\n\tdirectory = *\n")
atexit.register(_remove, str(gitconfig.parent), os.getpid())
os.environ |= {"GIT_CONFIG_GLOBAL": str(gitconfig), "GIT_CONFIG_NOSYSTEM": "1"}


# A shell has what runs in its background ignore SIGINT, and so would all that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What the steps of one workflow job hand to one another there; on a runner, so each test is a job of its own.
RUNNER_TEMP = os.environ.get("RUNNER_TEMP")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Another folder for each test where there is one; nobody but the commands under test looks there."""
    if RUNNER_TEMP:
        os.environ["RUNNER_TEMP"] = str(Path(RUNNER_TEMP, hashlib.sha256(item.nodeid.encode()).hexdigest()[:16]))


# A test that passed passes again: the same examples are tried each time, so that nobody's change is stopped by what it
# did not touch. `make explore` tries new ones. How long that takes is said of the machine and not of what is tested.
SLOW = [HealthCheck.too_slow]
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=SLOW)
settings.register_profile("explore", max_examples=1_000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(PROFILE := os.environ.get("HYPOTHESIS_PROFILE", "same"))
if PROFILE == "same":
    # Hypothesis tries what stands as a constant in any module of this repository, too, which each worker reads for it:
    # other examples after a change anywhere, and on a worker that has imported other modules by then.
    providers._get_local_constants = lambda: providers._local_constants


# A worker collects 3,200 tests and imports the SDK: some 600,000 objects that stay. Looking for garbage took a fifth of
# its time. While tests are collected there is none to find; afterwards what is there need not be gone through.
gc.disable()


# The whole takes as long as the worker that has the last file: what takes longest comes first.
FILES = (
    "test_rehearsal",
    "test_runner",
    "test_first_release",
    "test_bounded",
    "test_people",
    "test_second_release",
)
FOLDERS = ("journeys", "workflows", "contract", "browser", "properties")


def pytest_configure(config: pytest.Config) -> None:
    """Let each worker read other folders first.

    On a fresh checkout pytest rewrites seven hundred modules, and each worker all of them at the same time as the
    others; so each finds most of them done.
    """
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if not worker or list(config.args) != config.getini("testpaths"):
        return
    found = (path for root in config.args for path in sorted(Path(config.rootpath, root).iterdir()))
    parts = [path for path in found if path.match("test_*.py") or (path.is_dir() and path.name[0] not in "._")]
    sizes = [1 + sum(1 for _ in path.rglob("*.py")) for path in parts]
    first = sum(sizes) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    start = next(number for number in range(len(parts)) if sum(sizes[: number + 1]) > first)
    config.args[:] = map(str, [*parts[start:], *parts[:start]])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files, and then with the folders of long ones."""
    items.sort(key=lambda item: (_place(item.path), item.path))


def _place(path: Path) -> int:
    if path.stem in FILES:
        return FILES.index(path.stem)
    found = (number for number, name in enumerate(FOLDERS, start=len(FILES)) if name in path.parts)
    return next(found, len(FILES) + len(FOLDERS))


def _know_what_has_no_module() -> None:
    """Let `inspect` remember that frames below every test are of no module; it goes through all modules otherwise.

    azure-ai-ml looks at the whole stack for each thing that it calls experimental: 15 ms each, of which this takes 14.
    """
    for frame in inspect.stack(0):
        if inspect.getmodule(frame.frame) is None:
            inspect.modulesbyfile[frame.filename] = ""  # the name of no module, so the answer stays None


def pytest_collection_finish() -> None:
    """Look for garbage again, though not among what was collected, and less often than after every 700 new objects."""
    _know_what_has_no_module()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    gc.enable()
