"""`mlops rehearse`: the whole road against the emulator, with the real workflow files.

`scenario` holds the steps, `roles` who may do what in it, `show` what a person sees, `record` what stays.
"""

import os
import sys
from pathlib import Path

import click

from mlops import clouds
from mlops.cli.options import Listed
from mlops.cli.rehearse.titles import SCENARIOS, TITLES, TWO_WORKSPACES
from mlops.cli.session import Session

NAMES = list(TITLES)
KINDS = ("stand-in", "real")


def _presets() -> list[str]:
    from mlops.params.presets import presets

    return sorted(presets())


@click.command(short_help="Rehearse a push to main here: no account, no cost.")
@click.option("--keep", is_flag=True, help="Leave the emulator running, and go on from what an earlier --keep left.")
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="Folder of the emulator's state; implies --keep."
)
@click.option(
    "--from",
    "first",
    type=click.Choice(NAMES),
    default=NAMES[0],
    show_default=True,
    help="Begin at this step, in kept state.",
)
@click.option("--until", "last", type=click.Choice(NAMES), default=NAMES[-1], show_default=True, help="End after it.")
@click.option("--step", "pause", is_flag=True, help="Wait for Enter before each step.")
@click.option("--open", "open_site", is_flag=True, help="Open the site that the last step writes.")
@click.option(
    "--scenario",
    type=click.Choice(SCENARIOS),
    default=SCENARIOS[0],
    help="Put the last environment into another workspace and subscription, with a registry between them.",
)
@click.option("--cloud", type=click.Choice(clouds.NAMES), help="Which cloud the emulator poses as.")
@click.option("--preset", type=Listed(_presets), help="Another base model, with what trains it.")
@click.option(
    "--stack",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="What trains and serves; real: the packages of Azure's images (docs/parity.md).",
)
@click.option("--plain-starts", "plain", is_flag=True, help="Start Python anew for each command, as a runner does.")
@click.pass_obj
def command(
    session: Session,
    keep: bool,
    state: Path | None,
    first: str,
    last: str,
    pause: bool,
    open_site: bool,
    scenario: str,
    cloud: str | None,
    preset: str | None,
    stack: str,
    plain: bool,
) -> None:
    """Rehearse a push to main on this machine: no account, no cost, the real workflow files."""
    from mlops.cli.rehearse import places, real_stack
    from mlops.cli.rehearse.scenario import Rehearsal
    from mlops.cli.rehearse.show import Show
    from mlops.params import REHEARSAL_VARIABLE, load, overlay
    from mlops.params.presets import settings

    if NAMES.index(last) < NAMES.index(first):
        raise click.BadParameter(f"{last} comes before {first}, where the rehearsal begins", param_hint="--until")
    session.enter()
    small = real_stack.SETTINGS if stack != KINDS[0] else ()
    session.settings = (*(settings(preset) if preset else ()), *small, *session.settings)
    if scenario == TWO_WORKSPACES:
        file = load(session.params_path, overlay.parse(session.settings), rehearsal=True)
        session.settings = (*places.settings(file), *session.settings)
    root = session.params_path.resolve().parent
    show = Show(sys.stdout, os.environ, verbose=session.verbose)
    session.environ[REHEARSAL_VARIABLE] = "true"
    rehearsal = Rehearsal(
        root=root,
        params=session.params,
        show=show,
        keep=keep or state is not None,
        state=state,
        settings=session.settings,
        open_site=open_site,
        cloud=cloud or "",
        place=session.place,
        plain=plain,
        stack=real_stack.words(session.params.training.component_version) if stack != KINDS[0] else [],
    )
    rehearsal.run(first=first, last=last, pause=pause)
