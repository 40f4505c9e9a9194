"""Chat completions of an Azure OpenAI deployment over plain REST, signed in with Entra.

Source: Azure/azure-rest-api-specs, AzureOpenAI/inference/stable/2024-10-21/inference.json. Why no client library
is used stands in docs/decisions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace
from mlops.errors import BadInput, Problem

FILTERED = "content_filter"


@dataclass(frozen=True)
class Completion:
    """What came back: `text` None where there is none, and `failure` says why; the tokens that were counted."""

    text: str | None
    failure: str = ""
    sent: int = 0
    answered: int = 0


class ChatDeployment:
    """One deployment. A 429 is waited out as `Retry-After` says."""

    def __init__(self, workspace: Workspace, endpoint: str, deployment: str, api_version: str) -> None:
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy

        from mlops.azure import connections
        from mlops.azure.rate_limit import Patient

        cloud, base = workspace.cloud, endpoint.rstrip("/")
        if not base.endswith(tuple(f".{host}" for host in cloud.models)):
            why = "a token of one cloud is sent to no host of another"
            known = " or ".join(cloud.models) or "none that is known"
            fix = f"hosts of Azure OpenAI there end in {known}; an endpoint of the workspace can judge, too"
            raise BadInput(Problem(f"{base} is not in {cloud.name}", "evaluation.judge.endpoint", why=why, fix=fix))
        policies = [Patient(), BearerTokenCredentialPolicy(workspace.credential, f"{cloud.cognitive}/.default")]
        self._name = deployment
        self._client: PipelineClient[Any, Any] = PipelineClient(
            base, policies=policies, transport=connections.of(workspace.credential)
        )
        self._url = f"{base}/openai/deployments/{quote(deployment, safe='')}/chat/completions?api-version={api_version}"

    def complete(self, messages: Sequence[Mapping[str, str]], settings: Mapping[str, Any]) -> Completion:
        """One answer. What the content filter refuses is an answer too; raises our failures for everything else."""
        from azure.core.rest import HttpRequest

        body = {"messages": [dict(message) for message in messages], **settings}
        with translated(f"ask {self._name}"):
            response = self._client.send_request(HttpRequest("POST", self._url, json=body), retry_on_methods=["POST"])
            if response.status_code == 400 and _code(response) == FILTERED:
                return Completion(None, "the content filter refused the question")
            response.raise_for_status()
            answer: Any = response.json()
        choice, usage = answer["choices"][0], answer.get("usage") or {}
        text = choice["message"].get("content")
        failure = "" if text else f"no text: {choice.get('finish_reason')}"
        return Completion(
            text or None, failure, int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        )


def _code(response: Any) -> str:
    try:
        return str((response.json().get("error") or {}).get("code") or "")
    except (ValueError, AttributeError):
        return ""
