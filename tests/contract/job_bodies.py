"""Jobs as they are put, where no SDK builds them."""

from typing import Any

# a job that the emulator keeps as a record
SWEEP: dict[str, Any] = {
    "jobType": "Sweep",
    "trial": {"command": "echo", "environmentId": "azureml:env:1"},
    "searchSpace": {"x": ["choice", [[1, 2]]]},
    "samplingAlgorithm": {"samplingAlgorithmType": "Random"},
    "objective": {"goal": "Minimize", "primaryMetric": "loss"},
    "inputs": {},
    "outputs": {},
}
