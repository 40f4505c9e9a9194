"""Invokes an online endpoint over HTTP.

`online_endpoints.invoke` of the SDK is not used: it keeps the deployment header of one call for the next (its headers
are a class attribute), and loses status and latency. Keys still come from the SDK. Nothing is retried: after a time-out
the instance still works on the question, and a second request only adds to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops import clock
from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace
from mlops.domain.promote.canary import UNUSABLE
from mlops.domain.promote.chat_protocol import Stack, parameters, read_answer, stack_of
from mlops.domain.promote.spec import Invocation

DEPLOYMENT_HEADER = "azureml-model-deployment"


@dataclass(frozen=True)
class Answer:
    """What came back: `text` is None when there was no usable answer, and `failure` says why.

    `deployment` is the one that answered, as the service's header says; empty when it does not say.
    """

    status: int
    seconds: float
    text: str | None
    failure: str = ""
    deployment: str = ""

    @property
    def code(self) -> int:
        """The status by which it counts: a 200 without an answer in it is none."""
        return UNUSABLE if self.status == 200 and self.text is None else self.status


class ScoringClient:
    """Invokes one endpoint; reads its key once, and remembers which stack serves each deployment that has answered."""

    def __init__(self, workspace: Workspace, endpoint: str) -> None:
        with translated(f"read the keys of {endpoint}"):
            found = workspace.ml.online_endpoints.get(endpoint)
            keys: Any = workspace.ml.online_endpoints.get_keys(endpoint)
        self._uri = str(found.scoring_uri)
        self._key = str(getattr(keys, "primary_key", None) or getattr(keys, "access_token", ""))
        self._stacks: dict[str, Stack] = {}

    def invoke(self, messages: Sequence[dict[str, str]], settings: Invocation, deployment: str | None = None) -> Answer:
        """One question: the conversation up to and including the user's last turn."""
        from azure.core import PipelineClient
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        headers = {"Authorization": f"Bearer {self._key}", **({DEPLOYMENT_HEADER: deployment} if deployment else {})}
        stack = self._stacks.get(deployment or "")
        generation = parameters(settings.max_new_tokens, settings.temperature, stack)
        body = {"input_data": {"input_string": list(messages), "parameters": generation}}
        client: PipelineClient[Any, Any] = PipelineClient(self._uri, policies=[])
        started = clock.monotonic()
        try:
            response = client.send_request(
                HttpRequest("POST", self._uri, headers=headers, json=body),
                connection_timeout=10,
                read_timeout=settings.timeout_seconds,
            )
        except AzureError as error:
            return Answer(0, clock.monotonic() - started, None, f"no answer: {error}")
        seconds = clock.monotonic() - started
        text, who = response.text(), response.headers.get(DEPLOYMENT_HEADER, "")
        if response.status_code != 200:
            reason = response.headers.get("ms-azureml-model-error-reason") or text[:300]
            return Answer(response.status_code, seconds, None, f"HTTP {response.status_code}: {reason}", who)
        stack, answered = stack_of(text), who or deployment
        if stack and answered:
            self._stacks[answered] = stack
        found = read_answer(text)
        return Answer(200, seconds, found, "" if found else f"HTTP 200 without an answer: {text[:300]}", who)
