"""Where things are in a folder of the stand-in, for those who only look at it.

It must not import numpy: the server looks at folders from its start, and most servers never load a model.
"""

from pathlib import Path

BASE_FOLDER = Path(__file__).parents[1] / "catalog" / "base"
MODEL_DATA = Path("data") / "model"
NOTE_FILE = "STAND-IN.txt"


class ArtifactError(ValueError):
    """A folder holds no model of this emulator, or a damaged one."""
