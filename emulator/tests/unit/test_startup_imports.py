"""What a server loads when it starts: not what only training and answering need."""

import subprocess
import sys

HEAVY = ("numpy", "pyarrow", "sacrebleu", "rouge_score")


def test_a_server_starts_without_what_only_models_need() -> None:
    code = "import sys, azureml_emulator.__main__, azureml_emulator.server; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "azureml_emulator.routes" in loaded
    assert not set(HEAVY) & set(loaded)
