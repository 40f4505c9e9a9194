"""`azureml-emulator`: start, look at, use and stop the emulator."""

import os
import shlex
import shutil
from pathlib import Path

import click

from azureml_emulator import __version__, process
from azureml_emulator.cli.control import COMMANDS
from azureml_emulator.cli.folder import FOLDER_VARIABLE
from azureml_emulator.cli.program import environment_of, python_of, run
from azureml_emulator.cli.refusal import Refusal, typed
from azureml_emulator.cli.running import folder_of, folder_option, launched, running
from azureml_emulator.core import clouds


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
@click.option("--fresh", is_flag=True, help="A new folder begins as a subscription in which nothing was made.")
@click.option("--cloud", type=click.Choice(list(clouds.CLOUDS)), help="What a new folder poses as.")
def up(state: Path | None, proxy_port: int, fresh: bool, cloud: str | None) -> None:
    """Start it, unless it runs already."""
    address = launched(folder_of(state), proxy_port, fresh=fresh, cloud=cloud or "")
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
    variables = process.variables(running(state), os.environ)
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
@click.argument("words", metavar="PROGRAM...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def execute(context: click.Context, state: Path | None, words: tuple[str, ...]) -> None:
    """Run PROGRAM against it, or against a new one if none is up.

    A new one is stopped when the program ends; jobs and deployments then run code with the Python of the program's
    environment. `python` is that of the virtual environment that is active, else the one beside this command.
    """
    folder = folder_of(state)
    found = process.find(folder)
    address = found or launched(folder)
    given = environment_of(address)
    try:
        if found is None:  # jobs and deployments then have the packages that the program has
            python = python_of(shutil.which(words[0], path=given["PATH"]))
            process.control(address, "PUT", "/settings/code.python", {"value": python or ""})
        code = run(words, given)
    finally:
        if found is None:
            process.stop(folder)
    context.exit(code)


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
