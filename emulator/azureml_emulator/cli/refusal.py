"""How the command line says no: what, where, why, and what to do about it; exit code 2."""

from typing import IO, Any

import click


class Refusal(click.ClickException):
    """A condition that a person can meet; never a traceback."""

    exit_code = 2

    def __init__(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.why = why
        self.fix = fix

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to stderr, or to `file`."""
        lines = [self.message, *(f"  {name}: {text}" for name, text in (("why", self.why), ("fix", self.fix)) if text)]
        click.echo("\n".join(lines), file=file, err=file is None)


def typed(words: str) -> str:
    """A command as this person can type it: of `azureml-emulator`, or of the program whose part it is here."""
    context = click.get_current_context()
    group = context.parent or context
    return f"{group.command_path} {words}"
