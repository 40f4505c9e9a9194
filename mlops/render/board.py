"""What changes while somebody watches: a table that is redrawn on a terminal, lines elsewhere. It must not look."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlops import clock
from mlops.render.markdown import clean
from mlops.render.report import Table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

SILENCE = 30.0  # seconds after which a log says that it still goes on


class Board(Protocol):
    """One place that is written again and again."""

    def show(self, table: Table, news: Iterable[str], log: Iterable[str]) -> None:
        """The state as a table; what is new since the last time, as lines; new lines of a log."""


@dataclass
class Lines:
    """For a log: what is new, line by line, and never the table; of silence its title, every half minute."""

    say: Callable[[str], None]
    now: Callable[[], float] = clock.monotonic
    said: float = -SILENCE

    def show(self, table: Table, news: Iterable[str], log: Iterable[str]) -> None:
        """Say what is new."""
        lines = [*news, *(f"  | {line}" for line in log)]
        if not lines and self.now() - self.said >= SILENCE:
            lines = [table.title]
        for line in lines:
            self.say(line)
        if lines:
            self.said = self.now()


@dataclass(frozen=True)
class Screen:
    """For a terminal: the table in place, with the lines of the log above it."""

    live: "Live"

    def show(self, table: Table, news: Iterable[str], log: Iterable[str]) -> None:  # noqa: ARG002 - the table says it
        """Draw it again."""
        from rich.text import Text

        from mlops.render.drawing import drawn

        for line in log:
            self.live.console.print(Text(clean(line), style="dim"), soft_wrap=True)
        self.live.update(drawn(table), refresh=True)


@contextmanager
def board(console: "Console", say: Callable[[str], None]) -> Iterator[Board]:
    """The one that fits the console."""
    if not console.is_interactive:
        yield Lines(say)
        return
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield Screen(live)
