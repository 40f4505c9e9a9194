"""The commands that steer a running emulator: its clock, delays, quota, faults, settings, access."""

from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from azureml_emulator.cli.refusal import Refusal
from azureml_emulator.cli.running import call, folder_option


@click.command()
@folder_option
@click.option("--days", type=click.FloatRange(0), default=0.0, help="Days to go forward.")
@click.option("--hours", type=click.FloatRange(0), default=0.0, help="Hours to go forward.")
def advance(state: Path | None, days: float, hours: float) -> None:
    """Move its clock forward."""
    found = call(state, "POST", "/clock", {"advance_seconds": days * 86400 + hours * 3600})
    click.echo(f"time {found['now']}")


@click.command()
@folder_option
@click.argument("kind")
@click.argument("delay")
def delay(state: Path | None, kind: str, delay: str) -> None:
    """Say how long changes of a KIND of resource take.

    KIND is such as jobs, computes, onlineEndpoints, deployments or workspaces; DELAY is
    such as "3 reads, 40 s" or "at once".
    """
    made = call(state, "PUT", f"/delay/{kind}", {"delay": delay})
    click.echo(f"{made['kind']}: {made['delay']}")


@click.command()
@folder_option
@click.argument("family")
@click.argument("limit", type=click.IntRange(0))
def quota(state: Path | None, family: str, limit: int) -> None:
    """Say how many vCPUs of a VM FAMILY there are.

    FAMILY is such as standardNCADSA100v4Family, or a tier: totalDedicatedCores or totalLowPriorityCores.
    """
    call(state, "PUT", f"/quota/{family}", {"limit": limit})


@click.command()
@folder_option
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
def fault(state: Path | None, rules: tuple[str, ...]) -> None:
    """Ask for faults, such as "jobs.create: 429 twice".

    They are met in the order in which they were asked for.
    """
    for rule in rules:
        made = call(state, "POST", "/faults", {"rule": rule})
        click.echo(f"fault {made['id']}: {rule}")


@click.command()
@folder_option
@click.option("--check", is_flag=True, help="End with 1 unless every fault was met as often as asked for.")
@click.option("--clear", is_flag=True, help="Forget them all.")
def faults(state: Path | None, check: bool, clear: bool) -> None:
    """Show the faults, and how often each was met."""
    if clear:
        call(state, "DELETE", "/faults")
        return
    found = call(state, "GET", "/faults")
    for one in found["faults"]:
        often = f"{one['count']} of {one['times'] or 'any'}"
        what = f"{one['effect']} {one['status'] or one['code']}".rstrip(" 0")
        click.echo(f"{one['id']:>4}  {'met' if one['met'] else 'not met':<8} {often:<9} {one['route']} {what}")
    if check and not found["met"]:
        raise click.exceptions.Exit(1)


@click.command("set")
@folder_option
@click.argument("name")
@click.argument("value", default="")
def set_(state: Path | None, name: str, value: str) -> None:
    """Set a setting, or without VALUE its default again."""
    call(state, "PUT", f"/settings/{name}", {"value": value})


@click.command()
@folder_option
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
def access(state: Path | None, file: TextIO | None) -> None:
    """Show who may sign in and do what, or state it with FILE.

    FILE is YAML or JSON, `-` for stdin. Its lists `federated_credentials` (client, subject) and `role_assignments`
    (principal, role, scope) replace those that stood; while one is empty, nothing of it is asked.
    """
    stated: Any = None
    if file:
        try:
            stated = yaml.safe_load(file)
        except yaml.YAMLError as error:
            raise Refusal("not YAML", file.name, why=str(error)) from None
        if not isinstance(stated, dict):
            raise Refusal("no lists of access", file.name, fix="write `role_assignments:` and a list below it")
    found = call(state, "PUT" if file else "GET", "/access", stated)
    click.echo(yaml.safe_dump(found, sort_keys=False), nl=False)


COMMANDS = (advance, delay, quota, fault, faults, set_, access)
