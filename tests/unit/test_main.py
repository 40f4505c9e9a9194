"""What is said at the end of an interrupted command."""

import click
import pytest

from mlops import __main__
from mlops.errors import INTERRUPTED


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
