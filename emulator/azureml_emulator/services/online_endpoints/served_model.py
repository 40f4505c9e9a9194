"""A model that another stack serves: a process for each model, asked by lines of JSON. It must not know HTTP.

The process first says `{}`; then each line `{"input_data": ...}` is answered by `{"answer": [...]}`. In place of either
`{"error": text}` is what the model's own code raised.
"""

import json
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from azureml_emulator.stand_in_model.model_folder import ArtifactError

ENDED = "the serving process has ended"


class ServedModel:
    """A loaded model. One question at a time; it ends with the emulator, when its input does."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        """Raises ArtifactError for a model that cannot be loaded."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([*words, "serve", str(folder)], stdin=pipe, stdout=pipe, text=True)
        self._lock = threading.Lock()
        if error := self._read().get("error"):
            self.close()
            raise ArtifactError(str(error))

    def predict(self, input_data: Any) -> list[Any]:
        """What the serving image answers. Raises ValueError with what the model's code raised."""
        with self._lock:
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps({"input_data": input_data}) + "\n")
                self._process.stdin.flush()
            except OSError:
                raise ValueError(ENDED) from None
            said = self._read()
        if "error" in said:
            raise ValueError(str(said["error"]))
        return list(said["answer"])

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):  # what was not sent is not needed
                    pipe.close()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {"error": ENDED}
        return found
