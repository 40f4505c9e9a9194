"""The verdict as one JSON document with every number that it rests on, and the way back: it can be decided again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mlops.domain.evaluation.answers import ModelAnswers
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.findings import Rule, Verdict
from mlops.domain.numbers import from_plain, to_plain
from mlops.errors import BadInput, Problem

SCHEMA = 2  # a change of the form counts it up


def document(verdict: Verdict, evidence: Evidence, rules: Sequence[Rule], seed: int) -> dict[str, Any]:
    """The verdict and all that it rests on, JSON-ready."""
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
        "answers": {
            role: {"model": said.model, "job": said.job, "scores": {key: list(of) for key, of in said.scores.items()}}
            for role, said in evidence.answers.items()
        },
        "rules": [asdict(rule) for rule in rules],
        "seed": seed,
        "same_data": evidence.same_data,
        "notes": list(evidence.notes()),
    }


def is_document(text: str) -> bool:
    """Whether a text is a document of a verdict, and no file of metrics."""
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(stated, dict) and "findings" in stated and "schema" in stated


def read(text: str, where: str) -> tuple[Evidence, list[Rule], int]:
    """What a document rests on: evidence, rules and seed, to decide again. Raises BadInput for another form."""
    stated = json.loads(text)
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
        named = {key: str(theirs[key]) for key in ("model", "environment", "data", "evaluation")}
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
    )


def _numbers(stated: Mapping[str, Any]) -> dict[str, float]:
    found = {key: from_plain(value) for key, value in stated.items()}
    if None in found.values():
        raise ValueError("a metric is a number")
    return {key: value for key, value in found.items() if value is not None}


def _plain(metrics: Mapping[str, float]) -> dict[str, Any]:
    return {key: to_plain(value) for key, value in sorted(metrics.items())}
