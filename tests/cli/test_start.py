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
whole = ("mlops", "importlib", "azureml_emulator")
print(code, *sorted({name if name.startswith(whole) else name.partition(".")[0] for name in sys.modules}))
"""
HEAVY = {"azure", "pydantic", "rich", "numpy", "urllib3", "requests", "jsonschema", "polars", "pyarrow", "httptools"}
# Reading params.yaml needs pydantic's core alone, and none of what pydantic would look for its plugins with.
NOT_TO_READ = HEAVY | {"importlib.metadata", "mlops.azure.workspace"}
FOR_HELP = HEAVY | {"yaml", "subprocess", "difflib", "mlops.render", "mlops.params", "mlops.domain", "mlops.flow"}
BUDGETS = {
    "--version": FOR_HELP | {"json"},
    "plan --help": FOR_HELP | {"json"},
    "--help": FOR_HELP | {"azureml_emulator.cli", "hashlib"},
    "--set training.nodes=none plan": NOT_TO_READ
    | {"difflib", "csv", "secrets"}
    | {"mlops.flow.context", "mlops.domain.dataset", "mlops.render.board", "mlops.render.charts", "mlops.cli.several"},
    "gate --from-file {folder}/metrics.json --out {folder}/verdict.json": NOT_TO_READ
    | {"mlops.domain.promote", "mlops.dataset", "mlops.domain.dataset", "mlops.domain.evaluation.probes"}
    | {"mlops.render.board", "mlops.cli.several", "difflib", "csv", "secrets"},
    # of files that this machine remembers to be right
    "plan --offline": NOT_TO_READ | {"mlops.dataset", "mlops.actions", "mlops.flow.cleanup", "mlops.flow.observe"},
}


@pytest.mark.parametrize("words", BUDGETS)
def test_a_start_imports_no_more_than_it_needs(words: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"eval_loss": 1.0}', encoding="utf-8")
    given = words.format(folder=tmp_path).split()
    command = [sys.executable, "-S", "-c", PROGRAM, *given]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path), "XDG_CACHE_HOME": str(tmp_path)}
    if given == ["plan", "--offline"]:
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    imported = set(done.stdout.splitlines()[-1].split())
    assert {"0", "2", "4"} & imported, done.stderr
    assert not imported & BUDGETS[words]


# With the flow and the view of a verb that only reads comes nothing of a watch, a preparation, a model's card, a step
# of a promotion or a deletion, and none of Microsoft's other clients.
NOT_TO_LOOK = {"pydantic", "rich", "numpy", "polars", "jsonschema", "mlops.dataset", "mlops.render.board"}
NOT_TO_LOOK |= {"mlops.domain.registry.lineage", "mlops.domain.registry.model_card", "mlops.flow.training.watch"}
NOT_TO_LOOK |= {"mlops.domain.promote.steps", "mlops.domain.promote.planner", "mlops.flow.cleanup.apply"}
NOT_TO_LOOK |= {"mlops.domain.dataset.manifest", "mlops.domain.dataset.validate", "mlops.flow.promote.lease"}
NOT_TO_LOOK |= {"mlops.domain.evaluation.judge", "mlops.actions.act", "mlops.actions.events"}
NOT_TO_LOOK |= {"azure.monitor", "azure.storage", "difflib", "mlops.azure.uploads", "mlops.azure.autoscale"}
LOOKING = ("evaluation.gate", "registry.lineage", *(f"release.{verb}" for verb in ("doctor", "plan", "runs", "status")))


@pytest.mark.parametrize("flow", LOOKING)
def test_a_verb_that_looks_imports_no_more_than_it_needs(flow: str) -> None:
    verb = flow.rpartition(".")[2]
    program = f"import sys, mlops.flow.{flow}, mlops.views.{verb}, mlops.azure.auth, mlops.azure.translate"
    command = [sys.executable, "-c", f"{program}; print(*sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    about = {"lineage": {"mlops.domain.registry.lineage"}}  # what a verb is about
    assert not set(done.stdout.split()) & (NOT_TO_LOOK - about.get(verb, set()))


@pytest.mark.parametrize(
    ("typed", "found", "never"),
    [
        ("mlops pl", "plain,plan", FOR_HELP | {"mlops.cli.gate"}),
        ("mlops plan --off", "plain,--offline", FOR_HELP | {"mlops.cli.gate"}),
        ("mlops ", "plain,upgrade", FOR_HELP),
        ("mlops data show --split ", "plain,validation", HEAVY | {"mlops.cli.gate", "mlops.params", "yaml"}),
    ],
)
def test_a_completion_imports_no_more_than_help(typed: str, found: str, never: set[str]) -> None:
    words = typed.split(" ")
    environment = {
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "_MLOPS_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    program = PROGRAM.replace(
        "code = main()", "try:\n    code = main()\nexcept SystemExit as end:\n    code = end.code"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], env=environment, capture_output=True, text=True)  # noqa: PLW1510
    *answers, imported = done.stdout.splitlines()
    assert found in answers, done.stderr
    assert not set(imported.split()) & never


ENDING = """
import atexit, threading, time
import mlops.__main__
from mlops.__main__ import main
def command():
    atexit.register(print, "at the end")
    print("said", end=" ")
    threading.Thread(target=lambda: (time.sleep(0.05), print("a thread"))).start()
    return 3
mlops.__main__._run = command
raise SystemExit(main())
"""


def test_an_end_waits_for_threads_calls_what_is_registered_and_keeps_the_code() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said a thread\nat the end\n", "")
