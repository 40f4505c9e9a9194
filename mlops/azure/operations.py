"""How the end of a long operation of ARM is waited for, without the read of the resource that follows it in the SDK."""

from typing import Any

from azure.core.polling.base_polling import LocationPolling, StatusCheckPolling
from azure.mgmt.core.polling.arm_polling import ARMPolling, AzureAsyncOperationPolling, BodyContentPolling


class _EndAlone(AzureAsyncOperationPolling[Any, Any]):  # type: ignore[misc]
    """The operation says how it ended; that is all that is asked."""

    def get_final_get_url(self, pipeline_response: Any) -> None:
        """No further request."""


def until_ended(seconds: float) -> ARMPolling:
    """ARM's ways to wait, in the SDK's order; `seconds` between two looks where the service does not say."""
    return ARMPolling(seconds, [_EndAlone(), LocationPolling(), BodyContentPolling(), StatusCheckPolling()])
