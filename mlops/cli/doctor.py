"""`mlops doctor`."""

import click

from mlops.cli.options import Listed
from mlops.cli.session import Session


def _roads() -> list[str]:
    from mlops.domain.release.access import Road

    return [road.value for road in Road]


@click.command()
@click.option("--github", "of_github", is_flag=True, help="The repository's settings on GitHub, by GITHUB_TOKEN.")
@click.option(
    "--for",
    "roads",
    multiple=True,
    envvar="MLOPS_DOCTOR_FOR",
    type=Listed(_roads),
    help="Only what this needs; may be given several times; MLOPS_DOCTOR_FOR has them with blanks.  [default: all]",
)
@click.pass_obj
def command(session: Session, *, of_github: bool, roads: tuple[str, ...]) -> None:
    """Check that everything a release needs is there. Changes nothing.

    A warning keeps the exit code 0, a problem does not; each comes with what fixes it.
    """
    from mlops.views import doctor as view

    if of_github:
        from mlops.flow.release import github_settings
        from mlops.github_api import GitHub

        session.answer_alone(lambda: github_settings.run(GitHub.of_repository(session.environ), session.params), view)
        return
    from mlops.domain.release.access import Road
    from mlops.flow.release import doctor

    session.answer(lambda context: doctor.run(context, tuple(Road(road) for road in roads)), view)
