"""The project that the tests work on: parameters and conversations of their own, never those that a team edits."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent
PARAMS_FILE = PROJECT / "params.yaml"
