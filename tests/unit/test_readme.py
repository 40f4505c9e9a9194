"""The documents say what the program does, and what they name is there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from mlops.cli.main import cli
from mlops.errors import exit_codes

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^\| `mlops ([^`]+)`", README, re.MULTILINE)))
FOLDERS = "mlops|tests|tools|docs|data|benchmarks|requirements|\\.github"
WRITTEN = [*ROOT.glob("*.md"), *(path for name in ("docs", "data", "emulator") for path in (ROOT / name).rglob("*.md"))]
DOCUMENTS = sorted(path for path in WRITTEN if path.name != "COVERAGE.md")  # that one is generated


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(text: str) -> list[str]:
    """What follows `mlops` where a document shows a command: at the start of a block's line, or between backticks."""
    block = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shown = re.findall(r"(?:^|\$\()(?:\.venv/bin/)?mlops ([^\n)]+)", "\n".join(block.findall(text)), re.MULTILINE)
    return shown + re.findall(r"`(?:\.venv/bin/)?mlops ([^`]+)`", block.sub("", text))


def parse(group: click.Group, words: list[str]) -> None:
    """Parse a command line as the program would, without running it."""
    while words and words[0].startswith("-"):
        options = {name: option for option in group.params for name in option.opts}
        assert words[0] in {*options, "--help"}, words[0]
        takes = 1 if words[0] in options and not getattr(options[words[0]], "is_flag", False) else 0
        words = words[1 + takes :]
    if not words:
        return
    command = group.get_command(click.Context(group), words[0])
    assert command is not None, f"there is no {words[0]}"
    if isinstance(command, click.Group):
        parse(command, words[1:])
    elif words[1:]:  # without any argument it is the name of the command
        command.make_context(words[0], words[1:]).close()


def test_the_table_of_exit_codes_is_the_programs() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == exit_codes()


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_every_command_line_of_a_document_parses(path: Path) -> None:
    for line in lines_of(path.read_text(encoding="utf-8")):
        words = shlex.split(line, comments=True)
        parse(cli, words[: words.index(">")] if ">" in words else words)


def test_every_verb_is_in_the_table() -> None:
    assert {line.split()[0] for line in COMMANDS} == set(cli.list_commands(click.Context(cli)))


def test_a_newcomer_reads_it_in_two_minutes() -> None:
    assert README.count("\n") <= 180


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_every_file_that_a_document_names_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    named = re.findall(rf"`((?:{FOLDERS})/[^`\s<>|]*)`", text)
    missing = [target for target in links if not (path.parent / target).exists()]
    missing += [pattern for pattern in named if not any(ROOT.glob(pattern.rstrip("/") or "."))]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_prose_is_wrapped(path: Path) -> None:
    prose = "".join(path.read_text(encoding="utf-8").split("```")[::2])  # what stands between fences is code
    assert not [line for line in prose.splitlines() if len(line) > 120 and "|" not in line]


def test_decisions_are_numbered_without_holes_dated_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    index = (folder / "README.md").read_text(encoding="utf-8")
    for number, path in enumerate(records, start=1):
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {number}\. .+\n\nStatus: [a-z]+, 20\d\d-\d\d-\d\d", text), path.name
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), path.name
        assert f"({path.name})" in index, path.name
