"""Candidate and base model answer the same conversations and probes; the judged loss is that of the kept weights.

A real fine-tuning of the stand-in, scored by the emulator through our own code and the real SDK.
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import data, jobs, registry, submission
from mlops.azure.failures import Denied
from mlops.azure.submission import Work
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.paired import Judgement
from mlops.domain.training.curves import CurveKind
from mlops.errors import BadInput, GateRefused
from mlops.flow.context import Context
from mlops.flow.evaluation import compare, evaluate, evidence, file_gate, gate, judge, planned
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.poll import Pauses
from mlops.params import Params, load
from mlops.params.evaluation import Judge, Probes
from mlops.params.gate import GateRule
from mlops.views import compare as compare_view
from mlops.views import gate as gate_view
from mlops.views import judge as judge_view
from mlops.views.offline_plan import answer_lines
from tests.contract.own_workspace import connected_workspace
from tests.project import PARAMS_FILE

JOB, DATA, VERSION = "ft-abcdef012345-1", "colours", "d" * 30
ANSWER = "The sky is blue on a clear day."
OTHER = "The sky is grey on a rainy day."
# Small steps over rows unlike the checked ones: on every machine eval_loss falls by a tenth, then rises by a quarter.
LITERALS = {
    "num_train_epochs": "10",
    "learning_rate": "1e-4",
    "per_device_train_batch_size": "8",
    "logging_steps": "1",
}
QUESTIONS = [f"What colour is the sky on day {number}?" for number in range(24)]


def conversations(count: int, answer: str = ANSWER) -> str:
    rows = ([{"role": "user", "content": asked}, {"role": "assistant", "content": answer}] for asked in QUESTIONS)
    checked = ({"messages": row, "checks": [{"lacks": "\\b(I|you)\\b"}]} for row in rows)
    return "".join(f"{json.dumps(row)}\n" for row, _ in zip(checked, range(count), strict=False))


def probe(number: int) -> str:
    asked = [{"role": "user", "content": f"Say something about number {number}."}]
    stated = {
        "id": f"p{number}",
        "messages": asked,
        "checks": [{"matches": "\\b(I|you)\\b"}],
        "right": "I can.",
        "wrong": "Sky.",
    }
    return json.dumps(stated) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yardsticks")
    (folder / "data" / "probes").mkdir(parents=True)
    (folder / "data" / "probes" / "talk.jsonl").write_text("".join(probe(number) for number in range(22)))
    (folder / "data" / "colours.jsonl").write_text(conversations(22))
    (folder / "params.yaml").write_text(PARAMS_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return folder / "params.yaml"


@pytest.fixture(scope="module")
def workspace(emulator_address: Address, sdk_imported: None, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which a run has learnt one sentence by heart, and by that got worse at another."""
    found = connected_workspace()
    folder = tmp_path_factory.mktemp("colours")
    for role, count, answer in (("train", 24, ANSWER), ("validation", 4, OTHER), ("test", 24, ANSWER)):
        (folder / f"{role}.jsonl").write_text(conversations(count, answer))
    data.upload(found, DATA, VERSION, {role: folder / f"{role}.jsonl" for role in data.ROLES}, {})
    component = registry.component(found, "azureml", "chat_completion_pipeline", "0.0.75")
    work = Work(
        component=component,
        registry="azureml",
        literals=LITERALS,
        step="fine_tuning",
        models={"mlflow_model_path": "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"},
        files={f"{role}_file_path": f"azureml:{DATA}-{role}:{VERSION}" for role in data.ROLES},
        display_name=JOB,
        experiment="yardsticks",
        tags={"mlops-data": f"{DATA}:{VERSION}"},
    )
    submission.submit(found, work, JOB)
    while not (job := jobs.find(found, JOB)) or not job.state.ended:
        time.sleep(0.05)
    return found


