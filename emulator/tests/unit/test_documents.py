"""The documents of this distribution say what the program does, and what they name is there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from azureml_emulator.cli.main import command
from azureml_emulator.control.control import SETTINGS
from azureml_emulator.control.routes import CONTROL_ROUTES
from azureml_emulator.core.state_transitions import DEFAULTS

EMULATOR = Path(__file__).resolve().parents[2]
PACKAGE = EMULATOR / "azureml_emulator"
DOCUMENTS = sorted([EMULATOR / "README.md", *(EMULATOR / "docs").glob("*.md")])
CONTROL = (EMULATOR / "docs" / "control.md").read_text(encoding="utf-8")
README = (EMULATOR / "README.md").read_text(encoding="utf-8")
PAGES = {"/", "/jobs/{name}", "/endpoints/{name}", "/resources/{kind...}"}


def command_lines(text: str) -> list[str]:
    """What follows `azureml-emulator` where a document shows a command."""
    block = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shown = re.findall(r"azureml-emulator ([a-z][^\n)]*)", "\n".join(block.findall(text)))
    return shown + re.findall(r"`azureml-emulator ([^`]+)`", block.sub("", text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_parses(path: Path) -> None:
    for line in command_lines(path.read_text(encoding="utf-8")):
        name, *words = shlex.split(line, comments=True)
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        if words:
            found.make_context(name, words).close()


def test_every_command_is_in_the_readme() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    assert set(command.commands) <= set(re.findall(r"[a-z]+", table))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_module_that_is_named_is_there(path: Path) -> None:
    folders = "|".join(each.name for each in PACKAGE.iterdir() if each.is_dir())
    named = re.findall(rf"`((?:{folders})/[a-z_/]+\.\w+)`", path.read_text(encoding="utf-8"))
    assert not [name for name in named if not (PACKAGE / name).is_file()]


def test_the_table_of_calls_is_that_of_the_routes() -> None:
    said = set(re.findall(r"`(GET|PUT|POST|DELETE) (/[^`]*)`", CONTROL))
    routed = {(method, route.path) for route in CONTROL_ROUTES for method in route.methods.split()}
    assert said == {(method, path) for method, path in routed if path not in PAGES}


def test_the_settings_and_the_kinds_with_a_delay_are_those_of_the_program() -> None:
    of_providers = [name for name in SETTINGS if name.startswith("provider.")]  # one row tells of all
    documented = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", CONTROL, re.MULTILINE)
    assert set(documented) == set(SETTINGS) - set(of_providers)
    assert ("| `provider.NAMESPACE` " in CONTROL) == bool(of_providers)
    sentence = CONTROL[CONTROL.index("The kinds with a delay") :].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == set(DEFAULTS)


def test_the_readme_can_be_read_in_two_minutes() -> None:
    assert len(README.split()) < 800
