"""Serves the routes over TLS behind the proxy, and the control surface on a plain loopback port.

It gives each request to its handler, and makes envelopes of errors; it must not know any resource.
"""

import asyncio
import errno
import inspect
import sqlite3
import time
import traceback
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from azureml_emulator.control.routes import CONTROL_HOST
from azureml_emulator.core import api_versions, arm, body_types, clouds
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.faults import effects
from azureml_emulator.core.faults.registry import Entry
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.http import proxy
from azureml_emulator.http.address import Address
from azureml_emulator.http.certificates import Authority
from azureml_emulator.http.connection import METADATA, HttpAnswer
from azureml_emulator.http.listening import Listening, listen
from azureml_emulator.http.routing import Route, Router
from azureml_emulator.request_log import RequestLog
from azureml_emulator.routes import ROUTES
from azureml_emulator.services.entra import authorize
from azureml_emulator.services.online_endpoints.scoring_script import deployed

LOOK = 0.05  # seconds between looks whether a slow answer may come


class Application:
    """What answers on both faces; `host` pins the host of the control face."""

    def __init__(self, emulator: Emulator, host: str | None = None) -> None:
        self._emulator = emulator
        self._router = Router(ROUTES)
        self._log = emulator.part(RequestLog)
        self._host = host

    async def __call__(self, request: Request) -> HttpAnswer:
        """Serve one HTTP request."""
        if self._host:
            request = replace(request, host=self._host)
        started = time.perf_counter()
        reply = await self.answer(request)
        self._log.note(request, reply, time.perf_counter() - started)
        return _sent(reply, self._emulator)

    async def answer(self, request: Request) -> Reply:
        """One request: apply what is due, find the handler, run it in a transaction, shape errors."""
        try:
            if self._host:
                _refuse_strangers(request)
            if self._emulator.operations.are_under_way:
                with self._emulator.transaction():
                    self._emulator.operations.settle()
            route, request = self._router.find(request)
            if self._host:
                return await self._handle(route, request)
            return await self._with_faults(route, request)
        except ServiceError as error:
            return _refused(error)
        except (OSError, sqlite3.OperationalError) as error:
            return _refused(_machine(error))
        except Exception:  # noqa: BLE001 - a bug of the emulator: say so to the client and keep serving
            text = traceback.format_exc()
            with (self._emulator.folder / "emulator.log").open("a", encoding="utf-8") as log:
                log.write(f"{request.method} {request.url}\n{text}\n")
            last = text.strip().splitlines()[-1]
            return Reply(500, ServiceError(500, "InternalServerError", f"The emulator failed: {last}").envelope())

    async def _with_faults(self, route: Route, request: Request) -> Reply:
        """The call, and the fault that it meets if there is one for it."""
        faults = self._emulator.faults
        met = (
            faults.take(route.name, request.method, [*request.params.values(), request.path])
            if faults.entries
            else None
        )
        if met is None:
            reply = await self._handle(route, request)
            faults.answers.note(request, reply)
            return reply
        if met.rule.effect == "status":
            return effects.refusal(met.rule, request)
        if met.rule.effect == "body":
            return effects.intercepted(met.rule)
        if met.rule.effect == "reset_before":
            return Reply(cut=effects.NOTHING)
        if met.rule.effect == "stale":
            reply = await self._handle(route, request)
            if (before := faults.answers.note(request, reply)) is None:
                faults.give_back(met)  # nothing changed since it was first asked
            return before or reply
        await self._slow(met)
        failing = [effects.failure(met.rule)] if met.rule.effect == "operation" else []
        try:
            reply = await self._handle(route, replace(request, injected=failing))
        except ServiceError as error:
            reply = _refused(error)
        finally:
            if failing:  # the call did not come to begin what was to fail
                faults.give_back(met)
        return effects.cut(met.rule, reply)

    async def _slow(self, met: Entry) -> None:
        """As late as the rule says, or until it is taken away."""
        end = time.monotonic() + met.rule.seconds
        while (left := end - time.monotonic()) > 0 and any(one is met for one in self._emulator.faults.entries):
            await asyncio.sleep(min(left, LOOK))

    async def _handle(self, route: Route, request: Request) -> Reply:
        """The handler's answer to whom may ask; one that is no coroutine runs in a transaction."""
        headers = {} if self._host else authorize.enter(request, route.name, self._emulator)
        managed = route.host == arm.HOST or "/managementfrontend/" in request.path
        reply = await self._carry_out(route, body_types.read(request) if managed else request)
        if managed:
            reply = api_versions.shaped(request, reply)
        if request.method == "GET" and route.host == arm.HOST and self._emulator.operations.are_under_way:
            with self._emulator.transaction():
                self._emulator.operations.seen(request.path)
        return replace(reply, headers={**headers, **reply.headers}) if headers else reply

    async def _carry_out(self, route: Route, request: Request) -> Reply:
        if inspect.iscoroutinefunction(route.handler):
            answer: Reply = await route.handler(request, self._emulator)
            return answer
        with self._emulator.transaction():
            reply = route.handler(request, self._emulator)
        assert isinstance(reply, Reply)
        return reply


