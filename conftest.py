"""What holds for every test, those of the product in tests/ and those of the emulator in emulator/tests."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["emulator_support.clients"]  # of emulator/tests

# numpy's BLAS reads this once, when it is loaded; two test processes with two threads each would fight for two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


# A test that passed passes again: the same examples are tried each time, so that nobody's change is stopped by what it
# did not touch. `make explore` tries new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


# A worker collects 3,200 tests and imports the SDK: some 600,000 objects that stay. Looking for garbage took a fifth of
# its time. While tests are collected there is none to find; afterwards what is there need not be gone through.
gc.disable()


# The whole takes as long as the worker that has the last file: what takes longest comes first.
FILES = ("test_rehearsal", "test_runner", "test_bounded", "test_people")
FOLDERS = ("journeys", "workflows", "contract", "browser", "properties")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files, and then with the folders of long ones."""
    items.sort(key=lambda item: _place(item.path))


def _place(path: Path) -> int:
    if path.stem in FILES:
        return FILES.index(path.stem)
    found = (number for number, name in enumerate(FOLDERS, start=len(FILES)) if name in path.parts)
    return next(found, len(FILES) + len(FOLDERS))


def pytest_collection_finish() -> None:
    """Look for garbage again, though not among what was collected, and less often than after every 700 new objects."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    gc.enable()
