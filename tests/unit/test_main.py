"""What is said at the end of an interrupted command."""

import errno

import click
import pytest

from mlops import __main__
from mlops.errors import INTERRUPTED, MlopsError, RemoteFailed


@pytest.mark.parametrize(
    ("told", "said"),
    [("", "what runs on Azure goes on"), ("interrupted; ft-1 is being canceled", "ft-1 is being canceled")],
)
def test_an_interrupted_command_says_what_becomes_of_its_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: str, said: str
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt(told)

    monkeypatch.setattr("sys.argv", ["mlops"])
    monkeypatch.setattr("mlops.cli.main.cli", click.Command("mlops", callback=stop))
    assert __main__.main() == INTERRUPTED
    assert said in capsys.readouterr().err


def test_what_went_wrong_before_is_told_where_it_cannot_be_written_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        try:
            raise RemoteFailed("the job failed")
        finally:
            try:
                raise OSError(errno.ENOSPC, "No space left on device")
            except OSError as error:
                raise OSError(error.errno, error.strerror, "build/record") from error

    monkeypatch.setattr("sys.argv", ["mlops"])
    monkeypatch.setattr("mlops.cli.main.cli", click.Command("mlops", callback=fail))
    assert __main__.main() == MlopsError.exit_code
    said = capsys.readouterr().err
    assert said.index("build/record: this machine refused: No space left on device") < said.index("the job failed")
