"""The scoring host of an endpoint: signs in, divides traffic, asks the model, and keeps a record of each request.

It must not load models itself (`serving`). Sources: the managed online endpoints' HTTP status codes and headers.
"""

import asyncio
import hmac
import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from azureml_emulator.core import clouds
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Content, Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import authorize
from azureml_emulator.services.entra.actions import Asked
from azureml_emulator.services.entra.roles import ML
from azureml_emulator.services.entra.tokens import Principal, claims_of
from azureml_emulator.services.online_endpoints import endpoints, serving
from azureml_emulator.services.online_endpoints.deployment_resource import OnlineDeployment
from azureml_emulator.services.online_endpoints.endpoint_resource import KIND, AuthMode, OnlineEndpoint
from azureml_emulator.services.online_endpoints.endpoints import SCORING_AUDIENCE
from azureml_emulator.services.online_endpoints.scoring_script import deployed
from azureml_emulator.services.online_endpoints.scoring_script.container import Container, ContainerError

HEADER = "azureml-model-deployment"
# The MLflow image answers a table, [{"0": text}]; foundation-model-inference answers {"output": text}, and {} where
# anything fails. The model decides (`serving.stack_of`), unless this setting or a deployment's variable names one.
STACK_SETTING, STACK_VARIABLE = "scoring.stack", "EMULATOR_STACK"  # "mlflow" or "foundation-model-inference"
EXAMPLE = {"input_data": {"input_string": [{"role": "user", "content": "Hello"}], "parameters": {"max_new_tokens": 64}}}
_chance = random.Random(0)


@dataclass(frozen=True)
class ScoringRefusal(Exception):
    """An answer that is not the model's: status, text and headers."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()

    def reply(self) -> Reply:
        """As it is sent."""
        return Reply(self.status, self.text, dict(self.headers))


@dataclass(frozen=True)
class Outcome:
    """What became of a request: the answer, the container's own status (0: it was not asked), and the time it took."""

    reply: Reply
    model_status: int = 0
    seconds: float = 0.0


async def score(request: Request, emulator: Emulator) -> Reply:
    """POST /score."""
    endpoint = _endpoint(request, emulator)
    if endpoint is None:
        return Reply(404, "The endpoint was not found.")
    try:
        _check_signed_in(request, emulator, endpoint)
        chosen = _choose(request, emulator, endpoint)
    except ScoringRefusal as refusal:
        _record(emulator, endpoint, "", Outcome(refusal.reply()))
        return _traced(request, refusal.reply())
    mirrored = _mirror(emulator, endpoint) if HEADER not in request.headers else None
    if mirrored:
        emulator.spawn(_served(request, emulator, endpoint, mirrored, mirror=True), "mirror")
    return _traced(request, await _served(request, emulator, endpoint, chosen))


