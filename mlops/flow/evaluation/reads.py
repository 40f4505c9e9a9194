"""The metrics that one judgement reads, of a run and of the evaluations of models. It must not judge.

`register` comes right after `gate` on the same machine and judges again, by the numbers that the gate saw.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from mlops.azure import jobs, lasting, provenance, run_tree
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation import scoring
from mlops.domain.evaluation.evidence import KeptWeights
from mlops.flow.evaluation.evidence import RunMetrics, metrics_of_run

KEPT = "metrics that the gate judged by"


@dataclass
class Reads:
    """Each number is read anew for each judgement, because it may lag behind the end of its run.

    What was read ahead serves the next judgement alone.
    """

    workspace: Workspace
    logs: str = ""  # the step of an evaluation that logs its metrics, where that is known
    _ahead_of_run: dict[str, RunMetrics] = field(default_factory=dict)
    _ahead: dict[str, dict[str, float]] = field(default_factory=dict)  # by evaluation
    _run: dict[str, RunMetrics] = field(default_factory=dict)  # as judged by last
    _evaluations: dict[str, dict[str, float]] = field(default_factory=dict)

    def ahead(self, job: str) -> RunMetrics:
        """Those of a run, for who has to know them before it is judged."""
        if job not in self._ahead_of_run:
            self._ahead_of_run[job] = metrics_of_run(self.workspace, job)
        return self._ahead_of_run[job]

    def some(self, job: str, named: Collection[str]) -> dict[str, float]:
        """Those of a run with these names, for who will not judge it; others may be missing."""
        return metrics_of_run(self.workspace, job, named)[0] if named else {}

    def of_run(self, job: str) -> RunMetrics:
        """Those of a run."""
        self._run[job] = self.ahead(job)
        del self._ahead_of_run[job]
        return self._run[job]

    def of_evaluation(self, job: str) -> dict[str, float]:
        """Those of a finished evaluation: metrics of its runs, and those of its file that are not there (yet)."""
        found = self._ahead.pop(job, None)
        if found is None:
            found = self._logged(job) or from_file(self.workspace, job)
        self._evaluations[job] = found
        return self._evaluations[job]

    def _logged(self, job: str) -> dict[str, float]:
        """What the step that logs them has; where that has none (yet), those of all runs of the evaluation."""
        step = run_tree.step(self.workspace, job, self.logs) if self.logs else None
        return (jobs.metrics(self.workspace, step) if step else {}) or jobs.all_metrics(self.workspace, job)

    def keep(self, job: str) -> None:
        """Keep what a run was judged by last on this machine."""
        if read := self._run.get(job):
            metrics, weights = read
            found = {"metrics": metrics, "kept": asdict(weights) if weights else None}
            lasting.keep(self.workspace, job, KEPT, {**found, "evaluations": self._evaluations})

    def recall(self, job: str) -> None:
        """Take what was kept as read ahead; where nothing was, it is read."""
        with suppress(KeyError, TypeError, ValueError):
            kept: Mapping[str, Any] = lasting.recall(self.workspace, job, KEPT) or {}
            metrics, evaluations = kept["metrics"], kept["evaluations"]
            weights = KeptWeights(**kept["kept"]) if kept["kept"] else None
            self._ahead_of_run[job] = (_numbers(metrics), weights)
            self._ahead = {name: _numbers(found) for name, found in evaluations.items()}


def _numbers(kept: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in kept.items()}


def from_file(workspace: Workspace, name: str) -> dict[str, float]:
    """The metrics in the output of an evaluation; none where it has no such file."""
    return scoring.metrics_of_file(provenance.output_text(workspace, name, scoring.OUTPUT, scoring.METRICS_FILE))
