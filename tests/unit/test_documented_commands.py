"""Every command that a document shows is one that works, or its reason stands in tests/documented.py."""

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from azureml_emulator.cli.main import command as emulator
from tests.documented import NOT_RUN, ROOT, Documented, documented
from tests.unit.test_readme import parse

EVERY = list(documented())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
WORKFLOWS = ROOT / ".github" / "workflows"
READ = set(re.findall(r"\bvars\.(\w+)", "".join(path.read_text() for path in WORKFLOWS.glob("*.yml"))))


def shown(one: Documented) -> str:
    return f"{one.document}: {one.plain.partition(chr(10))[0][:70]}"


@pytest.mark.parametrize("one", [one for one in EVERY if "OWNER" not in one.plain], ids=shown)
def test_what_a_command_names_is_there(one: Documented) -> None:
    words = shlex.split(one.plain, comments=True)
    match words:
        case ["make", target, *_]:
            assert target in TARGETS
        case ["gh", "workflow", _, name]:
            assert (WORKFLOWS / name).is_file()
        case ["gh", "variable", "set", name, *_]:
            assert name in READ, "no workflow reads it"
        case ["azureml-emulator", *rest]:
            parse(emulator, rest)
        case ["az" | "export" | "cd", *_]:
            assert one.reason
        case _:
            assert (Path(sys.executable).parent / words[0]).exists() or one.reason


def test_every_reason_is_one_of_a_command_and_names_tests_that_are_there() -> None:
    assert {one.reason for one in EVERY} - {""} == set(NOT_RUN.values())
    named = re.findall(r"tests/[\w/.]+\w", " ".join(NOT_RUN.values()))
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT / "emulator" / name).exists()] == []


def test_the_parser_of_the_emulator_refuses_what_it_has_not() -> None:
    for words in (["upp"], ["faults", "--chek"]):
        with pytest.raises((AssertionError, click.UsageError)):
            parse(emulator, words)
