"""`mlops init cloud`: each step, how it stood, what became of it, and the commands that do the same by hand."""

from collections.abc import Mapping

from mlops.flow.repository.cloud import SetUpMode, SetUpResult
from mlops.render import Report, Section, table


def report(result: SetUpResult) -> Report:
    """For people."""
    rows = [(one.service.value, one.what, one.found.value, one.change.value) for one in result.steps]
    lines = ("nothing to do",) if not result.changes else ()
    commands = [command for one in result.steps for command in one.commands]
    predicted = [line for one in result.steps for line in (f"{one.what}:", *one.predicted) if one.predicted]
    sections: tuple[Section, ...] = ()
    if result.mode is SetUpMode.SHOW:
        told = (Section("What Azure would change", ("\n".join(predicted),)),) if predicted else ()
        sections = (*told, Section("The same by hand", ("\n".join(commands),)))
    exports = "\n".join(f"export {name}={value}" for name, value in result.variables.items())
    if result.mode is SetUpMode.MAKE:
        sections = (Section("For your own shell", (exports,)),)
    return Report(
        f"{result.repository} and the workspace {result.workspace}",
        lines,
        tables=(table("Steps", ("where", "what", "found", "done"), rows),),
        sections=sections,
        next_step="mlops doctor" if result.mode is SetUpMode.MAKE else "",
    )


def outputs(result: SetUpResult) -> Mapping[str, str]:
    """How many steps changed something."""
    return {"changes": str(result.changes)}
