"""Truth tables of every condition and every choice in the workflow files, as act's reading of expressions decides them.

act has a port of GitHub's expression library. All cases of all tables are evaluated in one run: the values themselves
stand in the expressions, so that each case has its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops import actions
from tests.workflows.expressions import expressions, of
from tests.workflows.meanings import TABLES

LINES_OF_A_STEP = 100  # act's time grows with the square of a step's length


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Where -> what act makes of each case, in one run of one step."""
    lines = [
        f"{where}|${{{{ toJSON({of(text, case, condition=where.endswith('.if'))}) }}}}"
        for where, text in expressions().items()
        for case in TABLES[where].cases()
    ]
    parts = [lines[start : start + LINES_OF_A_STEP] for start in range(0, len(lines), LINES_OF_A_STEP)]
    steps = [{"run": "cat <<'END'\n" + "\n".join(part) + "\nEND\n", "shell": "bash"} for part in parts]
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".github" / "workflows").mkdir(parents=True)
    flow = {"on": "push", "jobs": {"cases": {"runs-on": "ubuntu-24.04", "steps": steps}}}
    (folder / ".github" / "workflows" / "cases.yml").write_text(yaml.safe_dump(flow, width=1_000_000))
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=folder, check=True)
    told: list[str] = []

    def listen(event: actions.Event) -> None:
        if isinstance(event, actions.Text):
            told.extend(event.text.splitlines())

    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    done = actions.run(folder, "cases.yml", "push", {}, actions.RunnerSetup(path), listen)
    assert done.succeeded, done.cause()
    texts: dict[str, list[str]] = {}
    where = ""
    for line in told:
        begins, bar, text = line.partition("|")
        if bar and begins in TABLES:
            where = begins
            texts.setdefault(where, []).append(text)
        elif where:
            texts[where][-1] += line  # a list takes several lines
    return {where: [json.loads(text) for text in found] for where, found in texts.items()}


def test_every_condition_and_every_choice_has_its_table() -> None:
    assert sorted(expressions()) == sorted(TABLES)


@pytest.mark.parametrize("where", sorted(TABLES))
def test_it_is_decided_as_it_is_meant(decided: dict[str, list[Any]], where: str) -> None:
    cases = list(TABLES[where].cases())
    assert len(decided[where]) == len(cases)
    wrong = [(case, got) for case, got in zip(cases, decided[where], strict=True) if got != TABLES[where].meant(case)]
    assert not wrong


@pytest.mark.parametrize(
    "where", [where for where in sorted(TABLES) if where.endswith(".if") and where != "ci.required.if"]
)
def test_a_condition_is_neither_always_met_nor_never(where: str) -> None:
    assert {bool(TABLES[where].meant(case)) for case in TABLES[where].cases()} == {True, False}


RUNS_WORK = ("train.train.if", "train.release.if", "train.promote.if", "resume.promote.if", "promote.second.if")


@pytest.mark.parametrize("where", RUNS_WORK)
def test_nothing_goes_on_after_a_cancel_or_a_dry_run(decided: dict[str, list[Any]], where: str) -> None:
    for case, goes_on in zip(TABLES[where].cases(), decided[where], strict=True):
        assert not (goes_on and (case.get("canceled") or case.get("inputs.dry-run"))), case


@pytest.mark.parametrize("where", ["train.promote.if", "resume.promote.if"])
def test_nothing_is_promoted_without_a_registered_model(decided: dict[str, list[Any]], where: str) -> None:
    models = [name for name in TABLES[where].reads if name.endswith(".outputs.model")]
    for case, goes_on in zip(TABLES[where].cases(), decided[where], strict=True):
        assert not (goes_on and not any(case[name] for name in models)), case


def test_no_release_watches_a_run_without_a_name(decided: dict[str, list[Any]]) -> None:
    """`train` leaves none where a newer push has taken over."""
    for case, goes_on in zip(TABLES["train.release.if"].cases(), decided["train.release.if"], strict=True):
        named = case["needs.train.outputs.job"] or case["needs.plan.outputs.job"]
        assert not (goes_on and not named), case
