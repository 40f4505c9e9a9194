"""Candidates and champions that answer the same conversations: first, better, worse, equal, old data, no metric.

Real models, trained and scored by the emulator through our own code and the real SDK.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import aliases, data, jobs, models, registry, submission
from mlops.azure.submission import Work
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation import document as record
from mlops.domain.evaluation import scoring as domain
from mlops.domain.evaluation.findings import Ruling
from mlops.domain.promote.promotion_record import record_tag
from mlops.domain.release.resume import PROMOTION_BOUND
from mlops.domain.tags import ALIAS_PREFIX
from mlops.domain.training.run import JobState
from mlops.errors import BadInput, GateRefused, RemoteFailed, Unfinished
from mlops.flow.context import Context
from mlops.flow.evaluation import compare, evaluate, gate
from mlops.flow.evaluation.evaluate import EvaluateResult
from mlops.flow.evaluation.evaluator import Evaluator, RequestedEvaluation
from mlops.flow.evaluation.verdict import GateResult
from mlops.flow.outcome import Outcome
from mlops.flow.poll import Pauses
from mlops.flow.release import resume, runs
from mlops.params import Params, load
from mlops.views import evaluate as view
from mlops.views import gate as gate_view
from mlops.views import model_card
from tests.contract.own_workspace import connected_workspace
from tests.contract.sdk_check import sdk_check
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]
OWNER, DATA = "owner-of-evaluations", "sky"
OLD, NEW = "a" * 30, "b" * 30
# Fingerprint -> optimizer's steps, learning rate, version of the data.
RUNS = {"plain": ("a1" * 6, 1, 1e-6, NEW), "learnt": ("b2" * 6, 12, 5e-4, NEW), "before": ("c3" * 6, 1, 1e-6, OLD)}
RULE = {"metric": "mean_perplexity", "max_regression": 0.01, "relative": True}


def rows(answer: str, count: int) -> str:
    messages = [{"role": "user", "content": "What colour is the sky?"}, {"role": "assistant", "content": answer}]
    return f"{json.dumps({'messages': messages, 'prompt_id': 'p'})}\n" * count


@dataclass
class World:
    """A workspace with finished training runs, and a way to say who is champion."""

    workspace: Workspace
    base: Params
    runs: Mapping[str, tuple[str, int, float, str]]

    def context(self, **changes: Any) -> Context:
        """A context whose gate has one rule; `changes` are of the evaluation, the rule, or the wait of the gate."""
        rule = type(self.base.gate.rules[0])(**(changes.pop("rule", RULE)))
        scored = self.base.evaluation.model_copy(update={"conversations": 3, "max_new_tokens": 8, **changes})
        judged = self.base.gate.model_copy(update={"rules": (rule,), "wait_for_metrics_seconds": 0})
        params = self.base.model_copy(update={"evaluation": scored, "gate": judged})
        return Context(params, PARAMS_FILE, lambda: self.workspace, lambda _: None)

    def make_champion(self, run: str) -> str:
        """Register the model of a run, and let it be the champion."""
        mark, _, _, version = self.runs[run]
        name, job = self.base.model.name, f"ft-{mark}-1"
        known = models.versions(self.workspace, name)
        made = next((item.version for item in known if item.tags["mlops-job"] == job), None)
        if made is None:
            made = str(len(known) + 1)
            tags = {"mlops-job": job, "mlops-data": f"{DATA}:{version}", "metric-eval_loss": "3.0", "mlops-owner": name}
            path = f"azureml://jobs/{job}/outputs/{jobs.OUTPUT}"
            models.register(self.workspace, name, made, path, description="", tags=tags)
        aliases.promoted(self.workspace, name, made, list(self.base.environments)[-1])
        return f"{name}:{made}"

    def evaluate(self, run: str, **changes: Any) -> Outcome[EvaluateResult]:
        return evaluate.run(
            self.context(**changes), job=f"ft-{self.runs[run][0]}-1", wait_minutes=1, ok_if_unfinished=False
        )

    def gate(self, run: str, **changes: Any) -> Outcome[GateResult]:
        return gate.run(self.context(**changes), job=f"ft-{self.runs[run][0]}-1")


@pytest.fixture(scope="module")
def world(emulator_address: Address, sdk_imported: None, tmp_path_factory: pytest.TempPathFactory) -> World:
    return made_world(tmp_path_factory.mktemp("sky"), OWNER, RUNS)


def made_world(folder: Path, owner: str, runs: Mapping[str, tuple[str, int, float, str]]) -> World:
    """The data, and the runs, which are a project's own."""
    workspace = connected_workspace()
    for version, answer in ((OLD, "The sky is grey."), (NEW, "The sky is blue on a clear day.")):
        for role, count in (("train", 16), ("validation", 2), ("test", 4)):
            (folder / f"{role}.jsonl").write_text(rows(answer, count))
        files = {role: folder / f"{role}.jsonl" for role in data.ROLES}
        data.upload(workspace, DATA, version, files, {"mlops-recipe": version})
    for mark, steps, rate, version in runs.values():
        _train(workspace, f"ft-{mark}-1", steps, rate, version)
    for mark, *_ in runs.values():
        while not (found := jobs.find(workspace, f"ft-{mark}-1")) or not found.state.ended:
            time.sleep(0.05)
        assert found.state is JobState.COMPLETED
    params = load(PARAMS_FILE)
    named = params.model.model_copy(update={"name": owner})
    scored = params.evaluation.model_copy(update={"compute": "serverless"})
    return World(workspace, params.model_copy(update={"model": named, "evaluation": scored}), runs)


