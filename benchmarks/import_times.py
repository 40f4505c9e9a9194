"""Measures what imports cost, each in a fresh interpreter: `python benchmarks/import_times.py [--runs N] [MODULE ...]`.

A module that is not installed is named and left out. For mlflow install `mlflow-skinny azureml-mlflow` beside the rest,
in an environment that you throw away. Times are user and system CPU, the best of N runs, less that of an empty
interpreter; they vary with the machine and its load, so compare the ratios of one run.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile

MODULES = {
    "mlops, as for --help": "import mlops.cli.main",
    "azureml-emulator, as for --help": "import azureml_emulator.cli.main",
    "azureml-emulator, its server": "import azureml_emulator.server",
    "azure.identity": "import azure.identity",
    "azure.core, for plain REST": "import azure.core.rest, azure.core.pipeline.policies, azure.core.pipeline.transport",
    "datasets": "import datasets",
    "azure.ai.ml": "import azure.ai.ml",
    "mlflow": "import mlflow",
    "azure.ai.ml, then mlflow": "import azure.ai.ml, mlflow",
    "azure.ai.ml, then mlflow and azureml.mlflow": "import azure.ai.ml, mlflow, azureml.mlflow",
}
REFERENCE = "azure.ai.ml"


def main() -> None:
    """Print one line a module: with bytecode, without it, and both against azure.ai.ml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="fresh interpreters for each number; the best counts")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="what to import; the default is a list of ours")
    options = parser.parse_args()
    runs, wanted = options.runs, {name: f"import {name}" for name in options.modules} or MODULES
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as never:
        compiled = environment(kept)
        bare = {**environment(never), "PYTHONDONTWRITEBYTECODE": "1"}
        found: dict[str, tuple[float, float]] = {}
        for name, statement in wanted.items():
            if not once(statement, compiled):  # also writes the bytecode that the next runs find
                print(f"{name}: not installed")
                continue
            found[name] = (best(statement, compiled, runs), best(statement, bare, runs))
    report(found)


def environment(cache: str) -> dict[str, str]:
    """This environment with bytecode kept below `cache`, wherever it was kept before."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**given, "PYTHONPYCACHEPREFIX": cache}


def once(statement: str, env: dict[str, str]) -> float:
    """CPU seconds of one interpreter that runs a statement; 0 when the statement fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", statement], env=env, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 0.0 if done.returncode else used


def best(statement: str, env: dict[str, str], runs: int) -> float:
    """The least of several, less an empty interpreter's."""
    empty = min(once("pass", env) for _ in range(runs))
    return max(min(once(statement, env) for _ in range(runs)) - empty, 0.001)


def report(found: dict[str, tuple[float, float]]) -> None:
    """The table."""
    first = found[REFERENCE][0] if REFERENCE in found else 0.0
    head = f"{'import':<46}{'bytecode':>10}{'without':>10}{'ratio':>8}"
    print(head + (f"{'to ' + REFERENCE:>16}" if first else ""))
    for name, (compiled, bare) in found.items():
        line = f"{name:<46}{compiled:>8.2f} s{bare:>8.2f} s{bare / compiled:>8.1f}"
        print(line + (f"{compiled / first:>16.2f}" if first else ""))


if __name__ == "__main__":
    main()
