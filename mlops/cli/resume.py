"""`mlops resume`."""

from typing import TYPE_CHECKING

import click

from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.flow.context import Context
    from mlops.flow.outcome import Outcome
    from mlops.flow.release.resume import ResumeResult


@click.command(short_help="Carry finished runs on through gate and register.")
@click.pass_obj
def command(session: Session) -> None:
    """Carry finished runs on through gate and register; one reconcile run."""
    from mlops.flow.release import resume
    from mlops.views import model_card
    from mlops.views import resume as view

    def do(context: "Context") -> "Outcome[ResumeResult]":
        found = resume.run(context, render=model_card.markdown)
        for text in found.result.warnings:
            session.actions.annotate("warning", text, "A run failed")
        return found

    session.answer(do, view)
