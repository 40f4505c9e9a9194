"""`mlops doctor`."""

import click

from mlops.cli.session import Session


@click.command()
@click.option("--github", "of_github", is_flag=True, help="The repository's settings on GitHub, by GITHUB_TOKEN.")
@click.pass_obj
def command(session: Session, *, of_github: bool) -> None:
    """Check that everything a release needs is there. Changes nothing."""
    from mlops.views import doctor as view

    if of_github:
        from mlops.flow.release import github_settings
        from mlops.github_api import GitHub

        session.answer_alone(lambda: github_settings.run(GitHub.of_repository(session.environ), session.params), view)
        return
    from mlops.flow.release import doctor

    session.answer(doctor.run, view)
