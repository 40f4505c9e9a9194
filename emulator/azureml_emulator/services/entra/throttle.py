"""Azure Resource Manager's token buckets: so many reads, writes and deletes of a subscription by one principal.

It must not know what a call does. Source: "Understand how Azure Resource Manager throttles requests" (since 2024).
"""

from dataclasses import dataclass
from math import ceil, floor

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.state import Emulator


@dataclass(frozen=True)
class Budget:
    """A bucket's size, and the tokens that come back each second."""

    size: int
    refill: int


BUDGETS = {"reads": Budget(250, 25), "writes": Budget(200, 10), "deletes": Budget(200, 10)}
KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


class Buckets:
    """What is left in each bucket. Times are seconds of a clock that does not go back."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, method: str, subscription: str, actor: str, now: float) -> dict[str, str]:
        """Spend a token: the header that tells what is left. Raises the 429 of an empty bucket."""
        kind = KINDS.get(method, "writes")
        budget, key = BUDGETS[kind], (subscription.lower(), actor, kind)
        left, at = self._left.get(key, (float(budget.size), now))
        left = min(float(budget.size), left + (now - at) * budget.refill)
        if left < 1:
            self._left[key] = (left, now)
            seconds = max(1, ceil((1 - left) / budget.refill))
            text = (
                f"Number of '{kind[:-1]}' requests for subscription '{subscription}' actor '{actor}' exceeded. "
                f"Please try again after '{seconds}' seconds after additional tokens are available. Refer to "
                "https://aka.ms/arm-throttling for additional information."
            )
            raise ServiceError(
                429, "SubscriptionRequestsThrottled", text, headers={"Retry-After": str(seconds)}, plain=True
            )
        self._left[key] = (left - 1, now)
        return {f"x-ms-ratelimit-remaining-subscription-{kind}": str(floor(left - 1))}


def of(_: Emulator) -> Buckets:
    """The buckets of an emulator, for `Emulator.part`; they are full when it starts."""
    return Buckets()
