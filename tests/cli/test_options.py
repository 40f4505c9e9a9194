"""Options that every command takes are understood before and after the verb."""

import importlib
import json
import pkgutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator

import mlops.views
from mlops.cli.main import cli
from mlops.cli.options import OPTIONS
from mlops.errors import BadInput, Problem
from mlops.flow.promote import promote
from mlops.github_api import GitHub
from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
WORDS = [("check",), ("plan", "--offline")]
WORDS_OF = {
    **dict.fromkeys(("promote", "rollback", "ask", "lineage", "thaw"), ("staging",)),
    **dict.fromkeys(("compare", "judge"), ("1", "base")),
    "polling": ("on",),
    "freeze": ("staging", "--reason", "why"),
    "report": ("--workflow", "train"),
    "data_diff": ("HEAD",),
    "data_import": ("params.yaml",),
}
VIEWS = sorted(  # of the verbs; the other modules of the package are parts of them
    module.name
    for module in pkgutil.iter_modules(mlops.views.__path__)
    if hasattr(importlib.import_module(f"mlops.views.{module.name}"), "outputs")
)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_a_document_is_asked_for_before_or_after_the_verb(mlops: Run, project: Path, words: tuple[str, ...]) -> None:
    before, after = mlops("--json", *words), mlops(*words, "--json")
    assert json.loads(before.out) == json.loads(after.out)


def test_a_nested_verb_takes_them_too(mlops: Run, project: Path) -> None:
    told = mlops("data", "stats", "--from", "nowhere", "--json")
    assert (told.code, json.loads(told.out)["verb"]) == (2, "data stats")


def test_a_folder_is_entered_after_the_verb_and_by_its_variable(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.chdir(project.parent)
    assert mlops("plan", "--offline", "-C", project.name).code == 0
    environment.chdir(project.parent)
    environment.setenv("MLOPS_PROJECT", project.name)
    assert mlops("plan", "--offline").code == 0


def test_settings_before_and_after_the_verb_are_added_up(mlops: Run, project: Path) -> None:
    told = mlops("--set", "training.nodes=2", "plan", "--offline", "--set", "training.max_nodes=2")
    assert told.code == 0, told.err
    assert "parameter training.nodes = 2, from the command line" in told.err
    assert "2 x Standard_NC24ads_A100_v4" in told.out


def test_two_kinds_of_document_are_refused_wherever_they_are_asked_for(mlops: Run, project: Path) -> None:
    assert mlops("--json", "plan", "--offline", "--markdown").code == 2
    assert mlops("plan", "--offline", "--markdown", "--json").code == 2


def test_no_verb_takes_an_option_of_that_name_for_something_else() -> None:
    ours = {name for names, _, _ in OPTIONS for name in names if name.startswith("-")}
    context = click.Context(cli)
    for verb in set(cli.list_commands(context)) - {"emulator"}:
        command = cli.get_command(context, verb)
        assert isinstance(command, click.Command)
        own = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        assert not ours & {name for one in own for name in one.opts}, verb


def test_every_summary_fits_its_line() -> None:
    context = click.Context(cli)
    for verb in cli.list_commands(context):
        command = cli.get_command(context, verb)
        assert command is not None
        assert not command.get_short_help_str(62).endswith("..."), verb


@pytest.mark.parametrize("view", VIEWS)
def test_a_refusal_has_the_shape_that_the_schema_says(mlops: Run, project: Path, view: str) -> None:
    schema = json.loads((ROOT / "docs" / "json" / f"{view}.schema.json").read_text(encoding="utf-8"))
    (project / "params.yaml").write_text("nothing: right\n", encoding="utf-8")
    told = mlops(*view.split("_"), *WORDS_OF.get(view, ()), "--json")
    document = json.loads(told.out)
    Draft202012Validator(schema).validate(document)
    assert (document["ok"], document["exit_code"]) == (False, 2)


@pytest.mark.parametrize(("given", "asks"), [({"GITHUB_ACTIONS": "true"}, True), ({}, False)])
def test_a_promotion_asks_github_who_approved_it_on_a_runner_alone(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch, given: dict[str, str], *, asks: bool
) -> None:
    for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_TOKEN"):
        environment.setenv(name, "7")
    for name, value in given.items():
        environment.setenv(name, value)
    seen: list[GitHub | None] = []

    def promoted(*_: object, github: Callable[[], GitHub] | None, **__: object) -> None:
        seen.append(github() if github else None)
        raise BadInput(Problem("enough"))

    environment.setattr(promote, "run", promoted)
    assert "enough" in mlops("promote", "staging").err
    assert [one.run if one else None for one in seen] == ["7" if asks else None]


def test_a_key_that_is_not_known_says_which_are_on_the_command_line_too(mlops: Run, project: Path) -> None:
    assert project
    told = mlops("--set", "gate.nothing=1", "plan", "--offline")
    assert told.code == BadInput.exit_code
    assert "gate.nothing is not a key that is known\n  fix: known keys here: " in told.err
    assert "rules" in told.err.partition("known keys here: ")[2]
