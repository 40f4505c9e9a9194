"""Jobs as they are put, where no SDK builds them, and waiting for the end of one."""

import time
from typing import Any

from azureml_emulator.core import arm

LOOKS = 20_000  # after which a job is lost and not late: no machine is that busy

# a job that the emulator keeps as a record
SPARK: dict[str, Any] = {
    "jobType": "Spark",
    "codeId": f"{arm.default_workspace_id()}/codes/c/versions/1",
    "entry": {"sparkJobEntryType": "SparkJobPythonEntry", "file": "work.py"},
    "conf": {"spark.driver.cores": "1"},
    "inputs": {},
    "outputs": {},
}


def ended(ml_client: Any, name: str) -> str:
    """The last state of a job, however busy the machine is."""
    for _ in range(LOOKS):
        if (status := ml_client.jobs.get(name).status) in ("Completed", "Failed", "Canceled"):
            return str(status.value)
        time.sleep(0.05)
    raise AssertionError(f"{name} is lost: it is {status} after {LOOKS:,} looks")
