"""What a job with `small: true` runs needs nothing of what its installation leaves out."""

import re
import subprocess
import sys
from pathlib import Path

from tools.lock import FOR_PREPARATION

WORKFLOWS = Path(__file__).resolve().parents[2] / ".github" / "workflows"
SMALL = re.compile(r'small: "true".*?run: exec mlops ([a-z]+)', re.DOTALL)
ENTRY = {
    "environments": ("flow.environments.environments", "views.environments"),
    "resume": ("flow.release.resume", "views.resume", "views.model_card", "domain.evaluation.paired"),
    "polling": ("flow.release.polling", "views.polling"),
    "report": ("flow.release.comment", "flow.release.change_comment", "views.report_comment"),
    "doctor": ("flow.release.github_settings", "views.doctor"),
}


def test_every_verb_of_a_small_job_starts_without_what_is_left_out() -> None:
    verbs = {found[1] for path in WORKFLOWS.glob("*.yml") for found in SMALL.finditer(path.read_text())}
    assert verbs == set(ENTRY)
    absent = "; ".join(f"sys.modules[{name!r}] = None" for name in (*FOR_PREPARATION, "pyarrow"))
    needed = ["azure.ai.ml", *(f"mlops.{part}" for parts in ENTRY.values() for part in parts)]
    program = f"import sys; {absent}; import numpy, {', '.join(needed)}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
