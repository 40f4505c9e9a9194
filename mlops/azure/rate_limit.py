"""Keeps many reads within what Azure Resource Manager allows, and makes all threads wait when it says to.

Reads are counted in a token bucket of 250 that refills by 25 a second, for a subscription, region and principal
(learn.microsoft.com, "Understand how Azure Resource Manager throttles requests"). Nine tenths of it are taken, so that
a workflow beside this one is not starved. It must not retry itself: azure-core does, each try comes through here.
"""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, RetryPolicy

from mlops import clock
from mlops.clouds import CLOUDS

READS, READS_A_SECOND = 225.0, 22.5
REMAINING = "x-ms-ratelimit-remaining-subscription-reads"
LONGEST_PAUSE = 300.0
THROTTLED = (429, 503)
DATA_PLANE = tuple(
    f".{one.regional}" for one in CLOUDS
)  # metrics and run history do not go through Azure Resource Manager


class Budget:
    """A token bucket that threads share. `now` and `sleep` in seconds."""

    def __init__(
        self,
        most: float = READS,
        a_second: float = READS_A_SECOND,
        now: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], None] = clock.sleep,
    ) -> None:
        self._most, self._rate, self._now, self._sleep = most, a_second, now, sleep
        self._lock = threading.Lock()
        self._tokens, self._at = most, now()
        self._until = 0.0  # nobody sends before this

    def take(self) -> None:
        """Wait for a token and for the end of a pause."""
        while (wait := self._wait()) > 0:
            self._sleep(wait)

    def _wait(self) -> float:
        """Take a token and give 0, or give the seconds until one may be there."""
        with self._lock:
            now = self._now()
            self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
            self._at = now
            if now < self._until:
                return self._until - now
            if self._tokens < 1:
                return (1 - self._tokens) / self._rate
            self._tokens -= 1
            return 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for so long, from any thread; the bucket is taken to be empty."""
        with self._lock:
            self._until = max(self._until, self._now() + min(seconds, LONGEST_PAUSE))
            self._tokens = min(self._tokens, 0.0)

    def at_most(self, remaining: float) -> None:
        """The service says how many reads are left; others use them up too."""
        with self._lock:
            self._tokens = min(self._tokens, max(0.0, remaining))


class BudgetPolicy(HTTPPolicy[Any, Any]):  # type: ignore[misc]
    """Stands behind the retry policy, so every try takes a token and every refusal is heard by all threads."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Take a token for a read, send, and heed what the answer says of the budget."""
        own = urlsplit(request.http_request.url).hostname or ""
        if request.http_request.method in ("GET", "HEAD", "POST") and not own.endswith(DATA_PLANE):
            self._budget.take()
        response = self.next.send(request)
        headers = response.http_response.headers
        if response.http_response.status_code in THROTTLED and (after := seconds(headers.get("Retry-After"))):
            self._budget.pause(after)
        elif (left := seconds(headers.get(REMAINING))) is not None:
            self._budget.at_most(left)
        return response


class Patient(RetryPolicy[Any, Any]):  # type: ignore[misc]
    """azure-core's retries, but a 429 that says when to come back is no failure: ten are waited out, not three."""

    def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
        """Count a try; whether there may be another."""
        answer = getattr(response, "http_response", None)
        if answer is not None and answer.status_code == THROTTLED[0] and answer.headers.get("Retry-After"):
            settings["status"] += 1
        return bool(super().increment(settings, response=response, error=error))


def seconds(text: str | None) -> float | None:
    """A header that is a number; None for anything else, dates among them."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
