"""Chat completions of any deployment of any Azure OpenAI resource. The same request has the same answer, always.

It has no opinion and does not pretend to one: a value that a JSON schema leaves open is chosen by a hash of the
conversation. Source: Azure/azure-rest-api-specs, AzureOpenAI/inference/stable/2024-10-21/inference.json.
"""

import hashlib
import json
from typing import Any

from azureml_emulator.core import clouds
from azureml_emulator.core.body_types import stated
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import tokens

HOST = "{resource}.openai.azure.com"
AUDIENCES = ("https://cognitiveservices.azure.com", "https://cognitiveservices.azure.com/")
ROLES = ("system", "user", "assistant", "tool", "function")
_STATED: Json = {
    **dict.fromkeys(("max_completion_tokens", "max_tokens"), "whole"),
    "response_format": {"json_schema": {"name": "text", "schema": {"": None}}, "type": "text"},
}
CHARACTERS = 4  # of a token, about


def completions(request: Request, emulator: Emulator) -> Reply:
    """POST /openai/deployments/{deployment}/chat/completions."""
    if not _signed_in(request):
        wanted = clouds.here(AUDIENCES[0])
        text = f"Unauthorized. Access token is missing, invalid, audience is incorrect ({wanted}), or have expired."
        return Reply(401, {"statusCode": 401, "message": text})
    if "api-version" not in request.query:
        raise ServiceError(404, "404", "Resource not found", plain=True)
    asked = stated(request.json(), _STATED)
    _check(asked)
    told = json.dumps(asked["messages"], sort_keys=True)
    digest = hashlib.sha256(told.encode()).digest()
    try:
        text = _text(asked.get("response_format") or {}, digest)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # the schema is anything that a client sent
        raise _bad("Invalid schema for response_format.") from error
    limit = asked.get("max_completion_tokens") or asked.get("max_tokens")
    cut = limit is not None and len(text) > int(limit) * CHARACTERS
    said = text[: int(limit) * CHARACTERS] if cut and limit else text
    spent = {"prompt_tokens": _tokens(told), "completion_tokens": _tokens(said)}
    message = {"role": "assistant", "content": said, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "length" if cut else "stop"}
    return Reply(
        200,
        {
            "id": f"chatcmpl-{digest.hex()[:29]}",
            "object": "chat.completion",
            "created": int(emulator.clock.now().timestamp()),
            "model": request.params["deployment"],
            "choices": [choice],
            "usage": {**spent, "total_tokens": sum(spent.values())},
        },
    )


def _signed_in(request: Request) -> bool:
    try:
        tokens.check(request.headers.get("authorization", ""), AUDIENCES)
    except ServiceError:
        return False
    return True


def _check(asked: Json) -> None:
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _bad("'messages' must be a list of at least one message.")
    for at, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise _bad(f"Invalid value for 'messages[{at}].role'. Supported values are: {', '.join(ROLES)}.")
        if not isinstance(message.get("content"), str | list):
            raise _bad(f"Invalid type for 'messages[{at}].content'.")
    if asked.get("stream"):
        raise ServiceError(501, "NotEmulated", "The emulator does not stream chat completions.")


def _bad(text: str) -> ServiceError:
    return ServiceError(400, "invalid_request_error", text, plain=True)


def _text(wanted: Json, digest: bytes) -> str:
    if wanted.get("type") == "json_schema":
        return json.dumps(_instance((wanted.get("json_schema") or {}).get("schema") or {}, digest))
    if wanted.get("type") == "json_object":
        return json.dumps({"answer": digest.hex()[:8]})
    return f"A rule answers here, and no model ({digest.hex()[:8]})."


def _instance(schema: Json, digest: bytes) -> Any:
    """A value that fits a schema of structured outputs; what is open is chosen by the hash."""
    if schema.get("enum"):
        return schema["enum"][digest[0] % len(schema["enum"])]
    match schema.get("type"):
        case "object":
            return {name: _instance(inner, digest) for name, inner in (schema.get("properties") or {}).items()}
        case "array":
            return []
        case "boolean":
            return bool(digest[0] % 2)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case _:
            return "chosen by a hash"


def _tokens(text: str) -> int:
    return max(1, len(text) // CHARACTERS)
