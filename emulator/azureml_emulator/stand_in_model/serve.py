"""A loaded model that answers: what the scoring endpoint calls. It must not know HTTP.

A `ChatModel` is only read after loading, so one object serves any number of threads.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from azureml_emulator.stand_in_model import artifact, generate
from azureml_emulator.stand_in_model.network import Network


class ChatModel:
    """Answers conversations, and says how likely it finds a given one."""

    def __init__(self, model: artifact.StandInModel) -> None:
        self.details = model.details
        self._tokenizer = model.tokenizer
        self._network = Network(model.config, model.weights)

    @classmethod
    def load(cls, folder: Path | None = None) -> "ChatModel":
        """From a model folder; without one, the shipped base model. Raises model_folder.ArtifactError."""
        return cls(artifact.load(folder) if folder else artifact.load_base())

    def reply(self, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None) -> str:
        """Return the assistant's next turn. Raises ValueError for messages or parameters that cannot be used."""
        return self.answer(messages, parameters).text

    def answer(
        self, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> generate.Answer:
        """Return the same, with the finish reason and the numbers of tokens."""
        if not messages:
            raise ValueError("there are no messages to answer")
        with np.errstate(all="ignore"):  # a model that diverged in training still answers, with nonsense
            return generate.answer(
                self._network, self._tokenizer, messages, generate.Sampling.from_parameters(parameters or {})
            )

    def score(self, messages: Sequence[Mapping[str, Any]]) -> float:
        """Return the mean negative log likelihood of the assistant's tokens, in nats. Raises ValueError without any."""
        with np.errstate(all="ignore"):
            return generate.mean_loss(self._network, self._tokenizer, messages)
