"""The loop of a promotion and of a rollback: observe the endpoint, decide the next safe step, take it, until the end.

Every step is decided anew from what is there, so what was interrupted anywhere is carried on by running it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mlops import clock
from mlops.azure.agree import Contradiction
from mlops.azure.failures import Conflict, Transient
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.steps import Done, Refuse, RolledBack, Skip, Step, Wait
from mlops.errors import Problem, RemoteFailed, Unfinished
from mlops.flow import poll
from mlops.flow.promote.rollout_log import RolloutLog

STEP_LIMIT = 1000  # a planner that goes in circles would be a bug
WAIT_SECONDS = 3600.0
PAUSES = poll.Pauses(5.0)
Final = Done | RolledBack | Refuse | Skip


@dataclass
class Reconciliation:
    """One endpoint. `act` takes a step, or gives a Wait when it may not now; `again` is the command to go on with."""

    observe: Callable[[], EndpointFacts]
    decide: Callable[[EndpointFacts], Step]
    act: Callable[[Step, EndpointFacts], Wait | None]
    log: RolloutLog
    again: str
    _deadline: float = field(default_factory=lambda: clock.monotonic() + WAIT_SECONDS)

    def run(self) -> tuple[EndpointFacts, Final]:
        """Step by step until the planner says that it is over. Raises Unfinished when it waited for too long."""
        for _ in range(STEP_LIMIT):
            facts, step = poll.until(self._turn, lambda turn: not isinstance(turn[1], Wait), PAUSES, self._deadline)
            if isinstance(step, Done | RolledBack | Refuse | Skip):
                return facts, step
            if isinstance(step, Wait):
                fix = f"{self.again}, when it has come to rest; `mlops promote --take-over` breaks the lease of a run"
                raise Unfinished(Problem(f"{step.what} is still being changed", why=step.why, fix=fix))
        raise RemoteFailed(f"{self.log.spec.endpoint} did not come to rest within {STEP_LIMIT} steps")

    def _turn(self) -> tuple[EndpointFacts, Step]:
        try:
            facts = self.observe()
        except Contradiction as error:
            step: Step = Wait(self.log.spec.endpoint, f"it is looked at again: {error.problems[0].why}")
            self.log.step(step)
            return self.log.last, step
        self.log.see(facts)
        step = self.decide(facts)
        if not isinstance(step, Done | RolledBack | Refuse | Skip | Wait):
            step = self._act(step, facts) or step
        if isinstance(step, Wait):
            self.log.step(step)
        return facts, step

    def _act(self, step: Step, facts: EndpointFacts) -> Wait | None:
        endpoint = self.log.spec.endpoint
        try:
            return self.act(step, facts)
        except Conflict as error:  # somebody changes it between our look and our request
            return Wait(endpoint, f"{endpoint} is being changed: {error.problems[0].why}")
        except Transient as error:  # the connection or the service, not the model
            return Wait(endpoint, f"it is tried again: {error.problems[0].what}")
