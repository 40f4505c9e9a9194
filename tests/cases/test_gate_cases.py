"""Runs the gate over the table of gate.yaml: facts and rules in, verdict out."""

from pathlib import Path
from typing import Any

import pytest

from mlops import yamls
from mlops.domain.evaluation.rules import Finding, Rule, judge
from mlops.params.gate import GateRule

CASES: list[dict[str, Any]] = yamls.read(Path(__file__).with_name("gate.yaml").read_text(encoding="utf-8"))


def word(finding: Finding) -> str:
    verdict = "pass" if finding.passed else "refuse" if finding.required else "advisory"
    return f"{finding.kind} {verdict}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].replace(" ", "-"))
def test_gate(case: dict[str, Any]) -> None:
    rules = [Rule(**GateRule(**rule).model_dump()) for rule in case["rules"]]
    verdict = judge(case["candidate"], case["champion"], rules)
    assert [word(finding) for finding in verdict.findings] == case["findings"]
    assert verdict.passed == (case["verdict"] == "pass")
    assert case.get("says") in (None, *(finding.sentence for finding in verdict.findings))


def test_case_names_are_unique() -> None:
    names = [case["case"] for case in CASES]
    assert len(set(names)) == len(names)
