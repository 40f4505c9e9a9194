"""A text stream of a step, in which nothing is a workflow command but what says so itself.

What is printed comes from services, logs, data and commit messages. The runner takes a line that begins with `::`, and
`##[` anywhere in a line, as a command; a line of its ends at a carriage return as well. Source: ActionCommand.cs and
ProcessInvoker.cs of actions/runner.
"""

import io
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # ANSI sequences begin with one of these
_BREAK = re.compile(r"\r\n?|[\u2028\u2029]")
_AT_START = re.compile(r"^(\s*):(?=:)")
_ANYWHERE = re.compile(r"(##)(?=\[)")
_ENOUGH = 3  # characters of a line that matter for what follows, once it has begun with something else


class Guarded(io.TextIOWrapper):
    """Puts a blank into whatever the runner would take as a command, and leaves out control characters.

    It also holds for a command that arrives in pieces. What was written of the line so far is never changed.
    """

    _line = ""

    def write(self, text: str, /) -> int:
        """Write it, harmless."""
        lines = _CONTROL.sub("", _BREAK.sub("\n", text)).split("\n")
        for index, part in enumerate(lines):
            if index:
                super().write("\n")
                self._line = ""
            whole = harmless(self._line + part)
            super().write(whole[len(self._line) :])
            self._line = whole if not whole.strip() or len(whole) <= _ENOUGH else f"-{whole[-_ENOUGH:]}"
        return len(text)

    def command(self, line: str) -> None:
        """Write a workflow command, on a line of its own."""
        super().write(f"\n{line}\n" if self._line else f"{line}\n")
        self._line = ""


def harmless(line: str) -> str:
    """A line without control characters that is no command; one that was harmless stays as it is."""
    return _ANYWHERE.sub(r"\1 ", _AT_START.sub(r"\1: ", line))
