"""`mlops emulator`: the command line of the emulator, reached from here, on the state that the other verbs use."""

import os
from collections.abc import MutableMapping

import click

from azureml_emulator import __version__ as _installed  # noqa: F401 - the verb is there where the emulator is
from mlops.azure.target import FOLDER_VARIABLE, emulator_folder


class _Emulator(click.Group):
    """The emulator's commands, imported when one is named: the help of all verbs needs none."""

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """By name."""
        from azureml_emulator.cli.main import command as emulator

        return emulator.commands

    @commands.setter
    def commands(self, stated: MutableMapping[str, click.Command]) -> None:
        assert not stated, "the emulator states them"


@click.group(
    cls=_Emulator,
    epilog=f"State is kept in the folder of --state, else of ${FOLDER_VARIABLE}, else in one below your home.",
)
@click.pass_context
def command(context: click.Context) -> None:
    """Start, use and stop the emulator of Azure Machine Learning."""
    context.obj = emulator_folder(os.environ)
