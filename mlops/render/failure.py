"""An error as people read it: its summary, then every problem, with commands to copy on lines of their own.

It must not print, and it must not decide the exit code.
"""

import re
import textwrap

from mlops.errors import MlopsError, Problem
from mlops.render.markdown import clean
from mlops.render.report import Report, is_command, table

_QUOTED = re.compile(r"[ \t]*`([^`\n]+)`[ \t]*")


def explain(error: MlopsError) -> str:
    """The whole text, without a line break at its end."""
    return "\n".join([f"{error.summary}.", *(_problem(problem) for problem in error.problems)])


def failure_report(error: MlopsError) -> Report:
    """The same for a step's summary: a table of all problems, and the first command that fixes one."""
    rows = [(problem.place(), problem.what, problem.why, problem.fix) for problem in error.problems]
    shown = [index for index in range(4) if any(row[index] for row in rows)]
    columns = ("where", "what", "why", "fix")
    commands = [quoted for problem in error.problems for quoted in _QUOTED.findall(problem.fix) if is_command(quoted)]
    return Report(
        f"{error.summary} (exit code {error.exit_code})",
        tables=(table("", (columns[i] for i in shown), ([row[i] for i in shown] for row in rows)),),
        next_step=commands[0] if commands else "",
    )


def _problem(problem: Problem) -> str:
    where = f"{problem.place()}: " if problem.where else ""
    parts = [textwrap.indent(clean(f"{where}{problem.what}"), "  ").lstrip()]
    if problem.why:
        parts.append(f"  why: {textwrap.indent(clean(problem.why), '       ').lstrip()}")
    if problem.fix:
        parts.append(f"  fix: {textwrap.indent(_set_apart(clean(problem.fix)), '       ').lstrip()}")
    return "\n" + "\n".join(parts)


def _set_apart(text: str) -> str:
    """Break every command that is quoted with backticks out of its sentence; other quotations stay."""

    def one(found: re.Match[str]) -> str:
        return f"\n    {found[1]}\n" if is_command(found[1]) else found[0]

    return re.sub(r"\n{2,}", "\n", _QUOTED.sub(one, text)).strip("\n")
