"""`--stack real`: Microsoft's published packages train, evaluate and serve in a rehearsal, in place of the stand-in."""

import os
import subprocess
import sys

from mlops import product
from mlops.errors import BadInput, Problem

# A tiny model with random weights learns little in some steps on a CPU, and each of its answers takes a second.
SETTINGS = (
    "training.parameters.max_steps=40",
    "training.parameters.learning_rate=0.001",
    "evaluation.conversations=2",
    "evaluation.max_new_tokens=8",
    "gate.rules.eval_loss.max=9",
    "gate.rules.train_loss.max=9",
    "gate.rules.rougeL.better_than=null",
)


def words(component: str) -> list[str]:
    """What starts them, in the environment of a version of the training component; it is made where it is missing.

    Raises BadInput.
    """
    tool = product.ROOT / "tools" / "parity.py"
    if not tool.is_file():
        fix = "rehearse in a checkout of mlops"
        raise BadInput(Problem("an installed mlops has no packages of Azure's images", "--stack real", fix=fix))
    line = [sys.executable, str(tool), "--component", component, "--environment"]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        fix = "take a version that docs/parity.md lists: --set training.component_version=..."
        what = f"there is no environment for the training component {component}"
        raise BadInput(Problem(what, "--stack real", why="see above", fix=fix))
    paths = os.pathsep.join(str(folder) for folder in (product.ROOT, product.ROOT / "emulator"))
    quiet = ["HF_HUB_OFFLINE=1", "TOKENIZERS_PARALLELISM=false", f"PYTHONPATH={paths}"]
    program = [done.stdout.strip(), "-P", "-m", "tests.parity.stack", "--metrics", sys.executable]
    return ["env", *quiet, *program]
