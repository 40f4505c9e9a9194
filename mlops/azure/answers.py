"""Tells an answer of Azure from that of something in between, such as a proxy that wants a person to sign in.

It must not know what is asked for.
"""

from typing import Any

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

SUCCESS = (200, 201)


class JsonOnly(HTTPPolicy[Any, Any]):  # type: ignore[misc]
    """Takes a success whose body is no JSON, or not all of it, for no answer: the policy before it tries again."""

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send, and look at what comes back."""
        response = self.next.send(request)
        answer = response.http_response
        if answer.status_code in SUCCESS and request.http_request.method != "HEAD" and not _is_json(_body(answer)):
            kind = answer.headers.get("Content-Type", "no type")
            raise ServiceResponseError(f"what answered is not Azure, or was cut off: a success that holds {kind}")
        return response


def _body(answer: Any) -> bytes:
    return bytes(answer.read() if hasattr(answer, "read") else answer.body())


def _is_json(body: bytes) -> bool:
    """By its two ends, which is enough and costs nothing; there may be none."""
    text = body.strip()
    return not text or (text[:1], text[-1:]) in ((b"{", b"}"), (b"[", b"]"))
