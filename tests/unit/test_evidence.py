"""The verdict as one document, as tags, and as a command that needs no service."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from mlops.domain.evaluation.answers import ModelAnswers
from mlops.domain.evaluation.document import document, read
from mlops.domain.evaluation.evidence import TAG_LIMIT, Champion, Evidence, kept_weights, tags
from mlops.domain.evaluation.rules import Rule, judge
from mlops.errors import BadInput, GateRefused

ROOT = Path(__file__).resolve().parents[2]
PARAMS = """
gate:
  rules:
    - {metric: eval_loss, max: 4.5, max_regression: 0.05}
    - {metric: train_loss, max: 8.0, required: false}
environments:
  staging: {endpoint: chat-staging}
"""
RULES = [Rule("eval_loss", max=4.5, max_regression=0.05), Rule("train_loss", max=8.0, required=False)]


def evidence(data: str = "ultrachat:new", champion: Champion | None = None, **metrics: float) -> Evidence:
    return Evidence(metrics, champion, job="ft-0123456789ab-1", data=data, commit="c0ffee")


OLD = Champion("phi:3", "production", {"eval_loss": 4.0}, "ultrachat:old")


def test_the_document_says_what_the_verdict_rests_on_and_is_decided_again() -> None:
    found = evidence(champion=OLD, eval_loss=4.1)
    verdict = judge(found.metrics, OLD.metrics, RULES)
    text = json.dumps(document(verdict, found, RULES, 0), allow_nan=False)
    written = json.loads(text)
    again, rules, seed = read(text, "verdict.json")
    assert again.champion is not None
    assert judge(again.metrics, again.champion.metrics, rules, again.scores(seed)) == verdict
    assert (written["verdict"], written["job"], written["commit"]) == ("refuse", "ft-0123456789ab-1", "c0ffee")
    assert written["champion"]["model"] == "phi:3"
    findings = {(item["metric"], item["kind"]): item for item in written["findings"]}
    worse = findings["eval_loss", "max_regression"]
    assert (worse["candidate"], worse["champion"], worse["threshold"], worse["passed"]) == (4.1, 4.0, 0.05, False)
    assert worse["margin"] == pytest.approx(-0.05)
    assert "worse than the champion's" in worse["sentence"]


def test_each_number_says_from_where_it_is() -> None:
    metrics, kept = kept_weights({"eval_loss": 3.998, "rougeL": 0.4, "own": 1.0}, "3.4182", HISTORY, "eval_loss")
    found = replace(evidence(), metrics=metrics, kept=kept, evaluation="ev-1")
    said = document(judge(metrics, None, RULES), found, RULES, 0)["origins"]
    assert (said["eval_loss"]["run"], said["eval_loss"]["weights"]) == ("ft-0123456789ab-1", "step 20")
    assert (said["eval_loss"]["unit"], said["eval_loss"]["better"]) == ("nats a token", "lower")
    assert (said["rougeL"]["run"], said["rougeL"]["low"], said["rougeL"]["high"]) == ("ev-1", 0, 1)
    assert (said["own"]["maker"], said["own"]["low"]) == (None, None)


@pytest.mark.parametrize("value", [4.1, math.nan, math.inf], ids=["refused", "NaN", "infinite"])
def test_the_document_has_the_form_that_is_published(value: float) -> None:
    form = json.loads((ROOT / "docs" / "verdict.schema.json").read_text(encoding="utf-8"))
    scores = {"rougeL": tuple(number / 30 for number in range(30))}
    answers = {role: ModelAnswers(role, "", scores) for role in ("candidate", "champion", "base")}
    metrics, kept = kept_weights({"eval_loss": value, "rougeL": 0.4}, "3.4182", HISTORY, "eval_loss")
    found = replace(evidence(champion=OLD), metrics=metrics, kept=kept, answers=answers)
    rules = [*RULES, Rule("rougeL", better_than="base", not_worse_than="champion", margin=0.1)]
    text = json.dumps(document(judge(metrics, OLD.metrics, rules, found.scores(0)), found, rules, 0), allow_nan=False)
    Draft202012Validator(form).validate(json.loads(text))
    assert set(form["required"]) == set(json.loads(text)), "and nothing else"
    again, _, _ = read(text, "verdict.json")
    assert (again.champion, again.answers) == (OLD, answers)
    assert repr(again.kept) == repr(kept), "NaN equals nothing"


def test_a_champion_measured_on_old_data_is_said() -> None:
    found = evidence(champion=OLD, eval_loss=4.0)
    assert found.same_data is False
    assert "ultrachat:old" in found.notes()[0]
    assert "ultrachat:new" in found.notes()[0]
    assert evidence("ultrachat:old", OLD).notes() == ()
    assert evidence().notes() == ()
    assert "does not say" in evidence(champion=Champion("phi:3", "production")).notes()[0]


def test_tags_hold_every_rule_and_stay_within_a_tag() -> None:
    many = [Rule(f"metric_{number}", max=1.0) for number in range(12)]
    found = evidence(eval_loss=4.1)
    stated = tags(judge(found.metrics, None, many), found)
    assert stated["mlops-verdict"] == "refuse"
    assert stated["mlops-verdict-champion"] == "none yet"
    assert max(map(len, stated.values())) <= TAG_LIMIT
    assert stated["mlops-verdict-why"].endswith("…")
    stated = tags(judge(found.metrics, None, RULES), found)
    assert stated["mlops-gate-eval_loss-max"] == "pass, candidate 4.1, threshold 4.5, margin 0.4"
    assert stated["mlops-gate-train_loss-any"] == "advisory"


def test_numbers_that_json_has_not_are_words_in_the_document() -> None:
    found = evidence(eval_loss=math.nan)
    assert document(judge(found.metrics, None, RULES), found, RULES, 0)["metrics"] == {"eval_loss": "NaN"}


@pytest.mark.parametrize(
    "broken",
    [
        {"rules": [{"metric": "eval_loss"}]},
        {"rules": 7},
        {"metrics": {"eval_loss": "seven"}},
        {"champion": {"model": "phi:3"}},
        {"answers": {"friend": {"model": "", "job": "", "scores": {}}}},
        {"seed": "x"},
        {"schema": 1},
    ],
)
def test_another_form_than_a_verdicts_is_refused(broken: dict[str, Any]) -> None:
    found = evidence(eval_loss=4.1)
    written = document(judge(found.metrics, None, RULES), found, RULES, 0)
    with pytest.raises(BadInput, match="verdict"):
        read(json.dumps({**written, **broken}), "verdict.json")


HISTORY = [(10, 3.9), (20, 3.4182), (30, 3.998)]


def test_the_loss_of_the_weights_that_are_kept_is_judged() -> None:
    metrics, kept = kept_weights({"eval_loss": 3.998, "loss": 2.0}, "3.41820001", HISTORY, "eval_loss")
    assert metrics == {"eval_loss": 3.4182, "loss": 2.0}
    assert kept is not None
    assert str(kept) == "eval_loss 3.418 is of step 20, whose weights are kept; the last one was 3.998"


def test_evaluations_without_steps_are_counted() -> None:
    _, kept = kept_weights({"eval_loss": 3.998}, "3.4182", [(0, value) for _, value in HISTORY], "eval_loss")
    assert kept is not None
    assert kept.place == "evaluation 2 of 3"


@pytest.mark.parametrize("score", ["", "nan", "none", "3.998", "0.71"])
def test_a_run_that_names_no_other_of_its_values_keeps_the_last(score: str) -> None:
    assert kept_weights({"eval_loss": 3.998}, score, HISTORY, "eval_loss") == ({"eval_loss": 3.998}, None)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `mlops gate` in a folder with parameters; gives the exception it ends in and the verdict it wrote."""
    from mlops.cli.main import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("params.yaml").write_text(PARAMS)

    def run(metrics: dict[str, Any], *options: str, **files: dict[str, Any]) -> tuple[BaseException | None, Any]:
        for name, content in {"metrics": metrics, **files}.items():
            Path(f"{name}.json").write_text(json.dumps(content))
        done = CliRunner().invoke(cli, ["gate", "--from-file", "metrics.json", "--out", "out/v.json", *options])
        out = Path("out/v.json")
        return done.exception, json.loads(out.read_text()) if out.is_file() else None

    return run


