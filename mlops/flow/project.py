"""A team's project on this machine: its parameters, and the folder that their paths are read from."""

from dataclasses import dataclass
from pathlib import Path

from mlops.params import Params


@dataclass(frozen=True)
class Project:
    """Parameters and the file that holds them; no cloud. `cache` is the person's folder for what can be made again."""

    params: Params
    params_path: Path
    cache: Path | None = None

    @property
    def root(self) -> Path:
        """The folder of params.yaml."""
        return self.params_path.resolve().parent
