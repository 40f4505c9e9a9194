"""`mlops emulator`: a door to the command line of the emulator, on the state that the other verbs use."""

import os

import click

from azureml_emulator.cli.folder import FOLDER_VARIABLE
from azureml_emulator.cli.main import command as emulator
from mlops.azure.target import emulator_folder


@click.group(commands=dict(emulator.commands))
def command() -> None:
    """Start, use and stop the emulator of Azure Machine Learning."""
    os.environ.setdefault(FOLDER_VARIABLE, str(emulator_folder(os.environ)))
