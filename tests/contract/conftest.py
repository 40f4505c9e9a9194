"""The command line against the emulator, in this process: a start of its own would cost half a second each."""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops import __main__
from mlops.azure import auth, endpoints
from mlops.flow.evaluation import evaluate
from mlops.flow.poll import Pauses
from mlops.flow.training import watch
from tests.cli.conftest import Ended, Stream

IDENTITY = ("AZURE_", "ACTIONS_", "GITHUB_")  # how the variables begin that say who signs in, and where


def commands(address: Address, **changed: str) -> Callable[..., Ended]:
    """Runs `mlops` as the jobs of a rehearsal do, on that emulator; in one environment all are one sign-in."""
    signed_in: dict[object, Any] = {}
    sign_in = auth.credential

    def credential(environ: Mapping[str, str], **how: Any) -> Any:
        told = {name: value for name, value in environ.items() if name.startswith(IDENTITY)}
        key = (*sorted(told.items()), *sorted(how.items()))
        if key not in signed_in:
            signed_in[key] = sign_in(environ, **how)
        return signed_in[key]

    def run(*words: str) -> Ended:
        out, err = Stream(), Stream()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**process.variables(address, os.environ), "MLOPS_REHEARSAL": "true", **changed}.items():
                patch.setenv(name, value)
            for waiting in (watch, evaluate):  # for jobs that here take a second
                patch.setattr(waiting, "PAUSES", Pauses(0.1, factor=1.2))
            patch.setattr(endpoints, "PAUSE", 0.01)
            patch.setattr(auth, "credential", credential)
            patch.chdir(Path.cwd())  # and back there: `-C` changes the folder of the process
            patch.setattr("sys.argv", ["mlops", *words])
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", err)
            return Ended(__main__.main(), out.text, err.text)

    return run


@pytest.fixture
def tries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries as the clients of azure-core make, without the seconds between them that their transport sleeps."""
    monkeypatch.setattr("azure.core.pipeline.transport.RequestsTransport.sleep", lambda _self, _seconds: None)


@pytest.fixture(scope="module")
def mlops(emulator_address: Address, sdk_imported: None) -> Iterator[Callable[..., Ended]]:
    """Runs `mlops` on the emulator that the tests share."""
    threshold = gc.get_threshold()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield commands(emulator_address)
    gc.set_threshold(*threshold)
    for number, handler in handlers.items():
        signal.signal(number, handler)