def swagger(request: Request, emulator: Emulator) -> Reply:
    """GET /swagger.json: the shape of the one call."""
    endpoint = _endpoint(request, emulator)
    if endpoint is None:
        return Reply(404, "The endpoint was not found.")
    try:
        _check_signed_in(request, emulator, endpoint)
        _choose(request, emulator, endpoint)
    except ScoringRefusal as refusal:
        return refusal.reply()
    body = {"name": "serviceInputPayload", "in": "body", "schema": {"$ref": "#/definitions/ServiceInput"}}
    answer = {"200": {"description": "The model's answer"}, "default": {"description": "The model raised an error"}}
    operation = {"operationId": "RunMLService", "parameters": [body], "responses": answer}
    return Reply(
        200,
        {
            "swagger": "2.0",
            "info": {"title": endpoint.name, "version": "1.0"},
            "host": request.host,
            "schemes": ["https"],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "securityDefinitions": {"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}},
            "paths": {"/score": {"post": {**operation, "security": [{"Bearer": []}]}}},
            "definitions": {"ServiceInput": {"type": "object", "example": EXAMPLE}},
        },
    )


def health(request: Request, emulator: Emulator) -> Reply:
    """GET /: the container is alive."""
    return Reply(200, "Healthy") if _endpoint(request, emulator) else Reply(404, "The endpoint was not found.")


async def _served(
    request: Request, emulator: Emulator, endpoint: OnlineEndpoint, chosen: OnlineDeployment, *, mirror: bool = False
) -> Reply:
    """One request to one deployment, within its limits, recorded whatever comes of it."""
    pending: set[asyncio.Future[Any]] = emulator.cache.setdefault(f"pending:{chosen.id.lower()}", set())
    if len(pending) >= 2 * chosen.most_at_once:
        outcome = Outcome(Reply(429, "Too many requests are pending."))
    else:
        work = asyncio.ensure_future(asyncio.to_thread(_question(request, emulator, endpoint, chosen)))
        pending.add(work)
        work.add_done_callback(pending.discard)  # not at the time-out: the container goes on working on it
        begun = time.perf_counter()
        await asyncio.wait({work}, timeout=chosen.timeout)
        spent = time.perf_counter() - begun
        if work.done():
            reply, model_status = work.result()
            outcome = Outcome(reply, model_status, spent)
        else:
            outcome = Outcome(Reply(408, "The request took longer than request_timeout_ms."), 0, spent)
    _record(emulator, endpoint, chosen.name, outcome, mirror=mirror)
    reply = outcome.reply
    failed = str(outcome.model_status >= 400).capitalize()
    named = {HEADER: chosen.name, "x-ms-run-function-failed": failed, "x-ms-server-version": "emulator"}
    return Reply(reply.status, reply.body, {**named, **reply.headers})


def _question(
    request: Request, emulator: Emulator, endpoint: OnlineEndpoint, chosen: OnlineDeployment
) -> Callable[[], tuple[Reply, int]]:
    """What is to be done on a thread: ask the user's own code, or the model."""
    if not chosen.code:
        return partial(_ask, emulator, chosen.place, _stack(emulator, chosen), request.body)
    container = deployed.container_of(emulator, chosen.id, chosen.code)
    said = deployed.envelope(request.method, request.query, request.headers, request.body)
    return partial(_ask_code, container, said)


def _ask_code(container: Container, said: Json) -> tuple[Reply, int]:
    """The answer of a user's own code. Whatever is no success of it, is a 424 of the endpoint."""
    try:
        answer = container.ask(said)
    except ContainerError as error:
        return Reply(502, f"The scoring container is not there: {error}"), 0
    status, headers = int(answer["status"]), dict(answer["headers"])
    body = answer["body"].encode("latin-1")
    if status < 400:
        return Reply(status, body, headers), status
    return Reply(424, body, {**headers, "ms-azureml-model-error-statuscode": str(status)}), status


def _ask(emulator: Emulator, place: str, stack: str, body: Content) -> tuple[Reply, int]:
    """The container's answer and its status; what it raises becomes a 424 of the endpoint. On a thread."""
    foundation = stack == serving.FOUNDATION
    try:
        model, asked = serving.load(emulator, place), json.loads(body or b"{}")
        answer = {"output": serving.answer_text(model, asked)} if foundation else serving.answer(model, asked)
    except Exception as error:  # noqa: BLE001 - a model's code may raise anything; the endpoint answers 424 for all of it
        if foundation:
            return Reply(200, {}), 200
        reason = str(error).replace("\n", " ")[:200].encode("ascii", "replace").decode()
        headers = {"ms-azureml-model-error-statuscode": "500", "ms-azureml-model-error-reason": reason}
        return Reply(424, {"message": f"An unexpected error occurred in scoring script. {error}"}, headers), 500
    return Reply(200, answer), 200


def _record(
    emulator: Emulator, endpoint: OnlineEndpoint, deployment: str, outcome: Outcome, *, mirror: bool = False
) -> None:
    """Keep a row of a request, for Azure Monitor and the container's log; no deployment: none was reached."""
    at, took = emulator.clock.now().timestamp(), outcome.seconds * 1000
    row = (endpoint.name.lower(), deployment, at, outcome.reply.status, outcome.model_status, took, int(mirror))
    with emulator.transaction():
        emulator.store.database.execute("INSERT INTO requests VALUES (?,?,?,?,?,?,?)", row)


def _traced(request: Request, reply: Reply) -> Reply:
    """With the trace headers: the service's own, and the client's as it was sent."""
    trace = {"x-request-id": request.headers.get("x-request-id") or str(uuid.uuid4())}
    if stated := request.headers.get("x-ms-client-request-id"):
        trace["x-ms-client-request-id"] = stated
    return Reply(reply.status, reply.body, {**trace, **reply.headers})


def _stack(emulator: Emulator, chosen: OnlineDeployment) -> str:
    return str(chosen.variables.get(STACK_VARIABLE) or emulator.store.setting(STACK_SETTING, "") or chosen.stack)


def _endpoint(request: Request, emulator: Emulator) -> OnlineEndpoint | None:
    region = request.params["region"].lower()
    named = map(OnlineEndpoint.read, emulator.store.named(KIND, request.params["endpoint"]))
    return next((found for found in named if found.location.lower() == region), None)


def _check_signed_in(request: Request, emulator: Emulator, endpoint: OnlineEndpoint) -> None:
    """Raise a 401 unless the bearer is one of the endpoint's keys, or a token of the kind that its auth mode takes."""
    kind, _, presented = request.headers.get("authorization", "").partition(" ")
    mode = endpoint.auth_mode
    if mode is AuthMode.KEY:
        good = any(hmac.compare_digest(presented.encode(), key.encode()) for key in endpoint.keys)
    else:
        try:
            claims = claims_of(presented)
        except ValueError:
            claims = {}
        # a token of Azure ML is for one endpoint and names it; one of Entra is for the audience
        ours = claims.get("aud") == clouds.here(SCORING_AUDIENCE) and float(claims.get("exp", 0)) > time.time()
        good = ours and claims.get("endpoint") == (endpoint.id if mode is AuthMode.AML_TOKEN else None)
    if kind.lower() != "bearer" or not good:
        text = "key_auth_bad_header_or_key" if mode is AuthMode.KEY else "token_auth_invalid_token"
        raise ScoringRefusal(401, text, (("WWW-Authenticate", "Bearer"),))
    if mode is AuthMode.AAD_TOKEN:
        _check_role(emulator, Principal(str(claims.get("appid", "")), str(claims.get("oid", ""))), endpoint)


def _check_role(emulator: Emulator, caller: Principal, endpoint: OnlineEndpoint) -> None:
    """Raise a 403 unless the caller has the action that scoring with a token of Entra needs."""
    try:
        authorize.demand(emulator, caller, Asked(f"{ML}/workspaces/onlineEndpoints/score/action", endpoint.id))
    except ServiceError as error:
        raise ScoringRefusal(403, error.message) from None


def _choose(request: Request, emulator: Emulator, endpoint: OnlineEndpoint) -> OnlineDeployment:
    """The deployment that the header names, else one by the traffic's weights. Raises Refusal."""
    known = {one.name: one for one in endpoints.deployments_of(emulator, endpoint)}
    if named := request.headers.get(HEADER):
        if named not in known:
            raise ScoringRefusal(404, f"Deployment {named} was not found in the endpoint.")
        chosen = known[named]
    else:
        traffic = {name: share for name, share in endpoint.traffic.items() if name in known}
        if not sum(traffic.values()):
            raise ScoringRefusal(404, "The endpoint has no deployment with a positive traffic weight.")
        chosen = known[_chance.choices(list(traffic), list(traffic.values()))[0]]
    if not chosen.is_ready:
        raise ScoringRefusal(503, f"Deployment {chosen.name} is not ready.")
    return chosen


def _mirror(emulator: Emulator, endpoint: OnlineEndpoint) -> OnlineDeployment | None:
    for name, share in endpoint.mirror_traffic.items():
        if _chance.uniform(0, 100) < share:
            named = (one for one in endpoints.deployments_of(emulator, endpoint) if one.name == name)
            return next((one for one in named if one.is_ready), None)
    return None
