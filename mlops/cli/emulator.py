"""`mlops emulator`: the command line of the emulator, reached from here, on the state that the other verbs use."""

import os

import click

from azureml_emulator.cli.main import command as emulator
from mlops.azure.target import FOLDER_VARIABLE, emulator_folder


@click.group(
    commands=dict(emulator.commands),
    epilog=f"State is kept in the folder of --state, else of ${FOLDER_VARIABLE}, else in one below your home.",
)
@click.pass_context
def command(context: click.Context) -> None:
    """Start, use and stop the emulator of Azure Machine Learning."""
    context.obj = emulator_folder(os.environ)
