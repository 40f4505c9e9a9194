"""The emulator that a command is about: its folder, and calls of its control surface."""

import os
from pathlib import Path
from typing import Any

import click

from azureml_emulator import process
from azureml_emulator.cli.folder import state_folder
from azureml_emulator.cli.refusal import Refusal, typed
from azureml_emulator.http.address import Address

folder_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of its state.",
)


def folder_of(state: Path | None) -> Path:
    """The folder that was named, else that of the program whose part these commands are, else this user's."""
    return state or click.get_current_context().find_object(Path) or state_folder(os.environ)


def launched(folder: Path, proxy_port: int = 0, *, fresh: bool = False, cloud: str = "") -> Address:
    """The emulator of a folder, started unless it runs already. Raises Refusal."""
    try:
        return process.launch(folder, proxy_port=proxy_port, fresh=fresh, cloud=cloud)
    except process.NotStarted as error:
        raise Refusal("the emulator did not start", str(folder), why=str(error)) from None


def running(state: Path | None) -> Address:
    """The emulator that is up. Raises Refusal where none is."""
    folder = folder_of(state)
    address = process.find(folder)
    if address is None:
        raise Refusal(f"no emulator serves {folder}", fix=typed("up"))
    return address


def call(state: Path | None, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """A call of the control surface of the emulator that is up. Raises Refusal with what it says."""
    address = running(state)
    try:
        return process.control(address, method, path, body)
    except process.Refused as error:
        raise Refusal("the emulator refuses this", why=str(error)) from None
