"""`python -m azureml_emulator.stand_in_model WORKDIR`: the worker. Exit code 0 when every node completed, else 1."""

import sys
from pathlib import Path

from azureml_emulator.stand_in_model import heap
from azureml_emulator.stand_in_model.worker import print_event, run

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m azureml_emulator.stand_in_model WORKDIR")
    heap.keep_freed()
    sys.exit(0 if run(Path(sys.argv[1]), print_event) else 1)
