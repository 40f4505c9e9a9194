"""The command line from its own entry point, in this process: a start of its own would cost half a second each."""

import gc
import io
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from mlops import __main__
from mlops.cli.main import cli
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]
CONVERSATION = '{"messages": [{"role": "user", "content": "%s"}, {"role": "assistant", "content": "Yes, it does."}]}\n'
PREFIXES = ("AZURE_", "GITHUB_", "ACTIONS_", "MLOPS_")
REMOVED = ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


class Stream(io.TextIOWrapper):
    """A stream that nobody watches, in memory."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        found = self.buffer
        assert isinstance(found, io.BytesIO)
        return found.getvalue().decode()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A shell in which nothing is configured, and no emulator is up."""
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name in REMOVED:
            monkeypatch.delenv(name)
    monkeypatch.setenv("MLOPS_EMULATOR_DIR", str(tmp_path / "no-emulator"))
    return monkeypatch


@pytest.fixture
def mlops(environment: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs `mlops` with arguments, as a shell does."""
    threshold, here = gc.get_threshold(), Path.cwd()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where the tests run under nohup

    def run(*words: str | Path) -> Ended:
        out, err = Stream(), Stream()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["mlops", *map(str, words)])
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", err)
            code = __main__.main()
        return Ended(code, out.text, err.text)

    yield run
    gc.set_threshold(*threshold)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    os.chdir(here)


@pytest.fixture
def project(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project with parameters and two conversations; the shell stands in it."""
    made = tmp_path / "project"
    (made / "data" / "curated").mkdir(parents=True)
    shutil.copy2(PARAMS_FILE, made)
    text = "".join(CONVERSATION % f"Does number {number} hold?" for number in (1, 2))
    (made / "data" / "curated" / "few.jsonl").write_text(text, encoding="utf-8")
    environment.chdir(made)
    return made


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, to see that nothing was done."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, also those of groups, by the words that call it."""
    yield from _commands((), cli)


def _commands(words: tuple[str, ...], group: click.Group) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from _commands((*words, name), command)


PROGRAM = Path(sys.executable).parent / "mlops"
