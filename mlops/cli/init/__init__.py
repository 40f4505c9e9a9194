"""`mlops init`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops.cli.session import Session
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from mlops.domain.repository.answers import PublicData, SetUp
    from mlops.domain.repository.pin import Pin
    from mlops.params.presets import Preset

OWN, CLOUD = "own", "cloud"
Asked = Callable[[str | None, str, str], str]


class _Init(click.Command):
    """`init DIR`, and `init cloud`; a folder of that name is `./cloud`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """That of the command which the first word names."""
        beside = self.beside() if args[:1] == [CLOUD] else {}
        if not beside:
            return super().make_context(info_name, args, parent, **extra)
        from mlops.cli.options import understood_after

        return understood_after(beside[CLOUD]).make_context(f"{info_name} {CLOUD}", args[1:], parent, **extra)

    @staticmethod
    def beside() -> dict[str, click.Command]:
        """The commands that this one's first word may name, which is elsewhere a folder."""
        from mlops.cli.init.cloud import command as cloud

        return {CLOUD: cloud}


@click.command(cls=_Init, short_help="Make a team's repository, or add what one lacks.")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base", metavar="NAME", help="Base model, such as phi-4 or phi-3-mini.")
@click.option("--name", metavar="NAME", help="Name of the fine-tuned model.  [default: that of DIR]")
@click.option(
    "--data",
    metavar="WHAT",
    help="Public data mixed in, as OWNER/NAME@REVISION; a folder of your own conversations; or `own` for data/ alone.",
)
@click.option("--workflows", metavar="OWNER/REPO@COMMIT", help="Whose workflows are called.  [default: this program's]")
@click.option("--model", metavar="NAME", help="One of several models: its parameters lie in models/NAME.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: what is not given takes its default.")
@click.option("--force", is_flag=True, help="Replace files that differ; the differences are shown.")
@click.pass_obj
def command(
    session: Session,
    folder: Path,
    base: str | None,
    name: str | None,
    data: str | None,
    workflows: str | None,
    model: str | None,
    yes: bool,
    force: bool,
) -> None:
    """Make a team's repository, or add what an existing one lacks: parameters, data, workflows that call ours.

    `mlops init cloud` then sets up Azure and GitHub for it.

    In a terminal it asks for what is not given. A file that is there and differs is kept, and the difference shown.
    """
    from mlops.domain.repository.answers import name_of
    from mlops.flow.repository import init
    from mlops.flow.repository.projects import FOLDER
    from mlops.views import init as view

    asks = not yes and session.interactive

    def asked(given: str | None, question: str, default: str) -> str:
        return given or (str(click.prompt(question, default=default, err=True)) if asks else default)

    def may_replace(path: str, difference: str) -> bool:
        if not asks:
            return force
        click.echo(difference, err=True)
        return force or click.confirm(f"Replace {path}?", err=True)

    def answers() -> "SetUp":
        if not asks and not yes:
            raise BadInput(
                Problem("init asks in a terminal, and this is none", fix="give --yes, and what else you want")
            )
        made = _answers(session, folder, asked, base, name or model, data, workflows)
        return replace(made, folder=f"{FOLDER}/{name_of(model)}") if model else made

    session.answer_alone(lambda: init.run(folder, answers(), may_replace), view, told_in=folder)


def _answers(
    session: Session,
    folder: Path,
    asked: Asked,
    base: str | None,
    name: str | None,
    data: str | None,
    workflows: str | None,
) -> "SetUp":
    """What was given on the command line, and what was asked for the rest."""
    from mlops import product
    from mlops.domain.repository.answers import ULTRACHAT, SetUp, name_of
    from mlops.params.presets import DEFAULT

    preset = _preset(session, asked(base, "Base model", DEFAULT))
    called = asked(name, "Name of the fine-tuned model", name_of(folder.resolve().name))
    public, curated = _data(folder, asked(data, "Data (OWNER/NAME@REVISION, a folder, or own)", ULTRACHAT.id))
    here = product.pin()
    pin = _pin(asked(workflows, "Workflows of", str(here or "")), here)
    return SetUp(called, preset.base, preset.version, preset.component_version, public, curated, pin)


def _preset(session: Session, said: str) -> "Preset":
    """The base model of a name; what is known and not tested here is answered with one that is."""
    from mlops.params.presets import DEFAULT, NOT_TESTED, nearest, preset, presets

    if found := preset(said):
        return found
    if full := NOT_TESTED.get(said.lower()):
        current = preset(DEFAULT)
        assert current is not None, "the default is a preset"
        session.view.note(f"{full} is not tested here, for its source is not public: {current.base} in its place")
        session.view.note(f"`mlops models --match {full}` asks your registry for it; params.yaml may name it then")
        return current
    near = nearest(said)
    fix = f"perhaps you meant {near}" if near else f"tested here are {', '.join(presets())}"
    also = "`mlops models` lists what the registry offers; its name may be written to params.yaml afterwards"
    raise BadInput(Problem(f"no base model {said!r} is tested here", "--base", why=also, fix=fix))


def _data(folder: Path, said: str) -> "tuple[PublicData | None, str]":
    """The public dataset, and the folder of the team's own conversations."""
    from mlops.domain.repository.answers import ULTRACHAT, PublicData

    id, _, revision = said.partition("@")
    if said == OWN:
        return None, "data"
    if id == ULTRACHAT.id and revision in ("", ULTRACHAT.revision):
        return ULTRACHAT, "data"
    if revision and id.count("/") == 1:
        return PublicData(id, revision), "data"
    if (folder / said).is_dir():
        return None, (folder / said).resolve().relative_to(folder.resolve()).as_posix()
    fix = "name a folder below DIR, a dataset as OWNER/NAME@REVISION with the commit of the dataset, or own"
    raise BadInput(Problem(f"{said!r} is no folder of {folder} and no pinned dataset", "--data", fix=fix))


def _pin(said: str, here: "Pin | None") -> "Pin":
    from mlops.domain.repository.pin import parse

    found = parse(said)
    if found is None:
        what = f"{said!r} is no commit of a repository" if said else "which workflows are to be called is not known"
        why = "" if said else "this mlops comes from no commit of a repository on GitHub"
        fix = "--workflows OWNER/REPO@COMMIT with the 40 characters of a commit that is pushed there"
        raise BadInput(Problem(what, "--workflows", why=why, fix=fix))
    return here if here and str(here) == str(found) else found