@pytest.fixture
def context(workspace: Workspace, project: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(evaluate, "PAUSES", Pauses(0.1, factor=1.3))
    rules = ({"metric": "rougeL", "better_than": "base"}, {"metric": "eval_loss", "max": 20.0})
    return Context(changed(load(project), rules), project, lambda: workspace, lambda _: None)


def changed(params: Params, rules: tuple[dict[str, Any], ...]) -> Params:
    scored = params.evaluation.model_copy(
        update={
            "compute": "serverless",
            "conversations": 24,
            "max_new_tokens": 12,
            "probes": Probes.model_validate({"per_category": 21}),
        }
    )
    judged = params.gate.model_copy(
        update={"rules": tuple(map(GateRule.model_validate, rules)), "wait_for_metrics_seconds": 0}
    )
    named = params.model.model_copy(update={"name": "owner-of-yardsticks"})
    return params.model_copy(update={"evaluation": scored, "gate": judged, "model": named})


def test_a_narrow_training_gains_on_its_data_and_is_refused_for_what_it_forgot(context: Context) -> None:
    """The base model chats about itself, whatever it is asked; the candidate only says pieces of its one sentence."""
    done = evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    assert done.failure is None
    assert [model.model for model in done.result.models] == [JOB, "Phi-3-mini-4k-instruct:15"]
    judged = gate.run(context, job=JOB)
    assert isinstance(judged.failure, GateRefused)
    outcomes = {finding.metric: finding.outcome for finding in judged.result.findings}
    assert outcomes["rougeL"] is Judgement.PASS
    assert outcomes["probes.all"] is Judgement.REFUSE
    assert judged.result.probes["probes.talk"].conversations == 21
    mine, base = (judged.result.evidence.answers[role] for role in ("candidate", "base"))
    assert len(mine.scores["rougeL"]) == len(base.scores["rougeL"]) == 24
    assert len(mine.scores["checks"]) == 22, "the conversations of data/ that carry checks"
    assert mine.means["checks"] > base.means["checks"]
    assert len(mine.scores["answer_seconds"]) == 24, "each answer is timed by the service"
    assert all(taken > 0 for taken in mine.scores["answer_seconds"])
    assert mine.means["probes.all"] < base.means["probes.all"]
    losses = [value for _, value in jobs.histories(context.workspace, JOB, ["eval_loss"])["eval_loss"]]
    assert judged.result.evidence.metrics["eval_loss"] < losses[0], "its own loss improved all the same"


def test_what_was_answered_is_not_asked_again(context: Context) -> None:
    first = evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    again = evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    assert [model.job for model in again.result.models] == [model.job for model in first.result.models]
    assert all(model.job.endswith("-1") for model in again.result.models)


def test_the_plan_tells_how_many_answers_a_further_training_asks_for(context: Context) -> None:
    """The base model has answered these questions; a new candidate has not, and other data asks other questions."""
    evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    base = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
    told = planned.planned(Evaluator.of(context), f"{DATA}:{VERSION}", base)
    assert (told.asked, told.kept, told.answers) == (("candidate",), ("base",), 24 + 21)
    other = planned.planned(Evaluator.of(context), f"{DATA}:other", base)
    assert (other.asked, other.kept) == (("candidate", "base"), ())
    assert planned.planned(Evaluator.of(context), None, base) == other
    assert "45 answers are asked: 24 conversations and 21 probes" in answer_lines(told)[0]


def test_two_models_are_compared_answer_by_answer_from_what_they_said_before(context: Context) -> None:
    evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    found = compare.run(context, JOB, "base", metric="rougeL", worst=3, ask=False).result
    assert (found.first.model, found.second.model) == (JOB, "Phi-3-mini-4k-instruct:15")
    assert [len(found.losses), len(found.gains)] == [3, 3]
    assert found.scores["rougeL"].difference > 0 > found.scores["probes.all"].difference
    lost = found.losses[0]
    assert (lost.probe, lost.first_scores, lost.second_scores) == ("p0", {"passed": 0.0}, {"passed": 1.0})
    gain = found.gains[0]
    assert gain.truth == ANSWER
    assert gain.change == pytest.approx(gain.first_scores["rougeL"] - gain.second_scores["rougeL"])
    assert gain.change == max(one.change for one in found.gains)
    text = compare_view.report(found).to_markdown()
    assert "Gain 1: question" in text
    assert gain.first in text
    turned = compare.run(context, "base", JOB, metric="chrf", worst=1, ask=False).result
    assert turned.first.model == "Phi-3-mini-4k-instruct:15"
    assert turned.scores["chrf"].difference == -found.scores["chrf"].difference
    with pytest.raises(BadInput, match="json_match is no score of every conversation"):
        compare.run(context, JOB, "base", metric="json_match", worst=1, ask=False)


def test_the_summary_of_a_release_has_the_answers_that_changed_most(context: Context) -> None:
    evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    judged = gate.run(context, job=JOB).result
    assert judged.changed is not None
    assert (judged.changed.against, len(judged.changed.answers)) == ("base", 10)
    changes = [abs(one.change) for one in judged.changed.answers[:5]]
    assert changes == sorted(changes, reverse=True)
    assert [(one.probe != "", one.change) for one in judged.changed.answers[5:]] == [(True, -1.0)] * 5
    assert "Answers that differ most from the base model's" in gate_view.report(judged).to_markdown()
    told = gate_view.Explained().report(judged).to_markdown()
    assert "the loss of single tokens of an answer" in told
    assert "Probes lost against Phi-3-mini-4k-instruct:15" in gate_view.report(judged).to_markdown()


def test_without_a_rule_on_the_base_model_it_is_not_asked(context: Context) -> None:
    rules = ({"metric": "eval_loss", "max": 20.0},)
    params = changed(context.params, rules)
    scored = params.evaluation.model_copy(update={"probes": None})
    alone = replace(context, params=params.model_copy(update={"evaluation": scored}))
    done = evaluate.run(alone, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    assert [model.model for model in done.result.models] == [JOB]


def judged_by(context: Context, **changes: Any) -> Context:
    """The same with a judge at Azure OpenAI, and three pairs that people labelled."""
    folder = context.root
    (folder / "rubric.md").write_text("Prefer what is right.")
    pairs = [
        {"messages": [{"role": "user", "content": f"{n}?"}], "first": "Yes.", "second": "No.", "better": better}
        for n, better in enumerate(("first", "second", "tie"))
    ]
    (folder / "people.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    stated = {
        "endpoint": "https://team.openai.azure.com",
        "deployment": "gpt-4o",
        "rubric": "rubric.md",
        "human": "people.jsonl",
        "input_price": 10.0,
        "output_price": 10.0,
        **changes,
    }
    scored = context.params.evaluation.model_copy(update={"judge": Judge.model_validate(stated)})
    params = context.params.model_copy(update={"evaluation": scored})
    return replace(context, params=params)


def test_a_judge_is_asked_within_its_cap_and_never_twice(context: Context, tmp_path: Path) -> None:
    """Calls are told before, capped, kept by their content, and a command that dies goes on where it was."""
    evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    asked, cache = judged_by(context), tmp_path / "kept.jsonl"
    told = judge.run(asked, JOB, "base", plan_only=True, cache=cache).result
    assert (told.planned.calls, told.planned.kept, told.asked) == (54, 0, False), "24 and 3 pairs, in two orders"
    assert told.planned.cost == pytest.approx(told.planned.tokens * 10 / 1_000_000)
    with pytest.raises(BadInput, match=r"54 calls are needed, evaluation\.judge\.max_calls allows 53"):
        judge.run(judged_by(context, max_calls=53), JOB, "base", plan_only=False, cache=cache)
    assert not cache.exists()

    def stop(line: str) -> None:
        if line.startswith("20 of"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge.run(replace(asked, say=stop), JOB, "base", plan_only=False, cache=cache)
    found = judge.run(asked, JOB, "base", plan_only=False, cache=cache).result
    assert (found.planned.calls, found.planned.kept) == (34, 20)
    assert sum(found.counts.values()) == len(found.pairs) == 24
    assert found.counts["unusable"] == 0
    assert found.preference is not None
    assert found.preference.conversations == 24
    assert found.itself is not None
    assert found.itself.pairs == 27
    assert found.itself.kappa is not None
    assert found.itself.kappa < 0.6, "a rule chooses by chance there, and that is seen"
    assert found.people is not None
    assert found.people.pairs == 3
    elsewhere = judge.run(asked, JOB, "base", plan_only=False, cache=tmp_path / "another-machine.jsonl").result
    assert elsewhere.planned.calls == 0, "the workspace keeps them as well"
    assert elsewhere.counts == found.counts
    other = judge.run(judged_by(context, deployment="gpt-5"), JOB, "base", plan_only=True, cache=cache).result
    assert other.planned.calls == 54, "another judge's answers are others"
    text = judge_view.report(found).to_markdown()
    assert "with swapped positions the judge agrees with itself in" in text
    assert "fewer than 20 labelled pairs say little" in text


def test_a_judge_that_refuses_or_is_busy_is_told_or_waited_for(
    context: Context, tmp_path: Path, emulator_address: Address, tries_at_once: None
) -> None:
    evaluate.run(context, job=JOB, wait_minutes=1, ok_if_unfinished=False)
    asked = judged_by(context, conversations=1, human=None)
    process.control(emulator_address, "POST", "/faults", {"rule": "chat.completions: 429 twice"})
    found = judge.run(asked, JOB, "base", plan_only=False, cache=tmp_path / "kept.jsonl").result
    assert (found.planned.calls, found.people) == (2, None)
    process.control(emulator_address, "POST", "/faults", {"rule": "chat.completions: 403 once"})
    with pytest.raises(Denied, match="ask gpt-5"):
        judge.run(
            judged_by(context, conversations=1, deployment="gpt-5"),
            JOB,
            "base",
            plan_only=False,
            cache=tmp_path / "k",
        )
    process.control(emulator_address, "DELETE", "/faults")
    with pytest.raises(BadInput, match=r"params\.yaml names no judge"):
        judge.run(context, JOB, "base", plan_only=True, cache=tmp_path / "k")


def test_the_judged_loss_is_that_of_the_weights_that_were_kept(context: Context, workspace: Workspace) -> None:
    metrics, kept = evidence.metrics_of_run(workspace, JOB)
    points = [value for _, value in jobs.histories(workspace, JOB, ["eval_loss"])["eval_loss"]]
    assert kept is not None, "the training was to end worse than it once was"
    assert metrics["eval_loss"] == kept.value == min(points) < points[-1]
    judged = gate.run(context, job=JOB).result
    (loss,) = [finding for finding in judged.findings if finding.metric == "eval_loss"]
    assert loss.candidate == min(points)
    assert any("whose weights are kept" in note for note in judged.evidence.notes())
    assert CurveKind.OVERFITTING in [found.kind for found in judged.curves]
    text = gate_view.report(judged).to_markdown()
    assert "advisory, overfitting: eval_loss rose from" in text
    assert "training loss and eval_loss by evaluation" in text


def test_a_verdict_is_decided_again_from_its_file(context: Context, tmp_path: Path) -> None:
    written = tmp_path / "verdict.json"
    judged = gate.run(context, job=JOB, out=written)
    again = file_gate.run(context.params, context.trigger, written)
    assert again.result.findings == judged.result.findings
