"""The project that the tests work on: parameters and conversations of their own, never those that a team edits."""

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent
PARAMS_FILE = PROJECT / "params.yaml"
# libyaml's, where PyYAML has it: parameters are read and written for each promotion, ten times as fast
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def parameters() -> dict[str, Any]:
    """What the parameters state, to be changed."""
    found: dict[str, Any] = yaml.load(PARAMS_FILE.read_text(encoding="utf-8"), Loader=LOADER)
    return found


def write(path: Path, stated: dict[str, Any]) -> Path:
    """Write parameters in the order that they are stated in; the path."""
    path.write_text(yaml.dump(stated, Dumper=DUMPER, sort_keys=False), encoding="utf-8")
    return path
