"""A verb for each model of a repository with several: one table, then a part for each; one's failure keeps no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mlops.errors import BadInput, MlopsError, Problem
from mlops.render import Report, Section, failure_report, table

if TYPE_CHECKING:
    from mlops.cli.session import Session
    from mlops.flow.context import Context
    from mlops.flow.outcome import Outcome
    from mlops.views import View

R = TypeVar("R")
# What may be done for all at once; `report site` is the only one of its group.
EACH = ("check", "plan", "status", "cleanup", "resume", "runs", "history", "doctor", "report site")


@dataclass(frozen=True)
class OfOneModel:
    """What a verb came to for one model: its folder, exit code, and the verb's own result; null where it has none."""

    folder: str
    ok: bool
    exit_code: int
    result: object


@dataclass(frozen=True)
class OfEachModel:
    """What a verb came to for each model, by folder."""

    models: tuple[OfOneModel, ...]


class Several:
    """A verb that is done for each model, and the view of what comes of it."""

    def __init__(self, session: "Session", verb: str, folders: Sequence[Path]) -> None:
        self._session, self._verb, self._folders = session, verb, folders
        self._reports: list[Report] = []

    def run(self, do: "Callable[[Context], Outcome[R]]", view: "View[R]") -> "Outcome[OfEachModel]":
        """Do it for each; fails as the first failure, with the problems of all. Raises BadInput for other verbs."""
        from mlops.flow.outcome import Outcome

        self._refuse_what_is_for_one()
        done, failures = [], []
        for folder in self._folders:
            one = self._session.of_model(folder)
            result, failure = None, None
            try:
                outcome = do(one.context())
                result, failure = outcome.result, outcome.failure
                report = view.report(outcome.result)
            except MlopsError as error:
                failure, report = error, failure_report(error)
            self._reports.append(report)
            if failure:
                one.point(failure)
                failures.append(failure)
            code = failure.exit_code if failure else 0
            done.append(OfOneModel(folder.as_posix(), failure is None, code, result))
        problems = [problem for failure in failures for problem in failure.problems]
        return Outcome(OfEachModel(tuple(done)), type(failures[0])(problems) if failures else None)

    def _refuse_what_is_for_one(self) -> None:
        if not {self._verb, self._verb.split()[0]} & set(EACH):
            named = ", ".join(map(str, self._folders))
            what = f"this repository has {len(self._folders)} models, and mlops {self._verb} is for one"
            raise BadInput(Problem(what, fix=f"name its folder with -C: one of {named}"))

    def report(self, result: OfEachModel) -> Report:
        """For people."""
        pairs = list(zip(result.models, self._reports, strict=True))
        rows = [(one.folder, report.title, one.exit_code, report.next_step) for one, report in pairs]
        parts = [
            Section(f"{one.folder}: {part.title}", part.lines, part.tables, part.charts)
            for one, report in pairs
            for part in report.as_sections()
        ]
        return Report(
            f"mlops {self._verb} of {len(pairs)} models",
            tables=(table("", ("model", "result", "exit code", "next"), rows),),
            sections=tuple(parts),
        )

    def outputs(self, result: OfEachModel) -> Mapping[str, str]:
        """Which models it failed for."""
        return {"failed": " ".join(one.folder for one in result.models if not one.ok)}
