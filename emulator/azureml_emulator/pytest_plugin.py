"""Fixtures with which a project tests its own Azure ML code; pytest loads them where the package is installed.

Nothing of the emulator is imported before a test asks for it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from azureml_emulator.http.address import Address


class AzureMl:
    """An emulator that runs, for a test to steer."""

    def __init__(self, address: "Address") -> None:
        self.address = address

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a program at it: proxy, certificate authority, credential, workspace."""
        from azureml_emulator import process

        return process.variables(self.address, os.environ)

    def advance(self, *, days: float = 0, hours: float = 0) -> None:
        """Move its clock forward."""
        self._ask("POST", "/clock", {"advance_seconds": days * 86400 + hours * 3600})

    def delay(self, kind: str, delay: str) -> None:
        """How long changes of a kind of resource take: `delay("jobs", "3 reads")`, `at once`."""
        self._ask("PUT", f"/delay/{kind}", {"delay": delay})

    def setting(self, name: str, value: str = "") -> None:
        """One of its settings; without a value the default again."""
        self._ask("PUT", f"/settings/{name}", {"value": value})

    def access(self, **lists: list[dict[str, str]]) -> None:
        """State `federated_credentials` and `role_assignments`; an empty list asks for nothing any more."""
        self._ask("PUT", "/access", lists)

    def fault(self, rule: str) -> None:
        """Ask for a fault, such as `jobs.create: 429 twice with Retry-After 1`."""
        self._ask("POST", "/faults", {"rule": rule})

    def faults(self) -> list[dict[str, Any]]:
        """The faults in order, with how often each was met."""
        return list(self._ask("GET", "/faults")["faults"])

    def forget_faults(self) -> None:
        """Take all faults away."""
        self._ask("DELETE", "/faults")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        from azureml_emulator import process

        return process.control(self.address, method, path, dict(body) if body is not None else None)


@pytest.fixture(scope="session")
def azure_ml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureMl]:
    """An empty emulator for the session; the environment of the tests, and of what they start, points at it.

    A job ends as soon as its work is done, unless a test says otherwise with `delay`, and nobody waits for seconds that
    stand for nothing: `setting("operations.retry_after_ms")` and `setting("arm.deployments")` bring them back.
    """
    from azureml_emulator import process

    folder = tmp_path_factory.mktemp("azure-ml")
    before = dict(os.environ)
    address = process.launch(folder)
    try:
        os.environ.update(process.variables(address, os.environ))
        made = AzureMl(address)
        made.delay("jobs", "at once")
        made.setting("operations.retry_after_ms", "50")
        made.setting("arm.deployments", "answered")
        yield made
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.stop(folder)


@pytest.fixture
def azure_ml_fault(azure_ml: AzureMl) -> Iterator[Callable[[str], None]]:
    """A function that asks for a fault. A test whose faults were not all met fails."""
    yield azure_ml.fault
    unmet = [f"{one['route']} {one['effect']}" for one in azure_ml.faults() if not one["met"]]
    azure_ml.forget_faults()
    if unmet:
        pytest.fail(f"not met as often as asked for: {', '.join(unmet)}", pytrace=False)
