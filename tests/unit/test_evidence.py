"""The verdict as one document, as tags, and as a command that needs no service."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mlops.domain.evaluation.evidence import TAG_LIMIT, Champion, Evidence, document, tags
from mlops.domain.evaluation.rules import Rule, Verdict, judge
from mlops.errors import BadInput, GateRefused

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


def test_the_document_says_what_the_verdict_rests_on_and_reads_back() -> None:
    found = evidence(champion=OLD, eval_loss=4.1)
    verdict = judge(found.metrics, OLD.metrics, RULES)
    written = json.loads(json.dumps(document(verdict, found), allow_nan=False))
    assert Verdict.from_json(written) == verdict
    assert (written["verdict"], written["job"], written["commit"]) == ("refuse", "ft-0123456789ab-1", "c0ffee")
    assert written["champion"]["model"] == "phi:3"
    findings = {(item["metric"], item["kind"]): item for item in written["findings"]}
    worse = findings["eval_loss", "max_regression"]
    assert (worse["candidate"], worse["champion"], worse["threshold"], worse["passed"]) == (4.1, 4.0, 0.05, False)
    assert worse["margin"] == pytest.approx(-0.05)
    assert "worse than the champion's" in worse["sentence"]


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
    assert document(judge(found.metrics, None, RULES), found)["metrics"] == {"eval_loss": "NaN"}


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
