"""What `mlops` answers in a scenario, and the call that promotes a model."""

from typing import Any

PUSH: dict[str, object] = {"ref": "refs/heads/main"}
ALL = {"plan": {"outputs": {"train": "true", "release": "true", "promote": "true", "job": "", "model": ""}}}
SUBMITTED = {"submit": {"outputs": {"job": "ft-1", "submitted": "true"}}}
TRAINED = {"watch": {"outputs": {"finished": "true", "status": "Completed"}}}
FINISHED = {**TRAINED, "evaluate": {"outputs": {"finished": "true", "jobs": "ev-1 ev-2"}}}
REGISTERED = {"register": {"outputs": {"model": "m:3"}}}
PROMOTION = ["promote/promote/environments", "promote/promote/first (staging)", "promote/promote/second (production)"]
ROAD = ["plan", "train", "release", *PROMOTION]
REGIONS = """
environments:
  dev: {}
  staging: {}
  production-eu: {}
  production-us: {after: staging}
gate: {rules: [{metric: eval_loss, max: 4}]}
"""


def promoted(
    environment: str,
    *,
    model: str = "m:3",
    commit: str = "",
    reason: str = "",
    hold: str = "--keep-hold",
    owner: str = "--no-take-over",
    budget: str = "--within-budget",
) -> list[str]:
    """The call that promotes a model."""
    start = ["promote", environment, "--model", model, "--commit", commit]
    return [*start, "--reason", reason, "--no-allow-older", hold, owner, "--no-skip-earlier", budget]


def answers(*parts: dict[str, Any]) -> dict[str, Any]:
    return {verb: answer for part in parts for verb, answer in part.items()}
