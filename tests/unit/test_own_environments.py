"""What a job of a rehearsed workflow has of its environment: the copy of the file says that, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from mlops import yamls
from mlops.actions import TokenService
from mlops.actions.own_environments import flat, resolved

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOOKED_UP = re.compile(r"\(vars\[format\('\{0\}/\{1\}', (?:'[\w-]+'|\([^()]+\)), '\w+'\)\] \|\| (vars\.\w+)\)")
SERVICE = TokenService("https://tokens?of={environment}", "request-token")
ADDRESS, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"


def jobs(text: str) -> dict[str, Any]:
    return dict(yamls.read(text)["jobs"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_without_the_look_up_and_the_tokens_the_copy_is_the_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    made = yamls.read(LOOKED_UP.sub(r"\1", resolved(text, SERVICE)))
    for job in made["jobs"].values():
        env = job.get("env", {})
        asks = "uses" not in job and dict(job.get("permissions") or {}).get("id-token") == "write"
        assert (env.pop(ADDRESS, None) is not None) is asks
        assert env.pop(TOKEN, "") == (SERVICE.token if asks else "")
        if not env:
            job.pop("env", None)
    assert made == yamls.read(text)


def test_the_copy_of_a_second_run_is_that_of_the_first() -> None:
    text = (ROOT / ".github" / "workflows" / "promote.yml").read_text(encoding="utf-8")
    assert resolved(text, SERVICE) == resolved(text, SERVICE)


def job(*lines: str) -> dict[str, Any]:
    text = "\n".join(["on: push", "jobs:", "  a:", *(f"    {line}" for line in lines)])
    return dict(jobs(resolved(text, SERVICE))["a"])


def test_what_is_decided_before_a_runner_has_the_job_sees_no_environment() -> None:
    made = job(
        "if: ${{ vars.X != '' }}",
        "runs-on: ${{ vars.X }}",
        "concurrency: ${{ vars.X }}",
        "environment: {name: prod, url: '${{ vars.X }}'}",
        "outputs: {x: '${{ vars.X }}'}",
        "steps: [{run: 'echo vars.X ${{ vars.X }}', if: vars.X == 'a'}, {run: 'true', if: \"${{ vars.X }}\"}]",
    )
    assert (made["if"], made["runs-on"], made["concurrency"]) == (
        "${{ vars.X != '' }}",
        "${{ vars.X }}",
        "${{ vars.X }}",
    )
    found = "(vars[format('{0}/{1}', 'prod', 'X')] || vars.X)"
    assert made["environment"]["url"] == f"${{{{ {found} }}}}" == made["outputs"]["x"]
    first, second = made["steps"]
    assert first == {"run": f"echo vars.X ${{{{ {found} }}}}", "if": f"{found} == 'a'"}
    assert second["if"] == f"${{{{ {found} }}}}"


@pytest.mark.parametrize(
    ("stated", "expression"),
    [
        ("prod", "'prod'"),
        ("it's", "'it''s'"),
        ("${{ matrix.place }}", "(matrix.place)"),
        ("in-${{ matrix.place }}-{a}", "format('in-{0}-{{a}}', matrix.place)"),
    ],
)
def test_the_name_of_an_environment_may_be_an_expression(stated: str, expression: str) -> None:
    made = job(f'environment: "{stated}"', "env: {X: '${{ vars.X }}'}", "steps: []")
    assert made["env"]["X"].replace(
        " ", ""
    ) == f"${{{{(vars[format('{{0}}/{{1}}',{expression},'X')]||vars.X)}}}}".replace(" ", "")


def test_tokens_are_for_jobs_that_may_write_one() -> None:
    text = """
permissions: write-all
jobs:
  all: {steps: []}
  none: {permissions: {}, environment: prod, steps: []}
  own: {permissions: {id-token: write}, environment: prod, env: {A: b}, steps: []}
  calls: {permissions: {id-token: write}, uses: ./.github/workflows/a.yml}
"""
    made = {name: one.get("env", {}) for name, one in jobs(resolved(text, SERVICE)).items()}
    own = {"A": "b", ADDRESS: "https://tokens?of=${{ 'prod' }}", TOKEN: SERVICE.token}
    assert made == {"all": {ADDRESS: "https://tokens?of=", TOKEN: SERVICE.token}, "none": {}, "own": own, "calls": {}}


def test_variables_of_environments_collide_with_none_of_the_repository() -> None:
    assert flat({"a": {"X": "1"}, "b": {"X": "2"}}) == {"a/X": "1", "b/X": "2"}
