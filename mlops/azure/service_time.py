"""What time it is at the service, heard from the Date header of each of its answers."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from mlops import clock


class ServiceTime(SansIOHTTPPolicy[Any, Any]):  # type: ignore[misc]
    """A policy that keeps the last Date, and counts on from there. An answer without one tells this machine's time."""

    def __init__(self) -> None:
        self._heard: tuple[datetime, float] | None = None

    @property
    def known(self) -> bool:
        """Whether there was an answer yet."""
        return self._heard is not None

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:  # noqa: ARG002 - azure-core's
        """Keep what time an answer tells."""
        stated = response.http_response.headers.get("Date")
        moment = parsedate_to_datetime(stated) if stated else clock.now()
        self._heard = moment.astimezone(UTC), clock.monotonic()

    def now(self) -> datetime:
        """The service's time in whole seconds, as the header has it. Only where it is known."""
        assert self._heard
        moment, at = self._heard
        return moment + timedelta(seconds=int(clock.monotonic() - at))
