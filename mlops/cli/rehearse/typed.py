"""The command and the paths of a rehearsal as they are typed from where the person is."""

import shlex
import shutil
import sys
from pathlib import Path


def command(root: Path, place: Path) -> str:
    """The command as it can be typed here: by its path where the shell would not find it, or would find another.

    `place` is the folder that -C named, which is named again.
    """
    ours = Path(sys.executable).parent / "mlops"
    found = shutil.which("mlops")
    elsewhere = place != Path()
    program = ours if elsewhere else short(ours, root)
    name = "mlops" if found and Path(found).resolve() == ours.resolve() else str(program)
    return f"{name} -C {shlex.quote(str(place))}" if elsewhere else name


def short(path: Path, root: Path) -> Path:
    """A path from the root, where it is below it."""
    return path.relative_to(root) if path.is_relative_to(root) else path