def test_a_file_is_judged_without_any_service(gate: Any) -> None:
    failure, verdict = gate({"eval_loss": 4.0})
    assert failure is None
    assert (verdict["verdict"], verdict["champion"]) == ("pass", None)


def test_a_refusal_of_a_file_is_a_refusal_and_is_written(gate: Any) -> None:
    failure, verdict = gate({"eval_loss": 9.0})
    assert isinstance(failure, GateRefused)
    assert failure.exit_code == 4
    assert verdict["verdict"] == "refuse"


def test_a_file_is_judged_against_a_champions_file(gate: Any) -> None:
    failure, verdict = gate({"eval_loss": 4.2}, "--champion-file", "champion.json", champion={"eval_loss": 4.0})
    assert isinstance(failure, GateRefused)
    assert verdict["champion"]["metrics"] == {"eval_loss": 4.0}


def test_a_file_that_is_not_there_is_no_refusal(gate: Any) -> None:
    failure, verdict = gate({"eval_loss": 4.2}, "--champion-file", "nowhere.json")
    assert isinstance(failure, BadInput)
    assert verdict is None


def test_a_written_verdict_is_decided_again_without_any_service(gate: Any) -> None:
    base, better = tuple(n / 100 for n in range(30)), tuple(n / 100 + 0.05 for n in range(30))
    answers = {role: ModelAnswers(role, "", {"rougeL": of}) for role, of in (("candidate", better), ("base", base))}
    found = Evidence({"eval_loss": 1.0}, None, answers=answers)
    rules = [Rule("eval_loss", max=2.0), Rule("rougeL", better_than="base", not_worse_than="champion", margin=0.01)]
    verdict = judge(found.metrics, None, rules, found.scores(3))
    assert verdict.passed
    failure, again = gate(document(verdict, found, rules, 3), "--explain")
    assert failure is None
    assert again["findings"] == json.loads(json.dumps(document(verdict, found, rules, 3)))["findings"]
    worse = document(verdict, found, rules, 3)
    worse["answers"]["candidate"]["scores"]["rougeL"] = [0.0] * 30
    failure, again = gate(worse)
    assert isinstance(failure, GateRefused)
    assert again["verdict"] == "refuse"
