"""The checkpoints of a run: `checkpoint-<step>/` folders, the oldest dropped beyond `save_total_limit`.

It must not know how the weights are trained; it never drops the best checkpoint.
"""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from azureml_emulator.stand_in_model.layers import Array


class Checkpoints:
    """Saves below one folder; `limit` of -1 keeps all."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._saved: list[Path] = []
        self._best: Path | None = None
        self._best_loss: float | None = None

    def save(
        self, step: int, trained: Mapping[str, Array], history: list[dict[str, float]], best: float | None
    ) -> None:
        """Write what is trained and the state of the run, then drop what is beyond the limit."""
        folder = self._folder / f"checkpoint-{step}"
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "trained.npz", **dict(trained))  # type: ignore[arg-type]  # numpy's stub takes no mapping
        if best != self._best_loss:
            self._best, self._best_loss = folder, best
        state: dict[str, Any] = {
            "global_step": step,
            "best_metric": best,
            "best_model_checkpoint": self._best.name if self._best else None,
            "log_history": history,
        }
        (folder / "trainer_state.json").write_text(json.dumps(_finite(state), indent=2) + "\n", encoding="utf-8")
        if folder not in self._saved:
            self._saved.append(folder)
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        # With a limit of 1 the best and the newest are kept, as transformers does when it loads the best at the end.
        droppable = [folder for folder in self._saved[:-1] if folder != self._best]
        while self._limit > 0 and len(self._saved) > self._limit and droppable:
            folder = droppable.pop(0)
            self._saved.remove(folder)
            shutil.rmtree(folder)


def _finite(value: Any) -> Any:
    """JSON has no NaN: such numbers become null."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
