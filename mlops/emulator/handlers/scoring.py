"""The scoring host of an endpoint: signs in, divides traffic, asks the model, and keeps a record of each request.

It must not load models itself (`serving`). Sources: the managed online endpoints' HTTP status codes and headers.
"""

import asyncio
import hmac
import json
import random
import time
from dataclasses import dataclass
from typing import Any

from mlops.emulator import serving
from mlops.emulator.handlers import deployments, login
from mlops.emulator.handlers.endpoints import KIND, SCORING_AUDIENCE
from mlops.emulator.request import Reply, Request
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource

HEADER = "azureml-model-deployment"
# A fine-tuned model is served by the generic MLflow image, whose answer is a table; `foundation-model-inference` says
# {"output": text}. A deployment chooses the latter by the environment variable EMULATOR_STACK.
STACK_VARIABLE, FOUNDATION = "EMULATOR_STACK", "foundation-model-inference"
_chance = random.Random(0)


@dataclass(frozen=True)
class Refusal(Exception):
    """An answer that is not the model's: status, text and headers."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


async def score(request: Request, emulator: Emulator) -> Reply:
    """POST /score."""
    endpoint = _endpoint(request, emulator)
    if endpoint is None:
        return Reply(404, "The endpoint was not found.")
    if not _signed_in(request, endpoint):
        return Reply(401, {"message": "key_auth_bad_header_or_key"}, {"WWW-Authenticate": "Bearer"})
    try:
        chosen = _choose(request, emulator, endpoint)
    except Refusal as refusal:
        return Reply(refusal.status, refusal.text, dict(refusal.headers))
    mirrored = _mirror(emulator, endpoint) if HEADER not in request.headers else None
    if mirrored:
        emulator.spawn(_served(request, emulator, endpoint, mirrored, mirror=True), "mirror")
    return await _served(request, emulator, endpoint, chosen)


def swagger(request: Request, emulator: Emulator) -> Reply:
    """GET /swagger.json: the shape of the one call."""
    endpoint = _endpoint(request, emulator)
    if endpoint is None:
        return Reply(404, "The endpoint was not found.")
    if not _signed_in(request, endpoint):
        return Reply(401, {"message": "key_auth_bad_header_or_key"}, {"WWW-Authenticate": "Bearer"})
    operation = {"operationId": "RunMLService", "responses": {"200": {"description": "The model's answer"}}}
    return Reply(
        200,
        {"swagger": "2.0", "info": {"title": endpoint.name, "version": "1"}, "paths": {"/score": {"post": operation}}},
    )


def health(request: Request, emulator: Emulator) -> Reply:
    """GET /: the container is alive."""
    return Reply(200, "Healthy") if _endpoint(request, emulator) else Reply(404, "The endpoint was not found.")


async def _served(
    request: Request, emulator: Emulator, endpoint: Resource, chosen: Resource, *, mirror: bool = False
) -> Reply:
    """One request to one deployment, within its limits, recorded whatever comes of it."""
    settings = chosen.body["properties"]["requestSettings"]
    key = f"pending:{chosen.id}"
    pending = emulator.cache.get(key, 0)
    capacity = int(settings["maxConcurrentRequestsPerInstance"]) * int(chosen.body["sku"]["capacity"])
    if pending >= 2 * capacity:
        reply, model_status, spent = Reply(429, "Too many requests are pending."), 0, 0.0
    else:
        emulator.cache[key] = pending + 1
        begun = time.perf_counter()
        try:
            work = asyncio.to_thread(_ask, emulator, chosen, request.body)
            reply, model_status = await asyncio.wait_for(work, deployments.seconds(settings["requestTimeout"]))
        except TimeoutError:
            reply, model_status = Reply(408, "The request took longer than request_timeout_ms."), 0
        finally:
            emulator.cache[key] -= 1
        spent = time.perf_counter() - begun
    with emulator.transaction():
        row = (
            endpoint.name.lower(),
            chosen.name,
            emulator.clock.now().timestamp(),
            reply.status,
            model_status,
            spent * 1000,
            int(mirror),
        )
        emulator.store.database.execute("INSERT INTO requests VALUES (?,?,?,?,?,?,?)", row)
    named = {HEADER: chosen.name, "x-ms-run-function-failed": "False", "x-ms-server-version": "emulator"}
    return Reply(reply.status, reply.body, {**named, **reply.headers})


def _ask(emulator: Emulator, chosen: Resource, body: bytes) -> tuple[Reply, int]:
    """The container's answer and its status; what it raises becomes a 424 of the endpoint."""
    stack = (chosen.body["properties"].get("environmentVariables") or {}).get(STACK_VARIABLE)
    try:
        texts = serving.answer(serving.load(emulator, chosen), json.loads(body or b"{}"))
    except Exception as error:  # noqa: BLE001 - a model's code may raise anything; the endpoint answers 424 for all of it
        if stack == FOUNDATION:
            return Reply(200, {}), 200
        reason = str(error).replace("\n", " ")[:200].encode("ascii", "replace").decode()
        headers = {"ms-azureml-model-error-statuscode": "500", "ms-azureml-model-error-reason": reason}
        return Reply(424, {"message": f"An unexpected error occurred in scoring script. {error}"}, headers), 500
    if stack == FOUNDATION:
        return Reply(200, {"output": texts[0]}), 200
    return Reply(200, [{"0": text} for text in texts]), 200


def _endpoint(request: Request, emulator: Emulator) -> Resource | None:
    name, region = request.params["endpoint"].lower(), request.params["region"].lower()
    return next(
        (e for e in emulator.store.every(KIND) if e.name.lower() == name and e.body["location"] == region), None
    )


def _signed_in(request: Request, endpoint: Resource) -> bool:
    kind, _, presented = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return False
    if endpoint.body["properties"]["authMode"] == "Key":
        return any(hmac.compare_digest(presented, key) for key in endpoint.body["keys"])
    try:
        claims = login.claims_of(presented)
    except ValueError:
        return False
    return claims.get("aud") == SCORING_AUDIENCE and float(claims.get("exp", 0)) > time.time()


def _choose(request: Request, emulator: Emulator, endpoint: Resource) -> Resource:
    """The deployment that the header names, else one by the traffic's weights. Raises Refusal."""
    known = {child.name: child for child in emulator.store.children(endpoint.id, deployments.KIND)}
    if named := request.headers.get(HEADER):
        if named not in known:
            raise Refusal(404, f"Deployment {named} was not found in the endpoint.")
        chosen = known[named]
    else:
        traffic: dict[str, Any] = {
            k: v for k, v in (endpoint.body["properties"].get("traffic") or {}).items() if k in known
        }
        if not sum(traffic.values()):
            raise Refusal(404, "The endpoint has no deployment with a positive traffic weight.")
        chosen = known[_chance.choices(list(traffic), list(traffic.values()))[0]]
    if chosen.body["properties"]["provisioningState"] == "Failed":
        raise Refusal(503, f"Deployment {chosen.name} is not ready.")
    return chosen


def _mirror(emulator: Emulator, endpoint: Resource) -> Resource | None:
    for name, share in (endpoint.body["properties"].get("mirrorTraffic") or {}).items():
        if _chance.uniform(0, 100) < share:
            return emulator.store.get(f"{endpoint.id}/{deployments.KIND}/{name}")
    return None
