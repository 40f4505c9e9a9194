"""A program that stands in for `mlops` in a workflow: it writes each call down, and answers as a scenario says.

A shell script, because a scenario starts a dozen of them, and Python would take ten times as long each.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORD, CALL = "\x1f", "\x1e"  # what ends a word and a call; no word of a workflow holds them
SCRIPT = """#!/bin/sh
verb=$1
case $1 in promote|rollback) verb="$1 $2";; esac
{real}
printf '%s\\037' "$@" "$(printf '\\036')" >> {calls}
case $verb in
{answers}
esac
"""
IN_TURN = """turn=1
  until (set -C; : > {calls}.{number}.$turn) 2>/dev/null; do turn=$((turn + 1)); done
  case $turn in
{answers}
  esac;;"""


def script(calls: Path, answers: Mapping[str, Any], environments: str) -> str:
    """The program: `answers` are verb -> outputs and exit code, under `in turn` those of one call after the other.

    `environments` is the line that runs the real command of that name, for scenarios that say nothing of it: the jobs
    of promote are made of what it says.
    """
    given = []
    for number, (verb, answer) in enumerate(answers.items()):
        turns = [f"  {turn}) {_answer(one)};;" for turn, one in enumerate(answer.get("in turn", ()), start=1)]
        several = IN_TURN.format(calls=shlex.quote(str(calls)), number=number, answers="\n".join(turns))
        given.append(f"{shlex.quote(verb)}) {several if turns else f'{_answer(answer)};;'}")
    return SCRIPT.format(
        real="" if "environments" in answers else f'[ "$verb" != environments ] || exec {environments} "$@"',
        calls=shlex.quote(str(calls)),
        answers="\n".join(given),
    )


def _answer(answer: Mapping[str, Any]) -> str:
    lines = shlex.join(f"{name}={value}" for name, value in answer.get("outputs", {}).items())
    said = f"printf '%s\\n' {lines} >> \"$GITHUB_OUTPUT\"; " if lines else ""
    return f"{said}exit {answer.get('exit', 0)}"


def read(calls: Path) -> list[list[str]]:
    """The words of each call."""
    found = calls.read_text(encoding="utf-8").split(f"{CALL}{WORD}")
    return [call.split(WORD)[:-1] for call in found if call]
