"""What a person sees of a rehearsal while it runs: one line a step as it ends, and what is happening now.

It must not know the scenario.
"""

from collections.abc import Mapping
from typing import TextIO

from rich.status import Status
from rich.text import Text

from mlops.actions import Annotation, Event, JobEnded, StepEnded, StepStarted
from mlops.actions import Text as Line
from mlops.render import Page, Report, duration

HIDDEN = ("actions/", "./.github/actions/", "astral-sh/")  # checkout and setup: every job has them
MARKS = {"success": ("✓", "green"), "failure": ("✗", "red")}


class Show:
    """Prints to a console; on a terminal the newest line of the running step is shown as well."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str], *, verbose: bool) -> None:
        self.console = Page(stream, environ).console
        self._verbose = verbose
        self._status: Status | None = None
        self._job = ""

    def title(self, number: int, total: int, text: str) -> None:
        """A step of the scenario begins."""
        self._job = ""
        self.console.print(Text(f"\n[{number}/{total}] {text}", style="bold"))

    def line(self, text: str, style: str = "") -> None:
        """A line that stays."""
        self.console.print(Text(f"      {text}", style=style), soft_wrap=True)

    def report(self, report: Report) -> None:
        """A report, such as the table at the end."""
        self.console.print()
        report.print(self.console)

    def event(self, event: Event) -> None:
        """Something that a workflow did."""
        match event:
            case StepStarted(job=job, step=step) if not step.startswith(HIDDEN):
                if job != self._job:
                    self._job = job
                    self.line(f"job {job}", "cyan")
                self._now(step)
            case StepEnded(step=step, result=result, seconds=seconds) if not step.startswith(HIDDEN):
                mark, style = MARKS.get(result, ("-", "dim"))
                self.line(f"  {mark} {step}  {duration(seconds)}", style)
            case Line(text=text) if text.strip():
                self._said(text)
            case Annotation(level="error", title=title, message=message):
                where = f"{event.place}: " if event.place else ""
                for number, text in enumerate(f"{title}: {where}{message}".splitlines()):
                    self.line(f"    {text}" if number else f"  ! {text}", "red")
            case JobEnded():
                self.calm()
            case _:
                pass

    def calm(self) -> None:
        """Nothing is running now."""
        if self._status:
            self._status.stop()
            self._status = None

    def _said(self, text: str) -> None:
        if self._verbose:
            self.line(f"    {text}", "dim")
        else:
            self._now(text.strip())

    def _now(self, text: str) -> None:
        if not self.console.is_interactive:
            return
        shown = Text(text[: self.console.width - 12], style="dim")
        if self._status is None:
            self._status = self.console.status(shown)
            self._status.start()
        else:
            self._status.update(shown)
