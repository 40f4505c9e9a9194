"""The `mlops` command: global options, and one module a verb that is imported when it is called.

It must not import Azure, and it must not do the work of a verb.
"""

import importlib
import pkgutil

import click

import mlops.cli
from mlops import __version__
from mlops.cli.options import options, understood_after
from mlops.cli.session import Session
from mlops.errors import BadInput, Problem

NOT_VERBS = frozenset({"main", "options", "session", "several"})
OF_OTHERS = frozenset({"emulator"})  # its commands take programs with options of their own
SECTIONS = {
    "Begin": ("init", "upgrade", "models", "projects", "doctor"),
    "From a change to a model": (
        "check", "plan", "prepare", "data", "compute", "submit", "watch", "evaluate", "gate", "register",
    ),
    "Release": ("environments", "promote", "rollback", "freeze", "thaw", "ask"),
    "Look": ("status", "history", "lineage", "runs", "compare", "judge", "cost"),
    "What goes on by itself": ("resume", "polling", "cleanup", "report"),
    "On your machine": ("rehearse", "emulator"),
}  # fmt: skip


class Verbs(click.Group):
    """Finds a verb in the module of its name, so that help and errors never pay for the SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs by section, in the order of a release, then the rest."""
        found = {module.name for module in pkgutil.iter_modules(mlops.cli.__path__)} - NOT_VERBS
        ordered = [name for names in SECTIONS.values() for name in names if name in found]
        return ordered + sorted(found - set(ordered))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs below the heads of their sections."""
        every = self.list_commands(ctx)
        width = max(map(len, every))
        placed = {name: head for head, names in SECTIONS.items() for name in names}
        for head in dict.fromkeys([*SECTIONS, "Others"]):
            names = [name for name in every if placed.get(name, "Others") == head]
            commands = [(name, command) for name in names if (command := self.get_command(ctx, name))]
            limit = formatter.width - 6 - width
            rows = [(name.ljust(width), command.get_short_help_str(limit)) for name, command in commands]
            if rows:
                with formatter.section(head):
                    formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            command: click.Command = importlib.import_module(f"mlops.cli.{cmd_name}").command
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "azureml_emulator":
                raise
            return _without_the_emulator(cmd_name)
        return command if cmd_name in OF_OTHERS else understood_after(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, and a misspelt verb is answered with the right one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None


def _without_the_emulator(name: str) -> click.Command:
    """What stands for a verb that needs the emulator where only the product is installed, as on a runner."""

    @click.command(name, context_settings={"ignore_unknown_options": True}, add_help_option=False)
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def missing(words: tuple[str, ...]) -> None:  # noqa: ARG001 - whatever they are
        fix = "run `make setup` in a checkout, or install the folder `emulator` of the repository; no index has it"
        raise BadInput(Problem(f"mlops {name} needs the emulator, which is not installed", fix=fix))

    missing.help = "Needs the emulator of this repository, which is not installed."
    return missing


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "--version", message="mlops %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Fine-tune, judge, register and release language models on Azure Machine Learning.

    Each command looks at what is there, decides, and acts; running it again is always safe. The options stand before or
    after the command.
    """
    context.ensure_object(Session).enter()


cli.params[:0] = options(hidden=False)
