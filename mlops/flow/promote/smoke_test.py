"""The smoke test: held-out questions straight at a deployment, each of which must be answered."""

from collections.abc import Sequence

from mlops.azure import scoring
from mlops.domain.evaluation.scores.rouge import rouge_l
from mlops.domain.promote.spec import RolloutSpec
from mlops.errors import Problem, RemoteFailed
from mlops.flow.promote.invoke import HeldOut
from mlops.flow.promote.result import Sample, SmokeTestResult

QUOTED = 80  # characters of an answer in a problem


def run(
    client: scoring.ScoringClient, spec: RolloutSpec, questions: Sequence[HeldOut], deployment: str
) -> SmokeTestResult:
    """Ask every question. Raises RemoteFailed with all that were not answered, or for ROUGE-L below the floor.

    Raises Denied or Transient where this machine is to blame and not the model.
    """
    samples, problems = [], []
    for number, asked in enumerate(questions, start=1):
        answer = client.invoke(asked.messages, spec.invocation, deployment)
        if failure := scoring.not_the_models(answer, spec.endpoint):
            raise failure
        if answer.text is None:
            what = f"{deployment} did not answer held-out question {number} of {len(questions)}"
            problems.append(Problem(what, why=answer.failure))
            continue
        said, truth = asked.messages[-1]["content"], asked.ground_truth
        samples.append(Sample(said, answer.text, truth, answer.seconds, rouge_l(answer.text, truth)))
    if problems:
        raise RemoteFailed(problems)
    mean, floor = sum(sample.rouge_l for sample in samples) / len(samples), spec.smoke_minimum_rouge_l
    if mean < floor:
        what = f"{deployment} answers with a mean ROUGE-L of {mean:.3f}, below the floor of {floor:g}"
        quoted = "; ".join(" ".join(one.prediction.split())[:QUOTED] for one in samples)
        raise RemoteFailed(Problem(what, why=quoted, key="serving.smoke_minimum_rouge_l"))
    return SmokeTestResult(deployment, mean, tuple(samples))
