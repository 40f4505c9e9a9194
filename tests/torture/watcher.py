"""Looks at the emulator's state after every change, and notes what must never be so.

It stands in the process of the emulator, on the service's side: what the commands say of themselves plays no part.
"""

import asyncio
import json
import os
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from azureml_emulator import server
from azureml_emulator.core.clock import parse
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.http.certificates import Authority
from azureml_emulator.http.listening import listen
from azureml_emulator.server import Application, Running

NAME = "violations.txt"
PORT = "plain-port"
DELETED = "was deleted at"
KEEP = "keep-until"
MARK = "mlops-idle-since"  # written here as the service sees it: a tag that is renamed must not pass unseen
GRACE = timedelta(hours=20)  # of params.yaml


class Watcher:
    """The invariants of one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._served: set[str] = set()  # endpoints that had all their traffic once
        self._endpoints: dict[str, dict[str, Any]] = {}  # as they were at the last look
        self._deployments: set[str] = set()

    def look(self, cause: str) -> None:
        """Note every invariant that does not hold now."""
        wrong = [*self._traffic(), *self._jobs(), *self._models(), *self._deletions()]
        if wrong:
            with (self._emulator.folder / NAME).open("a", encoding="utf-8") as file:
                file.writelines(f"{cause}: {one}\n" for one in wrong)

    def _resources(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        rows = self._emulator.store.database.execute("SELECT id, body FROM resources WHERE kind = ?", (kind,))
        return [(str(id), _json(body)) for id, body in rows.fetchall()]

    def _traffic(self) -> list[str]:
        """Traffic sums to 100 once it did, and goes to deployments that are there and were made."""
        states = {
            id.lower(): body.get("properties", {}).get("provisioningState")
            for id, body in self._resources("deployments")
        }
        wrong = []
        endpoints = self._resources("onlineEndpoints")
        self._served &= {id for id, _ in endpoints}  # one that is made anew begins without traffic
        for id, body in endpoints:
            shares = {name: part for name, part in (body.get("properties", {}).get("traffic") or {}).items() if part}
            total = sum(shares.values())
            if total == 100:
                self._served.add(id)
            if total not in (0, 100) or (total == 0 and id in self._served):
                wrong.append(f"the traffic of {id.rpartition('/')[2]} is {shares}")
            for name in shares:
                state = states.get(f"{id}/deployments/{name}".lower())
                if state not in ("Succeeded", "Updating"):
                    wrong.append(f"{id.rpartition('/')[2]} sends traffic to {name}, which is {state}")
        return wrong

    def _deletions(self) -> list[str]:
        """No endpoint goes without a mark that is old enough or that is to be kept, no deployment that had traffic."""
        endpoints = {id.lower(): body for id, body in self._resources("onlineEndpoints")}
        deployments = _names(id for id, _ in self._resources("deployments"))
        now, wrong = self._emulator.clock.now(), []
        for id in self._endpoints.keys() - endpoints.keys():
            tags = self._endpoints[id].get("tags") or {}
            mark = tags.get(MARK)
            if not mark or now - parse(mark) < GRACE or KEEP in tags:
                wrong.append(f"{id.rpartition('/')[2]} {DELETED} {now} with the mark {mark} and {tags.get(KEEP)}")
        for id in self._deployments - deployments:
            endpoint, _, name = id.partition("/deployments/")
            if endpoint in endpoints and (self._endpoints[endpoint]["properties"].get("traffic") or {}).get(name):
                wrong.append(f"{name} was deleted with traffic")
        self._endpoints, self._deployments = endpoints, deployments
        return wrong

    def _jobs(self) -> list[str]:
        """One training job for a fingerprint, as long as none failed."""
        seen: dict[str, list[str]] = {}
        for id, body in self._resources("jobs"):
            properties = body.get("properties", {})
            mark = (properties.get("tags") or {}).get("mlops-fingerprint")
            if mark and properties.get("status") not in ("Failed", "Canceled") and "/ft-" in id:
                seen.setdefault(mark, []).append(id.rpartition("/")[2])
        return [f"{len(names)} jobs for {mark}: {names}" for mark, names in seen.items() if len(names) > 1]

    def _models(self) -> list[str]:
        """One version of a model for a run."""
        seen: dict[str, list[str]] = {}
        for id, body in self._resources("models/versions"):
            job = (body.get("properties", {}).get("tags") or {}).get("mlops-job")
            if job:
                seen.setdefault(job, []).append(id.rpartition("/")[2])
        return [f"{len(versions)} versions of {job}" for job, versions in seen.items() if len(versions) > 1]


@cache
def _authority() -> Authority:
    """Made once, before there are forks."""
    return Authority()


def prepare() -> None:
    """What all emulators that are forked from this process have in common."""
    _authority()
    server.Authority = _authority  # type: ignore[attr-defined,assignment]


def serve(folder: Path) -> None:
    """Serve a folder in this process, watched, until it is killed."""
    answer = Application.answer

    async def watched(self: Application, request: Request) -> Reply:
        reply = await answer(self, request)
        if request.method != "GET":
            emulator = self._emulator
            emulator.part(Watcher).look(f"{request.method} {request.path[-80:]}")
        return reply

    Application.answer = watched  # type: ignore[method-assign]
    asyncio.run(_serve(folder))


async def _serve(folder: Path) -> None:
    running = Running(Emulator(folder))
    await running.start(pid=os.getpid())
    running.emulator.part(Watcher).look("what was there")
    plain = await listen(Application(running.emulator), 0, None)
    written = folder / f"{PORT}.new"
    written.write_text(str(plain.port))
    written.rename(folder / PORT)
    await asyncio.Event().wait()


def _json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _names(found: Iterable[str]) -> set[str]:
    return {id.lower() for id in found}
