"""What holds for every test."""

import os

import pytest

# numpy's BLAS reads this once, when it is loaded; two test processes with two threads each would fight for two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the contract tests look: at the emulator, or with credentials at a real workspace."""
    parser.addoption("--target", choices=("emulator", "azure"), default="emulator", help="of the contract tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest: with three workers the whole takes as long as its longest file."""
    order = ("journeys", "workflows", "contract", "properties")
    items.sort(
        key=lambda item: next((index for index, name in enumerate(order) if f"/{name}/" in str(item.path)), len(order))
    )
