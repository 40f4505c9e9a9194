"""What params.yaml asks of a judge."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops.domain.evaluation.judge.agreement import Labelled


@dataclass(frozen=True)
class JudgeSpec:
    """Who judges, by which rubric (its text), and what that may cost. `deployment` empty: an endpoint of the workspace.

    `settings` go with every call. Prices are of a million tokens; None where params.yaml names none.
    """

    endpoint: str
    deployment: str
    api_version: str
    rubric: str
    rubric_file: str
    labelled: tuple[Labelled, ...]
    conversations: int
    max_calls: int
    max_answer_tokens: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    input_price: float | None = None
    output_price: float | None = None
    currency: str = ""
    timeout_seconds: float = 120.0

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.deployment} at {self.endpoint}" if self.deployment else self.endpoint

    @property
    def identity(self) -> str:
        """What makes its answers its own: another deployment or other settings are another judge."""
        return json.dumps([self.endpoint, self.deployment, self.api_version, dict(self.settings)], sort_keys=True)

    def cost(self, sent: int, answered: int) -> float | None:
        """Of so many tokens."""
        if self.input_price is None or self.output_price is None:
            return None
        return (sent * self.input_price + answered * self.output_price) / 1_000_000
