"""`azureml-emulator`: start, look at, use and stop the emulator."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click

from azureml_emulator import __version__, process
from azureml_emulator.cli.control import COMMANDS
from azureml_emulator.cli.folder import FOLDER_VARIABLE
from azureml_emulator.cli.refusal import Refusal, typed
from azureml_emulator.cli.running import folder_of, folder_option, launched, running
from azureml_emulator.http.address import Address


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"State is kept in the folder of --state, else of ${FOLDER_VARIABLE}, else in one below your home.",
)
@click.version_option(__version__, message="azureml-emulator %(version)s")
def command() -> None:
    """An emulator of Azure Machine Learning on loopback, for any program that uses the real SDK."""


@command.command()
@folder_option
@click.option("--proxy-port", type=click.IntRange(0, 65535), default=0, help="Port of the proxy; 0 is any free one.")
def up(state: Path | None, proxy_port: int) -> None:
    """Start it, unless it runs already."""
    address = launched(folder_of(state), proxy_port)
    click.echo(f"the emulator serves {address.folder}: proxy {address.proxy_url}, control {address.control_url}")
    click.echo(f"what happens in it:     {address.control_url}/")
    click.echo(f"point a program at it:  {typed('exec -- python your_script.py')}")


@command.command()
@folder_option
def down(state: Path | None) -> None:
    """Stop it; its state stays."""
    folder = folder_of(state)
    click.echo("stopped" if process.stop(folder) else f"no emulator serves {folder}")


@command.command()
@folder_option
def status(state: Path | None) -> None:
    """Say whether it runs, its time, and what it holds."""
    folder = folder_of(state)
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
    """Print the variables that point a shell at it, for `eval`."""
    variables = process.variables(running(state))
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
    """Run PROGRAM against it, or against a new one if none is up.

    A new one is stopped when the program ends; jobs and deployments then run code with the Python of the program's
    environment. `python` is that of the virtual environment that is active, else the one beside this command.
    """
    folder = folder_of(state)
    found = process.find(folder)
    address = found or launched(folder)
    environment = _environment(address)
    if found is None:  # jobs and deployments then have the packages that the program has
        path = shutil.which(program[0], path=environment["PATH"])
        process.control(address, "PUT", "/settings/code.python", {"value": python_of(path) or ""})
    try:
        done = subprocess.run(program, env=environment, check=False)
    except OSError as error:
        raise Refusal(f"cannot run {program[0]}", why=str(error)) from None
    finally:
        if found is None:
            process.stop(folder)
    context.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


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
    """What a program is given: the emulator's variables, and its path.

    This environment's own programs come first there, unless the person has activated another environment.
    """
    path = os.environ.get("PATH", os.defpath)
    if not (os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")):
        path = os.pathsep.join([str(Path(sys.executable).parent), path])
    return {**os.environ, **process.variables(address), "PATH": path}


@command.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("recording.jsonl"), show_default=True,
    help="Where the recording is written.",
)  # fmt: skip
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def record(context: click.Context, out: Path, program: tuple[str, ...]) -> None:
    """Run PROGRAM against the real service and keep what was said.

    Keys, tokens and personal data are left out.
    """
    from azureml_emulator.cli import recordings

    code = recordings.record(out, program)
    context.exit(code if code >= 0 else 128 - code)


@command.command("verify")
@click.argument("recording", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--all", "every", is_flag=True, help="Show fields that the emulator has in addition, too.")
@click.pass_context
def verify(context: click.Context, recording: Path, every: bool) -> None:
    """Say where a fresh emulator answers otherwise than RECORDING.

    Ends with 1 if it does.
    """
    from azureml_emulator.cli import recordings

    context.exit(1 if recordings.verify(recording, every=every) else 0)


for each in COMMANDS:
    command.add_command(each)


def main() -> None:
    """The `azureml-emulator` command."""
    command(prog_name="azureml-emulator")
