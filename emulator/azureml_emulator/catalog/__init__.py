"""What exists without anybody creating it: registry models, components, VM sizes, the public dataset."""

from pathlib import Path
from typing import Any

import yaml

# In pure Python, reading the components takes half of a second's work of a fresh emulator.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_file(file: Path) -> Any:
    """What a file of the catalog says."""
    return yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe one by either name
