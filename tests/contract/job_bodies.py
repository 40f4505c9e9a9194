"""Jobs as they are put, where no SDK builds them."""

from typing import Any

from azureml_emulator.core import arm

# a job that the emulator keeps as a record
SPARK: dict[str, Any] = {
    "jobType": "Spark",
    "codeId": f"{arm.default_workspace_id()}/codes/c/versions/1",
    "entry": {"sparkJobEntryType": "SparkJobPythonEntry", "file": "work.py"},
    "conf": {"spark.driver.cores": "1"},
    "inputs": {},
    "outputs": {},
}
