"""What a command imports before it does its work: help, versions and mistakes never pay for more than they need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from mlops.__main__ import main
code = main()
print(code, *sorted({name.partition(".")[0] if not name.startswith("mlops") else name for name in sys.modules}))
"""
HEAVY = {"azure", "pydantic", "rich", "numpy", "urllib3", "requests", "jsonschema", "polars", "pyarrow", "uvicorn"}
BUDGETS = {
    "--version": HEAVY | {"yaml", "subprocess", "json", "difflib"},
    "plan --help": HEAVY | {"yaml", "subprocess", "json", "difflib"},
    "--help": HEAVY | {"sqlite3", "starlette"},
    "--set training.nodes=none plan": HEAVY - {"pydantic", "rich"} | {"mlops.flow.context"},
}


@pytest.mark.parametrize("words", BUDGETS)
def test_a_start_imports_no_more_than_it_needs(words: str) -> None:
    command = [sys.executable, "-S", "-c", PROGRAM, *words.split()]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    imported = set(done.stdout.splitlines()[-1].split())
    assert {"0", "2"} & imported, done.stderr
    assert not imported & BUDGETS[words]
