"""Runs beside each other: their order, in what they differ, and what a spreadsheet gets."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

from mlops.cli.session import Session
from mlops.domain.evaluation.evidence import Evidence, measured, tags
from mlops.domain.evaluation.findings import Finding, Ruling, Verdict
from mlops.domain.release.run_list import ListedRun, differing, in_order, keys
from mlops.domain.tags import MEASURED_TAG
from mlops.domain.training.run import JobState
from mlops.flow.outcome import Outcome
from mlops.flow.release.runs import RunsResult
from mlops.views import runs as view
from mlops.views.runs import Compared, Flat

ONE = ListedRun(
    name="ft-1",
    state=JobState.COMPLETED,
    submitted=datetime(2026, 11, 1, 8, tzinfo=UTC),
    by="ada",
    commit="c1",
    run_url="",
    data="chat:1",
    base="Phi:15",
    component="pipeline:82",
    parameters={"learning_rate": "5e-06", "lora_r": "8"},
    changed=(),
    metrics={"eval_loss": 2.5, "rougeL": 0.31},
    verdict=Ruling.REFUSE,
    why='a "loss", shown',
    model=None,
    hours=1.5,
    cost=5.5,
)
TWO = replace(
    ONE,
    name="ft-2",
    submitted=datetime(2026, 11, 2, 8, tzinfo=UTC),
    parameters={"learning_rate": "0.0001", "lora_r": "8.0"},
    metrics={"eval_loss": 2.1, "rougeL": 0.35},
    verdict=Ruling.ACCEPT,
    why="",
    model="chat:7",
)
BARE = replace(ONE, name="ft-3", submitted=None, parameters={}, metrics={}, verdict=None, hours=None, cost=None)
RUNS = (ONE, TWO, BARE)
RESULT = RunsResult((TWO, ONE), "submitted", differing((TWO, ONE)), "EUR")


def names(key: str, *, reverse: bool = False) -> list[str]:
    return [run.name for run in in_order(RUNS, key, reverse=reverse)]


def test_the_best_comes_first_and_what_has_no_value_last() -> None:
    assert names("eval_loss") == ["ft-2", "ft-1", "ft-3"]
    assert names("rougeL") == ["ft-2", "ft-1", "ft-3"]
    assert names("rougeL", reverse=True) == ["ft-1", "ft-2", "ft-3"]
    assert names("submitted") == ["ft-2", "ft-1", "ft-3"]
    assert names("learning_rate") == ["ft-1", "ft-2", "ft-3"], "numbers, and not texts"
    assert "lora_r" in keys(RUNS)


def test_only_what_differs_is_in_the_comparison() -> None:
    rows = {row.name: row.values for row in differing((ONE, TWO))}
    assert rows["learning_rate"] == ("5e-06", "0.0001")
    assert "lora_r" not in rows, "8 and 8.0 are one value"
    assert "data" not in rows
    assert rows["verdict"] == ("refuse", "pass")
    assert rows["rougeL"] == (0.31, 0.35)


def test_a_spreadsheet_gets_every_value_of_each_run() -> None:
    report = Flat().report(RESULT)
    rows = list(csv.DictReader(io.StringIO(report.tables[0].to_csv())))
    assert [(row["name"], row["eval_loss"], row["lora_r"]) for row in rows] == [
        ("ft-2", "2.1", "8.0"),
        ("ft-1", "2.5", "8"),
    ]
    assert rows[1]["model"] == ""
    assert rows[0]["submitted"] == "2026-11-02T08:00:00+00:00"


def test_a_spreadsheet_is_all_that_stands_on_standard_output() -> None:
    out, err = io.StringIO(), io.StringIO()
    session = Session(environ={}, stdout=out, stderr=err, as_csv=True)
    session.answer_alone(lambda: Outcome(RESULT), Flat())
    assert (out.getvalue(), err.getvalue()) == (Flat().report(RESULT).tables[0].to_csv(), "")


def test_people_read_what_changed_and_why_a_run_was_refused() -> None:
    text = view.report(RESULT).to_markdown()
    assert 'ft-1 was refused: a "loss", shown' in text
    assert "2026-11-01 08:00" in text
    assert "5.50 EUR" in text
    compared = Compared().report(RESULT).to_markdown()
    assert "| parameter learning_rate | 0.0001 | 5e-06 |" in compared
    assert "No runs yet" in view.report(RunsResult((), "submitted", (), "EUR")).to_markdown()


def test_the_judged_metrics_come_back_from_the_tag_of_a_run() -> None:
    def finding(name: str, value: float | None) -> Finding:
        return Finding(name, "max", value, None, 1.0, None, True, True, "it is right")

    verdict = Verdict((finding("eval_loss", 2.51234567), finding("rougeL", 0.3), finding("gone", None)))
    assert measured(tags(verdict, Evidence({}))[MEASURED_TAG]) == {"eval_loss": 2.51235, "rougeL": 0.3}
    many = Verdict(tuple(finding(f"probes.category_{n}", n / 7) for n in range(30)))
    text = tags(many, Evidence({}))[MEASURED_TAG]
    assert len(text) <= 256
    assert all(value == float(f"{int(name.rpartition('_')[2]) / 7:.6g}") for name, value in measured(text).items())
    assert measured("-") == {}
