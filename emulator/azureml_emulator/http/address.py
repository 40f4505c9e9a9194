"""Where a running emulator is to be found, as it publishes it in its folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from azureml_emulator.core import clouds


@dataclass(frozen=True)
class Address:
    """Written to `emulator.json` when it serves, removed when it stops."""

    pid: int
    proxy_port: int
    control_port: int
    ca_file: str
    folder: str
    cloud: str = clouds.PUBLIC.name

    @property
    def proxy_url(self) -> str:
        """For HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def control_url(self) -> str:
        """The plain HTTP surface that moves the clock and sets delays."""
        return f"http://127.0.0.1:{self.control_port}"

    def publish(self) -> None:
        """Write it in one step, so no reader sees half of it."""
        path = Path(self.folder) / "emulator.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(self)), encoding="utf-8")
        temporary.replace(path)