class Running:
    """An emulator that serves until `stop`."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._listening: list[Listening] = []
        self._proxy: asyncio.Server | None = None

    async def start(self, *, proxy_port: int = 0, control_port: int = 0, pid: int) -> Address:
        """Bind loopback ports, publish the address in the folder, and serve."""
        from azureml_emulator import startup

        emulator = self.emulator
        emulator.loop = asyncio.get_running_loop()
        emulator.route_names = sorted({route.name for route in ROUTES})
        authority = Authority()
        ca_file = authority.write(emulator.folder / "ca.pem")
        secure = await self._serve(Application(emulator), 0, authority)
        control = (await self._serve(Application(emulator, CONTROL_HOST), control_port, None)).port
        emulator.page = f"http://127.0.0.1:{control}"
        self._proxy = await proxy.serve(proxy_port, secure)
        port = self._proxy.sockets[0].getsockname()[1]
        with emulator.transaction():
            startup.fill(emulator)
        startup.resume(emulator)
        address = Address(pid, port, control, str(ca_file), str(emulator.folder), clouds.posed().name)
        address.publish()
        return address

    async def _serve(self, application: Application, port: int, authority: Authority | None) -> Listening:
        listening = await listen(application, port, authority)
        self._listening.append(listening)
        return listening

    async def stop(self) -> None:
        """Stop serving; the state stays in the folder."""
        if self._proxy:
            self._proxy.close()
        for task in list(self.emulator.tasks):
            task.cancel()
        deployed.stop(self.emulator)
        for listening in self._listening:
            listening.end()
        await asyncio.gather(*self.emulator.tasks, return_exceptions=True)
        self.emulator.part(RequestLog).close()
        self.emulator.close()
        (self.emulator.folder / "emulator.json").unlink(missing_ok=True)


def _refuse_strangers(request: Request) -> None:
    """The control face answers who addresses it as this machine: no page of another site may use it. Raises 403."""
    named = [request.headers.get("host", ""), request.headers.get("origin", "").partition("://")[2]]
    if any(name and name.rpartition(":")[0] not in ("127.0.0.1", "localhost") for name in named):
        raise ServiceError(403, "Forbidden", "The control surface is for this machine's own programs and pages.")


def _machine(error: OSError | sqlite3.OperationalError) -> ServiceError:
    """What this machine refused the emulator, such as room on its disk: nothing of the call was kept."""
    full = getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error)
    what = "the disk that holds its folder is full" if full else str(error)
    return ServiceError(507, "InsufficientStorage", f"The emulator could not keep this: {what}.")


def _refused(error: ServiceError) -> Reply:
    return Reply(error.status, error.envelope(), error.headers)


def _sent(reply: Reply, emulator: Emulator) -> HttpAnswer:
    body, kind = reply.content()
    headers = {_spelled(name): value for name, value in reply.headers.items()}
    if kind and "content-type" not in headers:
        headers["content-type"] = kind
    headers.setdefault("x-ms-request-id", str(uuid.uuid4()))
    headers.setdefault("date", _date(int(emulator.clock.now().timestamp())))
    return HttpAnswer(reply.status, headers, body, reply.cut)


@lru_cache(1)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)


def _spelled(name: str) -> str:
    """A header's name as it is sent: in lower case, but for the names that clients gave to metadata."""
    low = name.lower()
    return METADATA + name[len(METADATA) :] if low.startswith(METADATA) else low
