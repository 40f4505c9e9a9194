"""Lineage as a graph in its faces, and the model card that is made from it."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from mlops.domain.asset_ids import label, parameters_digest, registry_of
from mlops.domain.dataset import FileEntry, Manifest, SourceEntry, source_tags
from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.rules import Rule, judge
from mlops.domain.registry.lineage import DataFacts, Edge, EvaluationFacts, Graph, ModelFacts, RunFacts, Served, graph
from mlops.domain.registry.model_card import ModelCard
from mlops.flow.registry.lineage import LineageResult
from mlops.render.plain import plain
from mlops.views import lineage as lineage_view
from mlops.views import model_card
from mlops.views.flowchart import Flowchart

BASE = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
TAGS = {"rows-train": "197", "rows-test": "38", "mlops-recipe": "r1", "source-2": "b.jsonl: 3 of 4 rows kept",
        "source-1": "hub/set@abc train: 154 of 160 rows kept"}  # fmt: skip
RUN = RunFacts(
    "ft-0123456789ab-1", "Completed", "c0ffee" * 6, "team/repo", "https://github.com/team/repo/actions/runs/1",
    "chat_completion_pipeline:0.0.82", label(BASE), BASE, "MIT", {"learning_rate": "5e-06"},
    (DataFacts("train", "chat-train:v", TAGS), DataFacts("test", "chat-test:v", TAGS)),
)  # fmt: skip
SCORED = EvaluationFacts(
    "ev-0123456789ab-1", "Completed", "model_evaluation_pipeline:0.0.36", "chat-evaluation:q", 32, "chat-test:v",
    {"rougeL": 0.24691357802, "bleu_1": 0.5},
)  # fmt: skip
MODEL = ModelFacts("phi:3", {"mlops-verdict": "pass", "metric-eval_loss": "3.5", "mlops-fingerprint": "f"}, RUN, SCORED)


def reached(found: Graph, start: str) -> set[str]:
    seen, todo = set[str](), [start]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += [edge.end for edge in found.edges if edge.start == one]
    return seen


def test_from_an_endpoint_everything_it_was_made_from_is_reached() -> None:
    found = graph([Served("chat", "model-3", 90, "phi:3"), Served("chat", "model-2", 10, "phi:3")], [MODEL])
    assert reached(found, "endpoint:chat") == {node.id for node in found.nodes}
    names = {(node.kind, node.name) for node in found.nodes}
    assert {
        ("commit", ("c0ffee" * 6)[:12]),
        ("parameters", parameters_digest(RUN.parameters)),
        ("data", "chat-train:v"),
        ("preparation", "r1"),
        ("source", "hub/set@abc train"),
        ("source", "b.jsonl"),
        ("base model", "Phi-3-mini-4k-instruct:15"),
        ("component", "chat_completion_pipeline:0.0.82"),
        ("evaluation", "ev-0123456789ab-1"),
        ("data", "chat-evaluation:q"),
    } <= names
    rows = {node.name: node.facts["rows"] for node in found.nodes if "rows" in node.facts}
    assert rows == {"chat-train:v": 197, "chat-test:v": 38, "chat-evaluation:q": 32}
    sources = {node.name: (node.facts["kept"], node.facts["read"]) for node in found.nodes if node.kind == "source"}
    assert sources == {"hub/set@abc train": (154, 160), "b.jsonl": (3, 4)}
    assert Edge("data:chat-evaluation:q", "data:chat-test:v", "made from") in found.edges
    assert not found.gaps


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (ModelFacts("phi:3", {"mlops-verdict": "pass"}), "which run made it"),
        (ModelFacts("phi:3", {}, RUN), "no verdict"),
        (ModelFacts("phi:3", {}, RunFacts("ft-1")), "from which commit"),
        (ModelFacts("phi:3", {}, RunFacts("ft-1", data=(DataFacts("train", "d:1"),))), "where its rows came from"),
        (ModelFacts("phi:3", {}, RunFacts("ft-1", gaps=("the data d:1 is gone",))), "is gone"),
        (
            ModelFacts("phi:3", evaluation=EvaluationFacts("ev-1", gaps=("the evaluation ev-1 is gone",))),
            "ev-1 is gone",
        ),
    ],
)
def test_what_is_not_known_is_said(model: ModelFacts, says: str) -> None:
    assert any(says in gap for gap in graph([], [model]).gaps)


def test_a_served_model_of_somewhere_else_is_a_gap_and_still_shown() -> None:
    found = graph([Served("chat", "blue", 100, "other:1")], [])
    assert found.gaps == ("the model other:1 is not registered in this workspace",)
    assert "model:other:1" in {node.id for node in found.nodes}


def test_mermaid_names_only_nodes_that_it_defines_and_cannot_be_broken_out_of() -> None:
    odd = ModelFacts('phi"]:3', {"mlops-verdict": 'pa"ss`'}, RUN)
    text = Flowchart("t", graph([Served("e|x", "d", 1, 'phi"]:3')], [odd])).to_mermaid()
    first, *lines = text.splitlines()
    assert first == "flowchart LR"
    boxes = {found[1] for line in lines if (found := re.fullmatch(r' {4}(n\d+)\["([^"`]|<br/>)*"\]', line))}
    arrows = [found.groups() for line in lines if (found := re.fullmatch(r' {4}(n\d+) -->\|"[^"|]*"\| (n\d+)', line))]
    assert len(boxes) + len(arrows) == len(lines)
    assert {name for arrow in arrows for name in arrow} <= boxes


def test_json_and_text_say_the_same() -> None:
    drawn = Flowchart("lineage", graph([], [MODEL]))
    result = LineageResult("phi:3", ("phi:3",), drawn.graph)
    data = json.loads(json.dumps(plain(result)))["graph"]
    assert lineage_view.report(result).charts == (Flowchart("lineage of phi:3", drawn.graph),)
    text = "\n".join(drawn.sparklines())
    for node in data["nodes"]:
        values = node["facts"].values() if node["kind"] == "parameters" else [node["name"]]
        assert node["kind"] == "preparation" or all(str(value) in text for value in values)
    assert parameters_digest(RUN.parameters) not in text
    scored = next(node for node in data["nodes"] if node["kind"] == "evaluation")
    assert scored["facts"] == {"state": "Completed", "bleu_1": 0.5, "rougeL": 0.24691357802}
    assert "evaluated by: evaluation ev-0123456789ab-1 (state Completed, bleu_1 0.5, rougeL 0.246914)" in text
    assert "rougeL 0.246914" in drawn.to_mermaid()
    ids = {node.id for node in drawn.graph.nodes}
    assert "with: parameters (learning_rate 5e-06)" in text
    assert {end for edge in data["edges"] for end in (edge["start"], edge["end"])} <= ids


def test_the_card_has_licence_data_parameters_verdict_and_limits() -> None:
    evidence = Evidence({"eval_loss": 3.5}, job=RUN.job, data="chat:v")
    verdict = judge(evidence.metrics, None, [Rule("eval_loss", max=4.5)])
    facts = ModelCard("phi", "0123456789ab", RUN, verdict.ruling, verdict.findings, evidence, ("a note",))
    text = model_card.markdown(facts)
    for expected in ("Licence of the base model: MIT", "| train | chat-train:v | 197 |", "| learning\\_rate |",
                     "hub/set@abc train: 154 of 160 rows kept", "not above the largest allowed 4.5", "a note",
                     "team/repo", BASE):  # fmt: skip
        assert expected.replace("\\", "") in text.replace("\\", "")
    empty = model_card.markdown(replace(facts, run=RunFacts("ft-1"), notes=()))
    assert "Licence of the base model: not known" in empty


@pytest.mark.parametrize(
    ("asset", "name", "registry"),
    [
        (BASE, "Phi-3-mini-4k-instruct:15", "azureml"),
        ("/subscriptions/s/resourceGroups/g/providers/M/workspaces/w/data/d/versions/1", "d:1", ""),
        ("azureml:/subscriptions/s/providers/M/workspaces/w/models/m/versions/2", "m:2", ""),
        ("plain", "plain", ""),
    ],
)
def test_an_asset_id_has_a_label(asset: str, name: str, registry: str) -> None:
    assert (label(asset), registry_of(asset)) == (name, registry)


def test_sources_become_tags_the_largest_first_and_the_rest_in_one() -> None:
    def source(number: int) -> SourceEntry:
        return SourceEntry(f"file-{number}.jsonl", "curated", "", "", number + 1, number, {})

    files: dict[str, FileEntry] = {}
    stated: dict[str, Any] = source_tags(Manifest("d", "r", files, [source(n) for n in range(12)], {}))
    assert stated["source-1"] == "file-11.jsonl: 11 of 12 rows kept"
    assert stated["source-more"] == "2 more: 1 rows kept"
    assert len(stated) == 11
    facts = DataFacts("train", "d:1", stated)
    assert facts.sources[0] == stated["source-1"]
    assert facts.sources[-1] == stated["source-more"]
