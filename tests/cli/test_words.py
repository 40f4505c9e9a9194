"""What the command line says of itself, and how it answers words that it does not know."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mlops import __version__
from mlops.cli.main import SECTIONS
from tests.cli.conftest import PROGRAM, ROOT, Run, commands

ALL = list(commands())
TAKES_ANYTHING = {("emulator", "exec"), ("emulator", "record")}  # the rest is the command line of a program


@pytest.mark.parametrize(
    ("words", "command"), ALL, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_explains_itself_and_each_of_its_options(
    mlops: Run, words: tuple[str, ...], command: click.Command
) -> None:
    told = mlops(*words, "--help")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: mlops {' '.join(words)} ")
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:  # those are told before the verb
            assert parameter.help, parameter.opts
            assert parameter.opts[0] in told.out
            assert all(word in told.out for word in parameter.help.split()), parameter.opts
    assert (command.help or "").strip().partition("\n")[0].endswith("."), "a sentence for the list of commands"


@pytest.mark.parametrize(
    ("words", "command"), ALL, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_an_unknown_option_is_refused_under_the_name_of_the_command(
    mlops: Run, words: tuple[str, ...], command: click.Command
) -> None:
    if words in TAKES_ANYTHING:
        return
    told = mlops(*words, "--no-such-option")
    assert (told.code, told.out) == (2, "")
    assert f"mlops {' '.join(words)}" in told.err
    assert "--no-such-option" in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plna"], "Did you mean 'plan'?"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["plan", "--ofline"], "Did you mean '--offline'?"),
        (["--paramz", "x", "plan"], "Did you mean '--params'?"),
        (["promote"], "Missing argument 'ENVIRONMENT'."),
        (["promote", "staging", "m:1", "m:2"], "unexpected extra arguments (m:1 m:2)"),
        (["ask", "staging", "--index", "-1"], "-1 is not in the range x>=0"),
        (["ask"], "name an environment, or --all-environments"),
        (["ask", "staging", "Why", "so?"], "put the question between quotation marks"),
        (["ask", "staging", "Why?", "--chat"], "QUESTION, --file and --chat exclude each other"),
        (["ask", "--all-environments", "--chat"], "--chat talks with one environment"),
        (["ask", "staging", "--system", "Be brief."], "--system needs a QUESTION or --chat"),
        (["runs", "--csv", "--json"], "--csv cannot be combined with --json or --markdown"),
        (["watch", "--wait-minutes", "soon"], "'soon' is not a valid float"),
        (["gate", "--job", "ft-1", "--from-file", "m.json"], "--job and --from-file exclude each other"),
        (["gate", "--champion-file", "m.json"], "--champion-file needs --from-file"),
        (["plan", "--base", "HEAD"], "--base needs --offline"),
        (["--json", "--markdown", "plan", "--offline"], "--json and --markdown cannot be combined"),
        (["report"], "Missing option '--workflow'"),
        (["rehearse", "--from", "delete", "--until", "push"], "--until: push comes before delete"),
    ],
)
def test_a_wrong_word_is_told_in_one_sentence_and_nothing_is_done(mlops: Run, words: list[str], said: str) -> None:
    told = mlops(*words)
    assert told.code == 2
    assert said in told.err
    assert bool(told.out) == ("--json" in words)


@pytest.mark.parametrize(
    ("words", "verb", "said"),
    [
        (["promote", "staging", "--json", "--modell", "m:1"], "promote", "No such option '--modell'"),
        (["--json", "data", "show", "--bad"], "data show", "No such option '--bad'"),
        (["runs", "--csv", "--json"], "runs", "--csv cannot be combined with --json"),
        (["--json", "ask", "staging", "--file", "none.json"], "ask", "there is no file none.json"),
        (["--json", "nonsense"], "", "No such command 'nonsense'"),
    ],
)
def test_programs_are_told_a_wrong_word_as_the_same_object_as_any_failure(
    mlops: Run, project: Path, words: list[str], verb: str, said: str
) -> None:
    told = mlops(*words)
    found = json.loads(told.out)
    assert (told.code, found["ok"], found["exit_code"], found["verb"], found["result"]) == (2, False, 2, verb, None)
    assert set(found["problems"][0]) == {"code", "key", "file", "line", "column", "what", "why", "fix"}
    assert (found["problems"][0]["code"], said in found["problems"][0]["what"]) == ("bad-input", True)
    assert found["problems"][0]["fix"]


def test_a_program_that_the_emulator_runs_has_options_of_its_own(mlops: Run) -> None:
    assert mlops("emulator", "nonsense", "--json").out == ""


def test_a_wrong_word_in_a_workflow_is_annotated(mlops: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GITHUB_ACTIONS", "true")
    told = mlops("promote", "staging", "--modell", "m:1")
    assert "::error title=" in told.err
    assert "No such option '--modell'" in told.err.partition("::error title=")[2]


def test_the_version_is_said(mlops: Run) -> None:
    assert mlops("--version").out == f"mlops {__version__}\n"


def test_without_a_verb_it_lists_them_in_the_order_of_a_release(mlops: Run) -> None:
    told = mlops()
    after = told.err.partition("Begin:")[2].splitlines()
    listed = [line.split()[0] for line in after if line.startswith("  ")]
    heads = [line.removesuffix(":") for line in after if line and not line.startswith(" ")]
    assert told.code == 2
    assert heads == list(SECTIONS)[1:], "each verb stands in a section of its own choice, none among others"
    assert listed[:4] == ["init", "upgrade", "models", "projects"]
    assert listed == [words[0] for words, _ in ALL if len(words) == 1]


def test_the_module_is_the_command_and_help_does_not_pay_for_the_sdk() -> None:
    found = [
        subprocess.run([*command, "plan", "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
        for command in ([str(PROGRAM)], [sys.executable, "-X", "importtime", "-m", "mlops"])
    ]
    assert found[0].stdout == found[1].stdout
    assert found[0].stdout.startswith("Usage: mlops plan ")
    assert [done.returncode for done in found] == [0, 0]
    assert found[0].stderr == ""
    assert "| click" in found[1].stderr.replace("|   ", "| ")
    assert "azure" not in found[1].stderr
