"""From an empty folder to a released model: three commands, each told by the one before."""

import os
import re
import shlex
import subprocess
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_three_commands_lead_from_an_empty_folder_to_a_released_model(tmp_path: Path, binaries: Path) -> None:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))}
    environment = {**kept, "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": str(tmp_path / "none")}
    environment["PATH"] = f"{binaries}{os.pathsep}{kept['PATH']}"

    def run(line: str) -> tuple[str, str]:
        """What a command prints, and the next command that it tells."""
        done = subprocess.run(
            shlex.split(line), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told = re.search(r"Next:\n    (mlops .+)\n", done.stdout)
        return done.stdout, told[1] if told else ""

    _, then = run(f"mlops init helpdesk --yes --workflows acme/mlops@{COMMIT}")
    assert then == "mlops -C helpdesk check"
    _, then = run(then)
    assert then == "mlops -C helpdesk rehearse"
    few = "--set evaluation.conversations=8 --set evaluation.max_new_tokens=16 --set serving.max_new_tokens=16"
    printed, _ = run(f"{then} --until push --set data.dataset.percent=1 {few}")
    assert re.search(r"model +helpdesk:1\n", printed)
    assert re.search(r"endpoint, production +helpdesk-production-\w+: model-1 100 %\n", printed)
    assert [path.name for path in tmp_path.iterdir()] == ["helpdesk"]
