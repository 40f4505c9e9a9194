"""The work of `record` and `verify`: the real service's answers beside those of the emulator."""

import asyncio
import os
import tempfile
from collections import Counter
from pathlib import Path

import click
import urllib3

from azureml_emulator import process
from azureml_emulator.cli.refusal import Refusal, typed
from azureml_emulator.control.routes import CONTROL_HOST
from azureml_emulator.http import proxy
from azureml_emulator.http.address import Address
from azureml_emulator.http.certificates import Authority
from azureml_emulator.http.listening import listen
from azureml_emulator.http.routing import at_host
from azureml_emulator.recording import exchange
from azureml_emulator.recording.recorder import Recorder
from azureml_emulator.recording.replay import sender
from azureml_emulator.recording.verify import Finding
from azureml_emulator.recording.verify import verify as replayed
from azureml_emulator.routes import ROUTES


def record(out: Path, program: tuple[str, ...]) -> int:
    """Run a program through a recorder and write what was said. Gives its exit code."""
    recorder = Recorder(_pool(), _is_known)
    code = asyncio.run(_run(recorder, program))
    kept = exchange.write(out, recorder.exchanges)
    click.echo(f"{kept} exchanges in {out}; look through it before you share it")
    if recorder.unknown:
        click.echo(f"passed on and not kept: {', '.join(sorted(recorder.unknown))}")
    return code


def verify(recording: Path, *, every: bool) -> int:
    """Replay a recording against a fresh emulator and print where it differs. Gives the number of such calls."""
    try:
        exchanges = list(exchange.read(recording))
    except OSError as error:
        raise Refusal(f"cannot read {recording}", why=str(error), fix=typed("record")) from None
    except exchange.BadRecording as error:
        raise Refusal(str(error), fix="record it again, or correct the line") from None
    with tempfile.TemporaryDirectory() as folder:
        address = process.launch(Path(folder))
        try:
            found = list(replayed(exchanges, sender(address)))
        finally:
            process.stop(Path(folder))
    for finding in found:
        _show(finding, every=every)
    count = Counter(finding.differs for finding in found)
    click.echo(f"{len(found)} calls: {count[False]} alike, {count[True]} otherwise")
    return count[True]


def _is_known(host: str) -> bool:
    return any(at_host(route.host, host) for route in ROUTES if route.host != CONTROL_HOST)


def _show(finding: Finding, *, every: bool) -> None:
    if not finding.differs and not (every and finding.more):
        return
    click.echo(finding.call)
    if finding.status:
        click.echo(f"  status {finding.status[0]}, emulated {finding.status[1]}")
    for text in finding.lacking:
        click.echo(f"  {text}")
    for text in finding.more if every else ():
        click.echo(f"  in addition: {text}")


async def _run(recorder: Recorder, program: tuple[str, ...]) -> int:
    authority = Authority()
    listening = await listen(recorder, 0, authority)
    server = await proxy.serve(0, listening)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        ca_file = authority.write(Path(folder) / "ca.pem")
        address = Address(os.getpid(), port, 0, str(ca_file), folder)
        try:
            started = await asyncio.create_subprocess_exec(*program, env={**os.environ, **process.network(address)})
            code = await started.wait()
        except OSError as error:
            raise Refusal(f"cannot run {program[0]}", why=str(error)) from None
        finally:
            server.close()
            listening.end()
    return code


def _pool() -> urllib3.PoolManager:
    """To the network as this shell reaches it: its proxy and its certificates."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or None
    through = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    return urllib3.ProxyManager(through, ca_certs=bundle) if through else urllib3.PoolManager(ca_certs=bundle)
