"""`mlops gate --from-file`: judges metrics in a file, or a written verdict again, without any service."""

from dataclasses import replace
from pathlib import Path

from mlops import textfiles
from mlops.domain.evaluation import document
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.rules import read_metrics
from mlops.domain.training.run import Trigger
from mlops.errors import BadInput, Problem
from mlops.flow.evaluation.gate_spec import gate_spec
from mlops.flow.evaluation.verdict import GateResult, judge, settled
from mlops.flow.outcome import Outcome
from mlops.params import Params


def run(
    params: Params, trigger: Trigger, path: Path, *, champion: Path | None = None, out: Path | None = None
) -> Outcome[GateResult]:
    """Judge what is in a file.

    A verdict that the gate wrote is decided again from its own numbers and rules. Metrics are judged by the rules of
    params.yaml, against those in another file where one is given.
    """
    text, gate = _text(path), gate_spec(params)
    if document.is_document(text):
        if champion:
            raise BadInput(Problem("a verdict says itself what it compares with", str(path), fix="leave out the other"))
        found, rules, seed = document.read(text, str(path))
        gate = replace(gate, rules=tuple(rules), seed=seed)
    else:
        theirs = Champion(str(champion), "", read_metrics(_text(champion), str(champion))) if champion else None
        found = Evidence(read_metrics(text, str(path)), theirs, commit=trigger.commit, run_url=trigger.run_url)
    return settled(judge(found, gate.rules, gate.seed), found, out, {}, gate)


def _text(path: Path) -> str:
    try:
        return textfiles.read(path)
    except FileNotFoundError:
        raise BadInput(Problem(f"there is no file {path}", fix="name a JSON file of metrics")) from None
