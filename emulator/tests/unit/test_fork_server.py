"""The workers of jobs as forks of one process: what they print and end with is their own, and none is left behind."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.core.state import Emulator
from azureml_emulator.services.jobs.execution import forked
from azureml_emulator.services.jobs.execution.forked import ForkServer

pytestmark = pytest.mark.skipif(not forked.AVAILABLE, reason="on this system each worker is started anew")
LIMIT = 1 << 16
VALIDATION = "ft_nlp_common_validation"


def _request(folder: Path, *nodes: str) -> Path:
    folder.mkdir()
    (folder / "request.json").write_text(json.dumps({"inputs": {}, "nodes": nodes}), encoding="utf-8")
    return folder


def _using(folder: Path, use: Callable[[ForkServer], Awaitable[None]]) -> None:
    async def whole() -> None:
        emulator = Emulator(folder)
        try:
            await use(emulator.part(ForkServer))
        finally:
            emulator.close()

    asyncio.run(whole())


async def _worked(server: ForkServer, work: Path) -> tuple[list[dict[str, Any]], int]:
    worker = await server.start(work, LIMIT)
    lines = [json.loads(line) async for line in worker.stdout]
    return lines, await worker.wait()


def test_workers_one_after_another_come_from_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    popen = subprocess.Popen

    def counted(*words: Any, **how: Any) -> Any:
        started.append(words)
        return popen(*words, **how)

    async def use(server: ForkServer) -> None:
        first, code = await _worked(server, _request(tmp_path / "first", VALIDATION))
        assert [event["event"] for event in first] == ["started", "log", "completed"]
        assert code == 0
        second, code = await _worked(server, _request(tmp_path / "second", "no_such_node"))
        assert [event["event"] for event in second] == ["started", "log", "failed"]
        assert code == 1
        assert len(started) == 1

    monkeypatch.setattr(subprocess, "Popen", counted)
    _using(tmp_path / "emulator", use)


def test_a_server_that_was_killed_between_two_workers_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def kept(*words: Any, **how: Any) -> Any:
        started.append(popen(*words, **how))
        return started[-1]

    async def use(server: ForkServer) -> None:
        assert (await _worked(server, _request(tmp_path / "first", VALIDATION)))[1] == 0
        started[0].kill()
        started[0].wait()
        assert (await _worked(server, _request(tmp_path / "second", VALIDATION)))[1] == 0
        assert len(started) == 2

    monkeypatch.setattr(subprocess, "Popen", kept)
    _using(tmp_path / "emulator", use)


def test_a_worker_that_is_killed_says_so_and_the_next_one_works(tmp_path: Path) -> None:
    async def use(server: ForkServer) -> None:
        work = _request(tmp_path / "first", VALIDATION)
        (work / "request.json").unlink()
        os.mkfifo(work / "request.json")
        starting = asyncio.ensure_future(server.start(work, LIMIT))
        await asyncio.to_thread((work / "request.json").write_text, '{"nodes": []}')  # what is imported; then it waits
        worker = await starting
        worker.kill()
        await worker.communicate()
        assert worker.returncode == -9
        worker.kill()  # once more, which ends nothing
        assert (await _worked(server, _request(tmp_path / "second", VALIDATION)))[1] == 0

    _using(tmp_path / "emulator", use)


def test_who_stops_waiting_for_a_worker_leaves_nothing_for_the_next_to_hear(tmp_path: Path) -> None:
    async def use(server: ForkServer) -> None:
        worker = await server.start(_request(tmp_path / "first", VALIDATION), LIMIT)
        waiting = asyncio.ensure_future(worker.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await worker.communicate()
        assert worker.returncode == 0
        events, code = await _worked(server, _request(tmp_path / "second", VALIDATION))
        assert (len(events), code) == (3, 0)

    _using(tmp_path / "emulator", use)


def test_a_server_that_cannot_start_is_the_end_of_the_worker_and_its_words_are_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(server: ForkServer) -> None:
        worker = await server.start(tmp_path / "nothing", LIMIT)  # a folder without a request
        said = await worker.stdout.read()
        assert b"FileNotFoundError" in said
        assert await worker.wait() == 1
        assert (await _worked(server, _request(tmp_path / "next", VALIDATION)))[1] == 0  # of another server

    _using(tmp_path / "emulator", use)
    monkeypatch.setattr(forked, "SERVER", (sys.executable, "-c", "raise SystemExit(3)"))

    async def broken(server: ForkServer) -> None:
        worker = await server.start(_request(tmp_path / "third", VALIDATION), LIMIT)
        await worker.communicate()
        assert worker.returncode == 3

    _using(tmp_path / "emulator", broken)
