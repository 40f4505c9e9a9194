"""The README says what the program does."""

import re
import shlex
from pathlib import Path

import click
import pytest

from mlops.cli.main import cli
from mlops.errors import exit_codes

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^\| `mlops ([^`]+)`", README, re.MULTILINE)))


def test_the_table_of_exit_codes_is_the_programs() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == exit_codes()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_one_that_parses(line: str) -> None:
    words = shlex.split(line)
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None
    command.make_context(words[0], words[1:]).close()


def test_every_verb_is_in_the_table() -> None:
    assert {line.split()[0] for line in COMMANDS} == set(cli.list_commands(click.Context(cli)))


def test_a_newcomer_reads_it_in_two_minutes() -> None:
    assert README.count("\n") <= 180
