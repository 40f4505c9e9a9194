"""`azureml-emulator`: start, look at, use and stop the emulator."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from azureml_emulator import __version__, process
from azureml_emulator.cli.folder import FOLDER_VARIABLE, state_folder
from azureml_emulator.cli.refusal import Refusal, typed
from azureml_emulator.http.address import Address

folder_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of its state; the default is ${FOLDER_VARIABLE} or one below your home.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="azureml-emulator %(version)s")
def command() -> None:
    """An emulator of Azure Machine Learning on loopback, for any program that uses the real SDK."""


@command.command()
@folder_option
@click.option("--proxy-port", type=click.IntRange(0, 65535), default=0, help="Port of the proxy; 0 is any free one.")
def up(state: Path | None, proxy_port: int) -> None:
    """Start it, unless it runs already."""
    address = _launch(_folder(state), proxy_port)
    click.echo(f"the emulator serves {address.folder}: proxy {address.proxy_url}, control {address.control_url}")
    click.echo(f"what happens in it:     {address.control_url}/")
    click.echo(f"point a program at it:  {typed('exec -- python your_script.py')}")


@command.command()
@folder_option
def down(state: Path | None) -> None:
    """Stop it; its state stays."""
    folder = _folder(state)
    click.echo("stopped" if process.stop(folder) else f"no emulator serves {folder}")


@command.command()
@folder_option
def status(state: Path | None) -> None:
    """Say whether it runs, its time, and what it holds."""
    folder = _folder(state)
    address = process.find(folder)
    if address is None:
        click.echo(f"no emulator serves {folder}")
        return
    found = process.control(address, "GET", "/status")
    click.echo(f"serves {folder}: proxy {address.proxy_url}, control {address.control_url}")
    click.echo(f"time {found['now']} ({found['offset_seconds']:.0f} s ahead)")
    for kind, count in found["resources"].items():
        click.echo(f"  {kind:<24}{count}")


@command.command()
@folder_option
@click.option("--github", is_flag=True, help="Give them to the later steps of a GitHub Actions job instead.")
def env(state: Path | None, github: bool) -> None:
    """Print the variables that point a shell at it: eval "$(azureml-emulator env)"."""
    folder = _folder(state)
    address = process.find(folder)
    if address is None:
        raise Refusal(f"no emulator serves {folder}", fix=typed("up"))
    variables = process.variables(address)
    if github:
        file = os.environ.get("GITHUB_ENV")
        if not file:
            raise Refusal("GITHUB_ENV is not set", fix="use --github in a step of GitHub Actions only")
        with Path(file).open("a", encoding="utf-8") as kept:
            kept.writelines(f"{name}={value}\n" for name, value in variables.items())
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@command.command("exec", context_settings={"ignore_unknown_options": True})
@folder_option
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def execute(context: click.Context, state: Path | None, program: tuple[str, ...]) -> None:
    """Run PROGRAM against it; one is started for the program's lifetime where none is up.

    Code that the program brings then runs with the Python of the program's own environment.
    """
    folder = _folder(state)
    running = process.find(folder)
    address = running or _launch(folder)
    environment = _environment(address)
    if running is None:  # jobs and deployments then have the packages that the program has
        found = shutil.which(program[0], path=environment["PATH"])
        process.control(address, "PUT", "/settings/code.python", {"value": python_of(found) or ""})
    try:
        done = subprocess.run(program, env=environment, check=False)
    except OSError as error:
        raise Refusal(f"cannot run {program[0]}", why=str(error)) from None
    finally:
        if running is None:
            process.stop(folder)
    context.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


@command.command()
@folder_option
@click.option("--days", type=click.FloatRange(0), default=0.0, help="Days to go forward.")
@click.option("--hours", type=click.FloatRange(0), default=0.0, help="Hours to go forward.")
def advance(state: Path | None, days: float, hours: float) -> None:
    """Move its clock forward."""
    found = _ask(state, "POST", "/clock", {"advance_seconds": days * 86400 + hours * 3600})
    click.echo(f"time {found['now']}")


@command.command()
@folder_option
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
def fault(state: Path | None, rules: tuple[str, ...]) -> None:
    """Ask for faults, such as "jobs.create: 429 twice with Retry-After 1"; they are met in this order."""
    for rule in rules:
        made = _ask(state, "POST", "/faults", {"rule": rule})
        click.echo(f"fault {made['id']}: {rule}")


@command.command()
@folder_option
@click.option("--check", is_flag=True, help="End with 1 unless every fault was met as often as asked for.")
@click.option("--clear", is_flag=True, help="Forget them all.")
def faults(state: Path | None, check: bool, clear: bool) -> None:
    """Show the faults that were asked for and how often each was met."""
    if clear:
        _ask(state, "DELETE", "/faults")
        return
    found = _ask(state, "GET", "/faults")
    for one in found["faults"]:
        often = f"{one['count']} of {one['times'] or 'any'}"
        what = f"{one['effect']} {one['status'] or one['code']}".rstrip(" 0")
        click.echo(f"{one['id']:>4}  {'met' if one['met'] else 'not met':<8} {often:<9} {one['route']} {what}")
    if check and not found["met"]:
        raise click.exceptions.Exit(1)


@command.command("set")
@folder_option
@click.argument("name")
@click.argument("value", default="")
def set_(state: Path | None, name: str, value: str) -> None:
    """Set one of its settings, such as `arm.throttling on`; without VALUE its default again."""
    _ask(state, "PUT", f"/settings/{name}", {"value": value})


@command.command()
@folder_option
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
def access(state: Path | None, file: TextIO | None) -> None:
    """Show who may sign in and do what; with FILE (YAML or JSON, `-` for stdin) state it.

    Lists `federated_credentials` (client, subject) and `role_assignments` (principal, role, scope) replace those that
    stood; while one is empty, nothing of it is asked.
    """
    stated: Any = None
    if file:
        try:
            stated = yaml.safe_load(file)
        except yaml.YAMLError as error:
            raise Refusal("not YAML", file.name, why=str(error)) from None
        if not isinstance(stated, dict):
            raise Refusal("no lists of access", file.name, fix="write `role_assignments:` and a list below it")
    found = _ask(state, "PUT" if file else "GET", "/access", stated)
    click.echo(yaml.safe_dump(found, sort_keys=False), nl=False)


def _ask(state: Path | None, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """A call of the control surface of the emulator that is up. Raises BadInput with what it says."""
    folder = _folder(state)
    address = process.find(folder)
    if address is None:
        raise Refusal(f"no emulator serves {folder}", fix=typed("up"))
    try:
        return process.control(address, method, path, body)
    except process.Refused as error:
        raise Refusal("the emulator refuses this", why=str(error)) from None


def python_of(program: str | None) -> str | None:
    """The Python of a program's environment: itself, or the one beside it in a virtual environment; None for others."""
    if not program:
        return None
    path = Path(program).absolute()
    if re.fullmatch(r"python[0-9.]*", path.name):
        return str(path)
    beside = path.with_name("python")
    in_environment = (path.parent.parent / "pyvenv.cfg").is_file() and beside.is_file()
    return str(beside) if in_environment else None


