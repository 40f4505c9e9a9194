"""What a verdict was computed from, and the verdict with it as one document: for a file, for tags, for people.

It must not judge and must not look anything up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops.domain.evaluation.rules import Finding, Verdict
from mlops.domain.numbers import number, to_plain
from mlops.domain.tags import (
    EVALUATION_TAG,
    GATE_PREFIX,
    METRIC_PREFIX,
    QUESTIONS_TAG,
    VERDICT_CHAMPION_TAG,
    VERDICT_TAG,
    VERDICT_WHY_TAG,
)

SCHEMA = 1  # of the document; a change of its form counts it up
TAG_LIMIT = 256  # characters of a value; the strictest of the services that show tags


@dataclass(frozen=True)
class Champion:
    """The model to beat. `data` is the version it was measured on (`name:version`), empty when it does not say.

    `job` is the training run that made it, `evaluation` the job that scored it on the candidate's conversations.
    """

    model: str
    environment: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    data: str = ""
    job: str = ""
    evaluation: str = ""


@dataclass(frozen=True)
class Evidence:
    """A candidate's metrics and where they come from. `champion` None: nothing was released yet.

    `evaluation` is the job that scored it, and `questions` the data asset (name:version) that it answered.
    """

    metrics: Mapping[str, float]
    champion: Champion | None = None
    job: str = ""
    data: str = ""
    commit: str = ""
    run_url: str = ""
    outputs: tuple[str, ...] = ()
    evaluation: str = ""
    questions: str = ""
    unscored: str = ""  # why it has no evaluation of its own

    @property
    def same_data(self) -> bool | None:
        """Whether candidate and champion were measured on the same data; None when that cannot be told."""
        if self.champion is None or not self.data or not self.champion.data:
            return None
        return self.data == self.champion.data

    def notes(self) -> tuple[str, ...]:
        """What a reader must know before he compares."""
        alone = (f"no evaluation of its own: {self.unscored}",) if self.unscored else ()
        return (*alone, *self._compared())

    def _compared(self) -> tuple[str, ...]:
        if self.champion is None:
            return ()
        if self.same_data is False:
            return (
                f"the champion was measured on {self.champion.data}, this run on {self.data}: "
                "part of a difference may come from the data",
                *self._both_answered(),
            )
        told = () if self.same_data else ("the champion does not say on which data it was measured",)
        return (*told, *self._both_answered())

    def _both_answered(self) -> tuple[str, ...]:
        """That some metrics can be compared whatever the data of the training was."""
        if not self.champion or not self.evaluation or not self.champion.evaluation:
            return ()
        return (f"this run and the champion answered the same conversations, {self.questions}",)


def document(verdict: Verdict, evidence: Evidence) -> dict[str, Any]:
    """The verdict and all that it rests on, JSON-ready; `Verdict.from_json` reads it."""
    champion = evidence.champion
    return {
        "schema": SCHEMA,
        **verdict.to_json(),
        "summary": verdict.summary(),
        "job": evidence.job,
        "data": evidence.data,
        "commit": evidence.commit,
        "run": evidence.run_url,
        "metrics": _plain(evidence.metrics),
        "evaluation": evidence.evaluation,
        "questions": evidence.questions,
        "champion": None
        if champion is None
        else {
            "model": champion.model,
            "environment": champion.environment,
            "data": champion.data,
            "evaluation": champion.evaluation,
            "metrics": _plain(champion.metrics),
        },
        "same_data": evidence.same_data,
        "notes": list(evidence.notes()),
    }


def tags(verdict: Verdict, evidence: Evidence) -> dict[str, str]:
    """The verdict as tags of the run: the word, why, against whom, and one tag for each judged condition."""
    found = {
        VERDICT_TAG: verdict.ruling.value,
        VERDICT_WHY_TAG: verdict.summary(),
        VERDICT_CHAMPION_TAG: evidence.champion.model if evidence.champion else "none yet",
    }
    if evidence.evaluation:
        found |= {EVALUATION_TAG: evidence.evaluation, QUESTIONS_TAG: evidence.questions}
    for finding in verdict.findings:
        kind = "any" if finding.kind == "missing" else finding.kind
        found.setdefault(f"{GATE_PREFIX}{finding.metric}-{kind}", _short(finding))
    return {key: value if len(value) <= TAG_LIMIT else value[: TAG_LIMIT - 1] + "…" for key, value in found.items()}


def metrics_of(tags: Mapping[str, str]) -> dict[str, float]:
    """The metrics that a registered model carries as tags; what is no number there counts as missing."""
    found: dict[str, float] = {}
    for key, text in tags.items():
        if key.startswith(METRIC_PREFIX):
            try:
                found[key.removeprefix(METRIC_PREFIX)] = float(text)
            except ValueError:
                continue
    return found


def _short(finding: Finding) -> str:
    word = "pass" if finding.passed else "refuse" if finding.required else "advisory"
    values = {
        "candidate": finding.candidate,
        "champion": finding.champion,
        "threshold": finding.threshold,
        "margin": finding.margin,
    }
    return ", ".join([word, *(f"{key} {number(value)}" for key, value in values.items() if value is not None)])


def _plain(metrics: Mapping[str, float]) -> dict[str, Any]:
    return {key: to_plain(value) for key, value in sorted(metrics.items())}
