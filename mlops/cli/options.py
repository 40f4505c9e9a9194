"""The options that every command takes, before or after its verb, what each does to the session, and what a name is."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from mlops.cli.session import Session

Change = Callable[[Session, Any], None]

# The longest pattern of Azure's own: names of jobs, models and endpoints, and `model:version`. A path is none of them:
# the SDK puts names into addresses as they are.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@+-]{0,254}", re.ASCII)


class Name(click.ParamType):  # type: ignore[type-arg]
    """A name that an address can hold."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is given."""
        text = str(value)
        if not _NAME.fullmatch(text):
            self.fail(f"{text!r} is no name: use letters, digits, and . _ - : @ +", param, ctx)
        return text


NAME = Name()


class Listed(click.Choice[str]):
    """A choice of words that are found when they are needed: another verb's help does not import what knows them."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        self._words = words
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """The words."""
        return tuple(self._words())


def _start_in(session: Session, folders: tuple[Path, ...]) -> None:
    session.folders = (*session.folders, *folders)


def _set(name: str) -> Change:
    return lambda session, value: setattr(session, name, value)


def _add_settings(session: Session, settings: tuple[str, ...]) -> None:
    session.settings = (*session.settings, *settings)


OPTIONS: tuple[tuple[tuple[str, ...], Change, dict[str, Any]], ...] = (
    (("-C", "--model-dir", "folders"), _start_in, {
        "type": click.Path(path_type=Path), "metavar": "DIR", "multiple": True, "envvar": "MLOPS_PROJECT",
        "help": "Run as if started in DIR; every relative path is one from there.  [env: MLOPS_PROJECT]"}),
    (("--params", "params_path"), _set("params_path"), {
        "type": click.Path(path_type=Path, dir_okay=False), "metavar": "FILE",
        "help": "The parameters' file.  [default: params.yaml]"}),
    (("--target", "target"), _set("target"), {
        "metavar": "NAME", "help": "azure or emulator; the default is what is configured."}),
    (("--json", "as_json"), _set("as_json"), {
        "is_flag": True, "help": "One JSON object on standard output instead of text."}),
    (("--markdown", "as_markdown"), _set("as_markdown"), {
        "is_flag": True, "help": "Markdown on standard output instead of text."}),
    (("--set", "settings"), _add_settings, {
        "metavar": "KEY=VALUE", "multiple": True,
        "help": "Change a parameter for this call, such as training.nodes=2; repeatable."}),
    (("-v", "--verbose", "verbose"), _set("verbose"), {
        "is_flag": True, "help": "Show each call to Azure with its status and milliseconds."}),
)  # fmt: skip


def options(*, hidden: bool) -> list[click.Option]:
    """New options for one command. Each acts on the session by itself, so no function takes them as arguments."""
    made = []
    for names, change, words in OPTIONS:
        environment = {} if not hidden else {"envvar": None}  # it was read when the part before the verb was
        made.append(
            click.Option(names, callback=_acting(change), expose_value=False, hidden=hidden, **{**words, **environment})
        )
    return made


def understood_after(command: click.Command) -> click.Command:
    """Let a verb, and all below it, take the options that stand before a verb, too."""
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params += [one for one in options(hidden=True) if not taken & set(one.opts)]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            understood_after(inner)
    return command


def _acting(change: Change) -> Callable[[click.Context, click.Parameter, Any], None]:
    def act(context: click.Context, _: click.Parameter, value: Any) -> None:
        if not value or context.resilient_parsing:
            return
        session: Session = context.ensure_object(Session)
        change(session, value)
        if session.as_json and session.as_markdown:
            raise click.UsageError("--json and --markdown cannot be combined")

    return act
