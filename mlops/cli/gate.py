"""`mlops gate`."""

from pathlib import Path

import click

from mlops.cli.session import Session


@click.command()
@click.option("--job", help="The job; the default is the newest for the current parameters and data.")
@click.option(
    "--from-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Judge metrics in a JSON file, without any service.",
)
@click.pass_obj
def command(session: Session, job: str | None, from_file: Path | None) -> None:
    """Judge a finished run by the rules of params.yaml. Exit 4 is a refusal."""
    from mlops.flow import gate

    if job and from_file:
        raise click.UsageError("--job and --from-file exclude each other")
    session.run(lambda context: gate.run_from_file(context, from_file) if from_file else gate.run(context, job=job))
