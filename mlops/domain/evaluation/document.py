"""The verdict as one JSON document with every number that it rests on, and the way back: it can be decided again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from mlops import jsons
from mlops.domain.evaluation.answers import ModelAnswers
from mlops.domain.evaluation.evidence import Champion, Evidence, KeptWeights
from mlops.domain.evaluation.findings import Finding, Rule, Ruling, Verdict, plain
from mlops.domain.evaluation.origin import Origin, origins
from mlops.domain.numbers import from_plain
from mlops.errors import BadInput, Problem

SCHEMA = 3  # a change of the form counts it up


@dataclass(frozen=True)
class VerdictDocument:
    """The form of the document; `docs/verdict.schema.json` is made from it.

    `metrics` are the candidate's, `origins` say where each comes from. `answers` hold the score of each answer of
    candidate, champion and base. Findings follow from metrics, answers, rules and seed, and can be computed again.
    """

    schema: int
    verdict: Ruling
    findings: tuple[Finding, ...]
    summary: str
    job: str
    data: str
    commit: str
    run: str
    metrics: Mapping[str, float]
    origins: Mapping[str, Origin]
    kept: KeptWeights | None
    evaluation: str
    questions: str
    champion: Champion | None
    answers: Mapping[str, ModelAnswers]
    rules: tuple[Rule, ...]
    seed: int
    same_data: bool | None
    notes: tuple[str, ...]


def document(verdict: Verdict, evidence: Evidence, rules: Sequence[Rule], seed: int) -> dict[str, Any]:
    """The verdict and all that it rests on, JSON-ready."""
    whole = VerdictDocument(
        schema=SCHEMA,
        verdict=verdict.ruling,
        findings=verdict.findings,
        summary=verdict.summary(),
        job=evidence.job,
        data=evidence.data,
        commit=evidence.commit,
        run=evidence.run_url,
        metrics=dict(sorted(evidence.metrics.items())),
        origins=origins(evidence),
        kept=evidence.kept,
        evaluation=evidence.evaluation,
        questions=evidence.questions,
        champion=evidence.champion,
        answers=evidence.answers,
        rules=tuple(rules),
        seed=seed,
        same_data=evidence.same_data,
        notes=evidence.notes(),
    )
    return {field.name: plain(_dict(getattr(whole, field.name))) for field in fields(whole)}


def is_document(text: str) -> bool:
    """Whether a text is a document of a verdict, and no file of metrics."""
    try:
        stated = jsons.read(text)
    except ValueError:
        return False
    return isinstance(stated, dict) and "findings" in stated and "schema" in stated


def read(text: str, where: str) -> tuple[Evidence, list[Rule], int]:
    """What a document rests on: evidence, rules and seed, to decide again. Raises BadInput for another form."""
    stated = jsons.read(text)
    if stated["schema"] != SCHEMA:
        why = f"its form is {stated['schema']}, this version reads {SCHEMA}"
        raise BadInput(Problem("a verdict that another version wrote", where, why=why, fix="judge the run again"))
    try:
        return _evidence(stated), [Rule(**rule) for rule in stated["rules"]], int(stated["seed"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(Problem("not a verdict that the gate wrote", where, why=repr(error))) from None


def _evidence(stated: Mapping[str, Any]) -> Evidence:
    theirs = stated["champion"]
    champion = None
    if theirs is not None:
        named = {key: str(theirs[key]) for key in ("model", "environment", "data", "job", "evaluation")}
        champion = Champion(**named, metrics=_numbers(theirs["metrics"]))
    answers = {
        str(role): ModelAnswers(
            str(said["model"]),
            str(said["job"]),
            {str(name): tuple(map(float, values)) for name, values in said["scores"].items()},
        )
        for role, said in stated["answers"].items()
    }
    if not set(answers) <= {"candidate", "champion", "base"}:
        raise ValueError("answers are of candidate, champion and base")
    return Evidence(
        metrics=_numbers(stated["metrics"]),
        champion=champion,
        job=str(stated["job"]),
        data=str(stated["data"]),
        commit=str(stated["commit"]),
        run_url=str(stated["run"]),
        evaluation=str(stated["evaluation"]),
        questions=str(stated["questions"]),
        answers=answers,
        kept=_kept(stated["kept"]),
    )


def _kept(stated: Mapping[str, Any] | None) -> KeptWeights | None:
    if stated is None:
        return None
    values = _numbers({key: stated[key] for key in ("value", "last")})
    return KeptWeights(str(stated["metric"]), values["value"], str(stated["place"]), values["last"])


def _numbers(stated: Mapping[str, Any]) -> dict[str, float]:
    found = {key: from_plain(value) for key, value in stated.items()}
    if None in found.values():
        raise ValueError("a metric is a number")
    return {key: value for key, value in found.items() if value is not None}


def _dict(value: Any) -> Any:
    """Dataclasses at any depth as dictionaries."""
    if isinstance(value, Mapping):
        return {key: _dict(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_dict(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
