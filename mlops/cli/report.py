"""`mlops report`: issues for what failed, and the site."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.flow.context import Context
    from mlops.flow.outcome import Outcome
    from mlops.flow.release.report import ReportResult
    from mlops.site.write import WrittenSite


@click.group(invoke_without_command=True, short_help="Report failures as issues, or all as a site.")
@click.option("--workflow", help="Name of the workflow that failed.")
@click.pass_context
def command(context: click.Context, workflow: str | None) -> None:
    """Open or update one issue for each cause of this workflow run's failure, or write the site."""
    if context.invoked_subcommand:
        return
    if not workflow:
        raise click.UsageError("Missing option '--workflow', or the command 'site'.")
    from mlops.flow.release import report
    from mlops.github_api import GitHub
    from mlops.views import report as view

    session: Session = context.ensure_object(Session)

    def do() -> "Outcome[ReportResult]":
        return report.run(GitHub.from_environment(session.environ), workflow, session.actions.run_url or "")

    session.answer_alone(do, view)


@command.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/site"),
    show_default=True,
    help="Folder of the site; an earlier site there is replaced.",
)
@click.option("--models", type=click.IntRange(1), default=100, show_default=True, help="How many of the newest models.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/site-cache"),
    show_default=True,
    help="Folder for what does not change any more, so that it is read once.",
)
@click.pass_obj
def site(session: Session, out: Path, models: int, cache: Path) -> None:
    """Write what is live and why as a static site, which works from a file and on GitHub Pages."""
    from mlops.flow.outcome import Outcome
    from mlops.flow.release import site as flow
    from mlops.site.write import write, write_front
    from mlops.views import report_site as view

    several = [folder.name for folder in session.models()]
    if several:
        write_front(several, out)

    def do(context: "Context") -> "Outcome[WrittenSite]":
        name = context.root.name if several else ""
        return Outcome(write(flow.run(context, most=models, kept=cache / name).result, out / name))

    session.answer(do, view)


@command.command()
@click.option("--base", required=True, metavar="COMMIT", help="What to compare with.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("build/change.json"),
    show_default=True,
    help="The file to write.",
)
@click.pass_obj
def change(session: Session, base: str, out: Path) -> None:
    """Write what a pull request would change as a file that `mlops report comment` reads. Needs no cloud."""
    session.read_params()
    from mlops.flow.release import change as flow
    from mlops.views import report_change as view

    session.answer(lambda context: flow.run(context.project, base=base, out=out), view)


@command.command()
@click.option("--run", type=click.IntRange(1), required=True, help="Number of the workflow run that wrote the file.")
@click.option("--site", default="", metavar="URL", help="Where this project's site is published: it has an estimate.")
@click.pass_obj
def comment(session: Session, run: int, site: str) -> None:
    """Put what a check reported into the one comment of its pull request, as quotations."""
    from mlops.flow.release import comment as flow
    from mlops.github_api import GitHub
    from mlops.views import report_comment as view

    session.answer_alone(lambda: flow.run(GitHub.from_environment(session.environ), run, site=site), view)
