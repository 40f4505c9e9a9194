"""Where the emulator of this person keeps its state unless a folder is named."""

from collections.abc import Mapping
from pathlib import Path

FOLDER_VARIABLE = "AZUREML_EMULATOR_DIR"


def state_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the variable, else one of this user."""
    if named := environ.get(FOLDER_VARIABLE):
        return Path(named)
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", ".")) / ".local" / "state")
    return Path(state) / "azureml-emulator"
