"""Where environment, clock and output enter: makes the context of a verb, renders its outcome, raises its failure.

It must not know any verb.
"""

import os
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

import click

from mlops import clock
from mlops.errors import BadInput, GateRefused, MlopsError, Problem, Unfinished
from mlops.github import Actions

if TYPE_CHECKING:
    from mlops.azure.workspace import Workspace
    from mlops.flow.context import Context
    from mlops.flow.outcome import Outcome
    from mlops.params import Params
    from mlops.render import Board, Output, Report
    from mlops.views import View as ResultView

R = TypeVar("R")
SET_VARIABLE = "MLOPS_SET"  # lines of key=value: what a rehearsal was given by --set, for the commands that it starts
T = TypeVar("T")
DEFAULT = Path("params.yaml")


@dataclass
class Session:
    """One call of the command line. The options are set on it as they are read, before anything is looked at."""

    params_path: Path = DEFAULT
    target: str | None = None
    as_json: bool = False
    verbose: bool = False
    environ: MutableMapping[str, str] = field(default_factory=lambda: os.environ)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    as_markdown: bool = False
    as_csv: bool = False
    settings: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    place: Path = Path()  # where what is worked on lies, from where the person is

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self.stdin.isatty() and self.stderr.isatty() and self.actions.sha is None

    def enter(self) -> None:
        """Go to the folders that `-C` named, each from the one before, as with git and make. Raises BadInput."""
        folders, self.folders = self.folders, ()
        for folder in folders:
            try:
                os.chdir(folder)
                self.place /= folder
            except OSError as error:
                why = error.strerror or str(error)
                problem = Problem(f"cannot start in {folder}", "-C", why=why, fix="name a folder that is there")
                raise BadInput(problem) from None

    @cached_property
    def actions(self) -> Actions:
        """GitHub Actions, silent elsewhere."""
        return Actions.from_environment(
            self.environ, self.stderr if self.as_json or self.as_markdown or self.as_csv else self.stdout
        )

    @cached_property
    def view(self) -> "Output":
        """For people, one JSON object for programs, or Markdown."""
        from mlops.render import Csv, Human, Json, Markdown, Page

        notes = Page(self.stderr, self.environ)
        if self.as_markdown:
            return Markdown(self.stdout, notes)
        if self.as_csv:
            return Csv(self.stdout, notes)
        return Json(self.stdout, notes) if self.as_json else Human(Page(self.stdout, self.environ), notes)

    @cached_property
    def params(self) -> "Params":
        """The parameters, read once: what `--set` says is on top, and in a rehearsal what the file says for one."""
        from mlops.params import REHEARSAL_VARIABLE, load, overlay

        self.enter()
        stated = (*(self.environ.get(SET_VARIABLE) or "").splitlines(), *self.settings)
        found = load(self.params_path, overlay.parse(stated), rehearsal=bool(self.environ.get(REHEARSAL_VARIABLE)))
        for change in found.changes:
            self.view.note(f"parameter {change}")
        return found

    @cached_property
    def _params_of_target(self) -> "Params":
        """The parameters of a verb that asks a service: where a rehearsal left one, those of the rehearsal."""
        from mlops.azure import target
        from mlops.params import REHEARSAL_VARIABLE, load, overlay

        stated = self.params
        interactive = self.stderr.isatty() and self.actions.sha is None
        project = self.params_path.resolve().parent
        kept = target.kept_rehearsal(self.target, self.environ, project, interactive=interactive)
        if kept is None or self.environ.get(REHEARSAL_VARIABLE):
            return stated
        self.view.note("this target was left by `mlops rehearse --keep`: the values of that rehearsal count")
        found = load(self.params_path, overlay.parse((*kept, *self.settings)), rehearsal=True)
        for change in found.changes:
            if change not in stated.changes:
                self.view.note(f"parameter {change}")
        return found

    def read_params(self) -> None:
        """Read the parameters before a verb imports what does its work: a mistake in them is told without that.

        A folder of several models has none of its own.
        """
        if not self._attempt(self.models):
            self._attempt(lambda: self.params)

    def answer(self, verb: "Callable[[Context], Outcome[R]]", view: "ResultView[R]") -> None:
        """Do a verb with the parameters and the workspace, and show its result by `view`.

        Where the folder holds no parameters but several models, those verbs that look are done for each of them.
        """
        if folders := self._attempt(self.models):
            from mlops.cli import several

            each = several.Several(self, _verb(), folders)
            self.answer_alone(lambda: each.run(verb, view), each)
        else:
            self.answer_alone(lambda: verb(self.context()), view)

    def models(self) -> list[Path]:
        """The folders of several models, where this one holds no parameters and none were named."""
        self.enter()
        if self.params_path != DEFAULT or DEFAULT.is_file():
            return []
        from mlops.flow.repository import projects

        return projects.folders(Path())

    def of_model(self, folder: Path) -> "Session":
        """The same call for one model's folder."""
        return replace(self, params_path=folder / DEFAULT)

    def answer_alone(self, verb: "Callable[[], Outcome[R]]", view: "ResultView[R]", *, told_in: Path = Path()) -> None:
        """The same for a verb that needs neither parameters nor a workspace; the next command is for `told_in`."""
        outcome = self._attempt(verb)
        self.place /= told_in
        if outcome.failure:
            self.point(outcome.failure)
        report = self._told_from_here(view.report(outcome.result))
        with self.actions.untrusted():  # a report quotes data and logs, which could read as workflow commands
            self.view.answer(_verb(), outcome.result, report, outcome.failure)
        if outcome.failure:
            outcome.failure.is_on_stdout = True
        self._close(report, view.outputs(outcome.result), outcome.failure)

    def again(self, look: Callable[[], None], *, seconds: float, pause: Callable[[float], None] = clock.sleep) -> None:
        """Look until somebody ends it; on a terminal each report takes the place of the one before."""
        from mlops.render import Human

        if isinstance(self.view, Human):
            self.view = replace(self.view, replaces=True)
        while True:
            look()
            pause(seconds)

    def _told_from_here(self, report: "Report") -> "Report":
        """The same, with the next command as it is typed where the person is."""
        step, here = report.next_step, self.place in (Path(), Path(self.environ.get("MLOPS_PROJECT") or "."))
        if here or not step.startswith("mlops "):
            return report
        import shlex

        return replace(report, next_step=f"mlops -C {shlex.quote(str(self.place))} {step.removeprefix('mlops ')}")

    def _attempt(self, verb: "Callable[[], T]") -> "T":
        try:
            self.enter()
            return self._understood(verb)
        except MlopsError as error:
            self.point(error)
            self.view.refuse(_verb(), error)
            error.is_on_stdout = True
            with suppress(MlopsError):  # what failed is more than that its summary could not be written
                self._summarize(error)
            raise

    def _understood(self, verb: "Callable[[], T]") -> "T":
        """Do it. An answer in another form than Azure's, which ends in a fault of ours, is told as what it is."""
        try:
            return verb()
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            from mlops.azure import failures

            if failure := failures.of_an_answer(error):
                if self.verbose:
                    self.view.note("".join(traceback.format_exception(error)))
                raise failure from error
            raise

    def _close(self, report: "Report", outputs: Mapping[str, str], failure: MlopsError | None) -> None:
        self.actions.output(dict(outputs))
        self._summarize(report)
        if failure:
            self.point(failure)
            if not isinstance(failure, GateRefused | Unfinished):  # answers, which the report above gives
                with suppress(MlopsError):
                    self._summarize(failure)
            raise failure

    def _summarize(self, told: "Report | MlopsError") -> None:
        if self.actions.summarizes:
            from mlops.render import failure_report

            report = failure_report(told) if isinstance(told, MlopsError) else told
            self.actions.summary(report.to_markdown())

    def point(self, error: MlopsError) -> None:
        """Give each problem about a parameter its line in the file."""
        from mlops.params import point

        error.problems = tuple(point(problem, self.params_path) for problem in error.problems)

    def context(self) -> "Context":
        """What a verb is given."""
        from mlops.flow.context import Context

        return Context(
            params=self._params_of_target,
            params_path=self.params_path,
            connect=self._connect,
            say=self.view.note,
            commit=self.actions.sha or _commit(self.params_path),
            run_url=self.actions.run_url or "",
            repository=self.actions.repository or "",
            pushed_branch=self.actions.pushed_branch or "",
            actor=self.actions.actor or _person(self.environ),
            draw=self._board,
            cache=cache_folder(self.environ),
        )

    def _board(self) -> AbstractContextManager["Board"]:
        from mlops.render import Page, board

        return board(Page(self.stderr, self.environ).console, self.view.note)

    def _connect(self) -> "Workspace":
        from mlops.azure import auth, step_cache, target, trace
        from mlops.azure.workspace import Workspace

        interactive = self.stderr.isatty() and self.actions.sha is None
        chosen = target.resolve(self.target, self.environ, interactive=interactive)
        self.view.note(chosen.announcement)
        if self.verbose:
            trace.calls(self.view.note)
        signed_in = auth.credential(self.environ, interactive=interactive, cloud=chosen.cloud)
        return Workspace(chosen, signed_in, cache_folder(self.environ), step_cache.of(self.environ, self.view.note))


def _verb() -> str:
    """The words of the command line that name the verb, such as `data show`."""
    context = click.get_current_context(silent=True)
    return context.command_path.partition(" ")[2] if context else ""


def _person(environ: Mapping[str, str]) -> str:
    """Who sits at this machine, as far as it says."""
    return next((environ[name] for name in ("USER", "LOGNAME", "USERNAME") if environ.get(name)), "")


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder for what can be made again, as the XDG Base Directory Specification names it; None without a home.

    In a workflow it is of the job alone, which GitHub empties: a runner of one's own has one home for all that runs
    there, and what a pull request left in it must not speak for a model.
    """
    home = environ.get("XDG_CACHE_HOME") or (environ.get("HOME") and f"{environ['HOME']}/.cache")
    below = environ.get("RUNNER_TEMP") if environ.get("GITHUB_ACTIONS") else home
    return Path(below) / "mlops" if below else None


def _commit(params_path: Path) -> str:
    import subprocess

    with suppress(OSError, subprocess.SubprocessError):
        folder = params_path.resolve().parent
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)  # noqa: S607
        return found.stdout.strip()
    return ""
