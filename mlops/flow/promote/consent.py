"""What a person says with `mlops promote` that a run does not do by itself."""

from dataclasses import dataclass

from mlops.domain.release import budget
from mlops.errors import BadInput, Problem


@dataclass(frozen=True)
class Consent:
    """What a person said with the command: things that a run does not do by itself. `reason` is theirs.

    `by_hand` is False where a run goes on by itself, and nobody asked for this promotion.
    """

    reason: str = ""
    allow_older: bool = False
    take_over: bool = False
    release_hold: bool = False
    accept_drift: bool = False
    by_hand: bool = True
    skip_earlier: bool = False
    over_budget: bool = False

    def check(self, model: str | None) -> None:
        """Raises BadInput for a hold that is released without a name or a reason, and what else lacks a reason."""
        budget.check_agreed(self.reason, "promote ENVIRONMENT", over_budget=self.over_budget)
        if self.release_hold and not (model and self.reason.strip()):
            fix = "mlops promote ENVIRONMENT --model NAME:VERSION --release-hold --reason WHY"
            raise BadInput(Problem("a hold is released for a model by its name, with a reason", fix=fix))
        if self.skip_earlier and not self.reason.strip():
            fix = "mlops promote ENVIRONMENT --model NAME:VERSION --skip-earlier --reason WHY"
            raise BadInput(Problem("an environment is skipped with a reason", "--reason", fix=fix))