def _environment(address: Address) -> dict[str, str]:
    """What a program is given: the emulator's variables, and this environment's own programs first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, **process.variables(address), "PATH": path}


def _folder(state: Path | None) -> Path:
    return state or state_folder(os.environ)


def _launch(folder: Path, proxy_port: int = 0) -> Address:
    try:
        return process.launch(folder, proxy_port=proxy_port)
    except process.NotStarted as error:
        raise Refusal("the emulator did not start", str(folder), why=str(error)) from None


@command.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("recording.jsonl"), show_default=True,
    help="Where the recording is written.",
)  # fmt: skip
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def record(context: click.Context, out: Path, program: tuple[str, ...]) -> None:
    """Run PROGRAM against the real service and keep what was said, without keys, tokens or personal data."""
    from azureml_emulator.cli import recordings

    code = recordings.record(out, program)
    context.exit(code if code >= 0 else 128 - code)


@command.command("verify")
@click.argument("recording", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--all", "every", is_flag=True, help="Show fields that the emulator has in addition, too.")
@click.pass_context
def verify(context: click.Context, recording: Path, every: bool) -> None:
    """Replay RECORDING against a fresh emulator and say where its answers differ. Ends with 1 if they do."""
    from azureml_emulator.cli import recordings

    context.exit(1 if recordings.verify(recording, every=every) else 0)


def main() -> None:
    """The `azureml-emulator` command."""
    command(prog_name="azureml-emulator")