def _train(workspace: Workspace, name: str, steps: int, rate: float, version: str) -> None:
    component = registry.component(workspace, "azureml", "chat_completion_pipeline", "0.0.75")
    base = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
    # The owner is another's, so that a poll of a test that looks at all runs does not find these.
    tags = {"mlops-data": f"{DATA}:{version}"}
    work = Work(
        component=component,
        registry="azureml",
        literals={"max_steps": str(steps), "learning_rate": str(rate), "per_device_train_batch_size": "4"},
        step="fine_tuning",
        models={"mlflow_model_path": base},
        files={f"{role}_file_path": f"azureml:{DATA}-{role}:{version}" for role in data.ROLES},
        display_name=name,
        experiment="evaluation",
        tags=tags,
    )
    submission.submit(workspace, work, name)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often: a job of the emulator takes a second."""
    monkeypatch.setattr(evaluate, "PAUSES", Pauses(0.1, factor=1.3))


def document(judged: Outcome[GateResult]) -> dict[str, Any]:
    """The verdict as the gate writes it."""
    return record.document(judged.result.verdict, judged.result.evidence, (), 0)


def jobs_of(done: Outcome[EvaluateResult]) -> list[str]:
    """The candidate's job, then the champion's."""
    return [model.job for model in done.result.models]


def perplexities(judged: Outcome[GateResult]) -> list[float]:
    """Of the candidate, then of the champion, as the gate found them."""
    (finding,) = judged.result.findings
    assert finding.candidate is not None
    assert finding.champion is not None
    return [finding.candidate, finding.champion]


def test_before_it_is_evaluated_a_run_is_not_judged_but_waited_for(world: World) -> None:
    with pytest.raises(Unfinished, match=r"evaluation of ft-a1a1a1a1a1a1-1 is not submitted"):
        world.gate("plain")


def test_the_first_release_is_scored_alone_and_judged_by_absolute_rules(world: World) -> None:
    with sdk_check() as said:
        done = world.evaluate("plain")
    assert done.failure is None
    assert done.result.state is evaluate.EvaluationState.DONE
    (scored,) = done.result.models
    assert said == {scored.job: {}}
    assert scored.metrics["rougeL"] >= 0
    assert view.outputs(done.result) == {"finished": "true", "jobs": scored.job}
    judged = world.gate("plain", rule={"metric": "rougeL", "better": "higher", "min": 0.0, "max_regression": 0.1})
    assert judged.failure is None
    assert document(judged)["evaluation"] == scored.job
    assert document(judged)["questions"].startswith("sky-evaluation:")
    refused = world.gate("plain", rule={"metric": "rougeL", "better": "higher", "min": 0.99})
    assert isinstance(refused.failure, GateRefused)


def test_a_name_that_azure_does_not_give_out_again_is_passed_over(world: World, emulator_address: Address) -> None:
    taken = {"route": "jobs.put", "resource": "ev-*-1", "effect": "status", "status": 400, "code": "UserError"}
    process.control(emulator_address, "POST", "/faults", {**taken, "message": "A run with this id already exists."})
    try:
        (scored,) = world.evaluate("plain", max_new_tokens=2).result.models
    finally:
        process.control(emulator_address, "DELETE", "/faults")
    assert scored.job.startswith("ev-")
    assert scored.job.endswith("-2")
    assert scored.metrics
    assert jobs_of(world.evaluate("plain", max_new_tokens=2)) == [scored.job]


TWO = {
    "component": "model_prediction",
    "component_version": "0.0.38",
    "metrics_component": "compute_metrics",
    "metrics_component_version": "0.0.36",
}


def test_two_components_find_what_the_deprecated_pipeline_finds(world: World) -> None:
    """Its source was deleted (azureml-assets #4110); these are maintained. The names of their steps are the same."""
    whole = world.evaluate("plain")
    with sdk_check() as said:
        two = world.evaluate("plain", **TWO)
    assert (whole.failure, two.failure) == (None, None)
    (one,), (other,) = whole.result.models, two.result.models
    assert said == {other.job: {}}
    assert one.job != other.job
    assert one.metrics.keys() == other.metrics.keys()
    assert {name: other.metrics[name] for name in one.metrics if "seconds" not in name} == {
        name: value for name, value in one.metrics.items() if "seconds" not in name
    }
    rule = {"metric": "rougeL", "better": "higher", "min": 0.0}
    judged = world.gate("plain", rule=rule, **TWO)
    assert judged.failure is None
    assert judged.result.evidence.answers.keys() == world.gate("plain", rule=rule).result.evidence.answers.keys()
    Evaluator.of(world.context(**TWO)).check()


def test_what_was_scored_is_not_scored_again(world: World) -> None:
    before = jobs_of(world.evaluate("plain"))
    assert jobs_of(world.evaluate("plain")) == before


def test_a_better_model_passes_and_the_champion_keeps_the_score_it_had_as_a_candidate(world: World) -> None:
    (alone,) = jobs_of(world.evaluate("plain"))
    champion = world.make_champion("plain")
    done = world.evaluate("learnt")
    mine, theirs = jobs_of(done)
    assert theirs == alone
    judged = world.gate("learnt")
    assert judged.failure is None
    candidate, of_champion = perplexities(judged)
    assert candidate < of_champion
    said = document(judged)
    assert (said["champion"]["model"], said["champion"]["evaluation"]) == (champion, theirs)
    assert said["evaluation"] == mine
    assert said["notes"][-1].startswith("this run and the champion answered the same conversations")


def test_an_equal_model_passes_at_the_same_values(world: World) -> None:
    world.make_champion("plain")
    judged = world.gate("plain")
    one, other = perplexities(judged)
    assert one == other
    assert judged.failure is None
    wanted = {"metric": "mean_perplexity", "min_improvement": 0.01}
    assert isinstance(world.gate("plain", rule=wanted).failure, GateRefused)


def test_a_worse_model_is_refused_on_the_same_questions(world: World) -> None:
    world.make_champion("learnt")
    found = world.gate("plain")
    assert isinstance(found.failure, GateRefused)
    assert "worse than the champion's" in found.failure.problems[0].what


def test_a_champion_of_old_data_answers_the_new_questions(world: World) -> None:
    world.make_champion("before")
    done = world.evaluate("learnt")
    said = document(world.gate("learnt"))
    assert said["champion"]["data"] == f"{DATA}:{OLD}"
    assert said["same_data"] is False
    _, theirs = jobs_of(done)
    job = jobs.find(world.workspace, theirs)
    assert job is not None
    assert (job.tags["mlops-data"], job.tags["mlops-evaluates"]) == (f"{DATA}:{NEW}", said["champion"]["model"])


def test_a_metric_that_never_arrives_refuses_and_one_that_is_late_is_read_from_the_file(
    world: World, emulator_address: Address
) -> None:
    missing = world.gate("learnt", rule={"metric": "gpt_fluency", "min": 3.0, "better": "higher"})
    assert isinstance(missing.failure, GateRefused)
    assert "gpt_fluency is missing" in missing.failure.problems[0].what
    process.control(emulator_address, "PUT", "/settings/metrics.lag_seconds", {"value": "600"})
    try:
        assert world.gate("learnt", rule={"metric": "rougeL", "min": 0.0, "better": "higher"}).failure is None
    finally:
        process.control(emulator_address, "PUT", "/settings/metrics.lag_seconds", {"value": ""})


def test_an_evaluation_that_fails_is_a_breakdown_and_the_next_attempt_mends_it(
    world: World, emulator_address: Address
) -> None:
    world.make_champion("plain")  # so that there is one model to score
    rule = {"rule": "jobs.create ev-*: operation fails OutOfMemory at model_prediction"}
    process.control(emulator_address, "POST", "/faults", rule)
    try:
        failed = world.evaluate("plain", conversations=1)
    finally:
        process.control(emulator_address, "DELETE", "/faults")
    assert isinstance(failed.failure, RemoteFailed)
    assert "OutOfMemory" in failed.failure.problems[0].why
    with pytest.raises(RemoteFailed, match="is Failed"):
        world.gate("plain", conversations=1)
    again = world.evaluate("plain", conversations=1)
    assert again.failure is None
    assert jobs_of(again)[0].endswith("-2")
    assert world.gate("plain", conversations=1).failure is None


def test_what_is_refused_whatever_it_answers_is_not_asked(world: World) -> None:
    rule = {"metric": "train_loss", "max": 0.001}
    asked = world.evaluate("plain", conversations=4, rule=rule)
    assert asked.result.skipped
    assert "it is refused whatever it answers: train_loss" in asked.result.skipped.reason
    refused = world.gate("plain", conversations=4, rule=rule)
    assert isinstance(refused.failure, GateRefused)
    assert any("no evaluation of its own" in line for line in gate_view.report(refused.result).lines)
    scored = Evaluator.of(world.context(conversations=4)).wanted(f"ft-{RUNS['plain'][0]}-1")
    assert isinstance(scored, RequestedEvaluation)
    assert scored.candidate.attempt is None


def test_models_that_did_not_answer_the_same_questions_are_asked_when_a_person_says_so(world: World) -> None:
    """A run against a version, of another test split: the questions are the first one's."""
    older, run = world.make_champion("before"), f"ft-{RUNS['learnt'][0]}-1"
    context = world.context(conversations=2, max_new_tokens=5)
    with pytest.raises(BadInput, match="did not answer") as refused:
        compare.run(context, run, older, metric="rougeL", worst=1, ask=False)
    (problem,) = refused.value.problems
    assert "at most 4 answers" in problem.why
    found = compare.run(context, run, "production", metric="rougeL", worst=1, ask=True).result
    assert [found.first.model, found.second.model] == [run, older]
    again = compare.run(context, run, older.partition(":")[2], metric="rougeL", worst=1, ask=True).result
    assert again.scores == found.scores
    assert again.second.job == found.second.job, "what was answered is not asked again"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("base", "base"), "neither base nor base is of a run of ours"),
        (("99", "base"), "there is no model '99'"),
        (("nothing:1", "live"), "there is no model 'nothing:1'"),
        ((f"ft-{RUNS['plain'][0]}-1",) * 2, "are the same model"),
    ],
)
def test_what_cannot_be_compared_is_said(world: World, words: tuple[str, str], said: str) -> None:
    world.make_champion("plain")
    with pytest.raises(BadInput, match=said):
        compare.run(world.context(), *words, metric="rougeL", worst=1, ask=False)


