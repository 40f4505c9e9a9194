"""Invokes an online endpoint over HTTP, and says who is to blame for what is no answer.

`online_endpoints.invoke` of the SDK is not used: it keeps the deployment header of one call for the next (its headers
are a class attribute), and loses status and latency. Nothing is retried: after a time-out
the instance still works on the question, and a second request only adds to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops import clock
from mlops.azure import endpoint_address
from mlops.azure.failures import Denied, Transient
from mlops.azure.workspace import Workspace
from mlops.domain.promote.canary import UNUSABLE
from mlops.domain.promote.chat_protocol import Stack, parameters, read_answer, stack_of
from mlops.domain.promote.spec import Invocation
from mlops.domain.serving.causes import UNREACHED, Blame, of_status
from mlops.errors import AzureRefused, Problem, RemoteFailed

if TYPE_CHECKING:
    from azure.core import PipelineClient

DEPLOYMENT_HEADER = "azureml-model-deployment"
IDLE_SECONDS = 20.0  # after so long a gateway may have forgotten a connection, and nothing here is tried twice
_REACH = "check name resolution, proxy and firewall of this machine; a private endpoint is reached from inside"


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

    @property
    def cause(self) -> Blame | None:
        """Who is to blame that there is no text; None when there is one."""
        return None if self.text is not None else of_status(self.status)


def not_the_models(answer: Answer, endpoint: str) -> AzureRefused | RemoteFailed | None:
    """The failure of an answer that says nothing of the model: Denied, or Transient; None for all others."""
    match answer.cause:
        case Blame.RIGHT:
            fix = (
                "let this identity score the endpoint (AzureML Data Scientist on the workspace), and run where its "
                "network is reached: inside the private one, when the endpoint's public access is off"
            )
            return Denied(Problem(f"{endpoint} refuses to be asked from here", why=answer.failure, fix=fix))
        case Blame.NETWORK:
            return Transient(Problem(f"{endpoint} cannot be reached from here", why=answer.failure, fix=_REACH))
        case Blame.SERVICE:
            return Transient(Problem(f"{endpoint} does not know the deployment yet", why=answer.failure))
        case _:
            return None


def check_host(workspace: Workspace, endpoint: str) -> str:
    """The host of an endpoint, which answered a call without a key: whatever it said, name and connection are right.

    No model is asked. Raises Transient where it is not reached.
    """
    from azure.core import PipelineClient
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    host = endpoint_address.scoring(workspace, endpoint)[0].split("/")[2]
    address = f"https://{host}/swagger.json"
    client: PipelineClient[Any, Any] = PipelineClient(address, policies=[])
    try:
        client.send_request(HttpRequest("GET", address), connection_timeout=10, read_timeout=10)
    except AzureError as error:
        raise Transient(Problem(f"{endpoint} cannot be reached from here", why=str(error), fix=_REACH)) from error
    return host


class ScoringClient:
    """Invokes one endpoint; reads its key once, and remembers which stack serves each deployment that has answered."""

    def __init__(self, workspace: Workspace, endpoint: str) -> None:
        self._workspace, self._endpoint = workspace, endpoint
        self._uri, self._signs_in = endpoint_address.scoring(workspace, endpoint)
        self._key = self._read_key()
        self._stacks: dict[str, Stack] = {}
        self._client: PipelineClient[Any, Any] | None = None
        self._asked = 0.0

    def _read_key(self) -> str:
        return endpoint_address.key(self._workspace, self._endpoint, self._signs_in)

    def invoke(self, messages: Sequence[dict[str, str]], settings: Invocation, deployment: str | None = None) -> Answer:
        """One question: the conversation up to and including the user's last turn."""
        answer = self._invoke(messages, settings, deployment)
        if answer.status != 401:
            return answer
        before, self._key = self._key, self._read_key()  # a token lasts an hour, and somebody may renew a key
        return answer if self._key == before else self._invoke(messages, settings, deployment)

    def _connected(self) -> "PipelineClient[Any, Any]":
        """The client of the question before, where that was just now."""
        from azure.core import PipelineClient

        from mlops.azure import connections

        before, self._asked = self._asked, clock.monotonic()
        if self._client is None or self._asked - before > IDLE_SECONDS:
            self._client = PipelineClient(self._uri, policies=[], transport=connections.fresh())
        return self._client

    def _invoke(self, messages: Sequence[dict[str, str]], settings: Invocation, deployment: str | None) -> Answer:
        from azure.core.exceptions import AzureError, ServiceResponseTimeoutError
        from azure.core.rest import HttpRequest

        headers = {"Authorization": f"Bearer {self._key}", **({DEPLOYMENT_HEADER: deployment} if deployment else {})}
        stack = self._stacks.get(deployment or "")
        generation = parameters(settings.max_new_tokens, settings.temperature, stack)
        body = {"input_data": {"input_string": list(messages), "parameters": generation}}
        client = self._connected()
        started = clock.monotonic()
        try:
            response = client.send_request(
                HttpRequest("POST", self._uri, headers=headers, json=body),
                connection_timeout=10,
                read_timeout=settings.timeout_seconds,
            )
        except ServiceResponseTimeoutError as error:  # it was reached, and worked on the question for too long
            return Answer(UNUSABLE, clock.monotonic() - started, None, f"no answer: {error}")
        except AzureError as error:
            return Answer(UNREACHED, clock.monotonic() - started, None, f"no answer: {error}")
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