@pytest.fixture
def slow_jobs(emulator_address: Address) -> Iterator[None]:
    """A job takes a minute of the emulator's clock, which passes when the test is over."""
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "60 s"})
    yield
    process.control(emulator_address, "PUT", "/delay/jobs", {"delay": "at once"})
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 61})


@pytest.mark.parametrize(
    ("on_interrupt", "told", "tokens"),
    [("leave", "goes on: mlops evaluate --job ft-", 64), ("cancel", "canceled", 65)],
    ids=["leave", "cancel"],
)
@pytest.mark.usefixtures("slow_jobs")
def test_an_interrupt_leaves_or_cancels_as_params_say(world: World, on_interrupt: str, told: str, tokens: int) -> None:
    def stop(line: str) -> None:
        if " is " in line:  # it waits
            raise KeyboardInterrupt

    context = world.context(conversations=2, max_new_tokens=tokens)
    watched = context.params.watch.model_copy(update={"on_interrupt": on_interrupt})
    context.params, context.say = context.params.model_copy(update={"watch": watched}), stop
    with pytest.raises(KeyboardInterrupt, match=told):
        evaluate.run(context, job=f"ft-{RUNS['plain'][0]}-1", wait_minutes=1, ok_if_unfinished=False)


def test_a_tick_submits_what_is_due_and_a_later_one_judges(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner is gone; nothing but the workspace says what is left to do."""
    monkeypatch.chdir(tmp_path)  # where the verdicts are written
    name, settings = f"ft-{RUNS['learnt'][0]}-1", {"conversations": 4}
    jobs.tag(world.workspace, name, {"mlops-owner": OWNER})
    first = resume.run(world.context(**settings), render=model_card.markdown)
    (mine,) = (one for one in first.result.runs if one.run == name)
    assert mine.done is resume.RunOutcome.EVALUATED
    assert mine.why.startswith(f"held-out conversations: submit {name}")
    assert (first.failure, first.result.promotion) == (None, None)
    evaluate.run(world.context(**settings), job=name, wait_minutes=1, ok_if_unfinished=False)
    asked = Evaluator.of(world.context(**settings)).wanted(name)
    assert isinstance(asked, RequestedEvaluation)
    assert [scored.attempts for scored in asked.all] == [1, 1], "the poll's jobs are found, and no others are made"
    second = resume.run(world.context(**settings), render=model_card.markdown)
    (mine,) = (one for one in second.result.runs if one.run == name)
    assert (mine.done, second.failure) == (resume.RunOutcome.REGISTERED, None)
    assert second.result.promotion
    assert (second.result.promotion.job, second.result.promotion.environments) == (name, ("staging", "production"))
    made = models.find(world.workspace, *second.result.promotion.model.split(":"))
    assert made is not None
    assert made.tags["mlops-verdict"] == "pass"
    assert made.tags["mlops-evaluation"] == asked.candidate.job
    assert float(made.tags["metric-mean_perplexity"]) > 1
    _what_who_registered_it_left_undone_is_done(world, name, made, monkeypatch)


def _what_who_registered_it_left_undone_is_done(
    world: World, job: str, made: models.Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died when the version was made: it is no candidate yet, and its promotion was not asked for."""
    jobs.tag(world.workspace, job, {record_tag("staging"): ""})
    models.set_tags(world.workspace, made.name, made.version, {f"{ALIAS_PREFIX}staging": None})
    now, whole_seconds = world.workspace.now, timedelta(seconds=2)  # a Date header has no parts of them
    monkeypatch.setattr(Workspace, "now", lambda _: now() + PROMOTION_BOUND + whole_seconds)
    found = resume.run(world.context(conversations=4), render=model_card.markdown)
    assert found.result.promotion
    assert found.result.promotion.job == job
    again = models.find(world.workspace, made.name, made.version)
    assert again is not None
    assert again.tags[f"{ALIAS_PREFIX}staging"] == "candidate"


def test_runs_are_listed_with_what_made_them_and_what_came_of_it(world: World) -> None:
    plain, learnt = (f"ft-{RUNS[name][0]}-1" for name in ("plain", "learnt"))
    rule = {"metric": "rougeL", "min": 0.0}
    world.evaluate("plain", rule=rule)
    world.gate("plain", rule=rule)
    context = world.context()
    context.params = context.params.model_copy(
        update={"model": context.params.model.model_copy(update={"name": "owner-of-runs"})}
    )
    machine = {"mlops-instance-type": "Standard_NC24ads_A100_v4", "mlops-nodes": "2", "mlops-actor": "ada"}
    for number, name in enumerate((plain, learnt)):
        more = {} if number else machine
        jobs.tag(world.workspace, name, {"mlops-owner": "owner-of-runs", "mlops-fingerprint": name, **more})
    found = runs.run(context, (), limit=10, sort="submitted", reverse=False).result
    newest, oldest = found.runs
    assert (newest.name, oldest.name) == (learnt, plain)
    changed = {item.name: (item.before, item.after) for item in newest.changed}
    assert changed == {"learning_rate": ("1e-06", "0.0005"), "max_steps": ("1", "12")}
    assert oldest.changed == ()
    assert (oldest.verdict, oldest.by) == (Ruling.ACCEPT, "ada")
    assert 0 <= oldest.metrics["rougeL"] <= 1
    assert newest.metrics["eval_loss"] < oldest.metrics["eval_loss"]
    assert newest.by, "the identity that submitted it, where no person is known"
    assert newest.data == f"{DATA}:{NEW}"
    assert oldest.hours
    assert oldest.cost == pytest.approx(2 * 3.67 * oldest.hours)
    best = runs.run(context, (plain, learnt), limit=1, sort="eval_loss", reverse=False).result
    assert [one.name for one in best.runs] == [learnt, plain]
    with pytest.raises(BadInput, match="no run has speed"):
        runs.run(context, (), limit=10, sort="speed", reverse=False)
    with pytest.raises(BadInput, match="there is no run ft-000000000000-1"):
        runs.run(context, ("ft-000000000000-1",), limit=10, sort="name", reverse=False)


def test_nothing_is_evaluated_where_that_is_off_and_a_run_without_data_is_refused(world: World) -> None:
    off = world.evaluate("plain", enabled=False)
    assert view.outputs(off.result) == {"finished": "true", "jobs": ""}
    bare = jobs.Job("ft-d4d4d4d4d4d4-1", JobState.COMPLETED)
    with pytest.raises(BadInput, match="does not say which data it used"):
        Evaluator.of(world.context()).evaluation(bare)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"component_version": "9.9.9"}, "there is no model_evaluation_pipeline, version 9.9.9"),
        ({"component": "model_prediction", "component_version": "0.0.38"}, "cannot score a chat model"),
        ({**TWO, "metrics_component": "model_prediction"}, "evaluation.metrics_component .* cannot score a chat model"),
        ({"component_version": "9.9.9"}, r"name model_prediction in evaluation\.component and compute_metrics"),
        ({"compute": "no-such-cluster"}, "no-such-cluster is not in the workspace"),
    ],
)
def test_what_cannot_evaluate_is_refused_before_anything_is_trained(
    world: World, changes: dict[str, str], said: str
) -> None:
    context = world.context(**changes)
    with pytest.raises(BadInput, match=said):
        Evaluator.of(context).check()
    Evaluator.of(world.context()).check()


def test_the_first_conversations_become_questions_with_their_true_answers(world: World) -> None:
    asset, version = f"{DATA}-evaluation", domain.data_version(NEW, 3)
    found = world.workspace.ml.data.get(asset, version=version)
    assert found.tags["rows"] == "3"
    assert found.tags["mlops-data"] == f"{DATA}:{NEW}"
