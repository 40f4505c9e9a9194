"""The smoke test: held-out questions straight at a deployment, each of which must be answered.

It must not move traffic, nor judge by anything but these answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops.azure import scoring
from mlops.domain.evaluation.rouge import rouge_l
from mlops.domain.promote.canary import percentile
from mlops.errors import Problem, RemoteFailed
from mlops.flow.context import Context
from mlops.flow.promote import ask
from mlops.render import Section, table

SHOWN = 400  # characters of a text in the table


@dataclass(frozen=True)
class Sample:
    """A question, what was answered, and what is true."""

    question: str
    prediction: str
    truth: str
    seconds: float

    @property
    def rouge_l(self) -> float:
        """How much of the truth's wording the prediction has, 0 to 1."""
        return rouge_l(self.prediction, self.truth)


@dataclass(frozen=True)
class Smoke:
    """What a smoke test that passed has seen."""

    deployment: str
    samples: tuple[Sample, ...]

    @property
    def mean_rouge_l(self) -> float:
        """Over all questions."""
        return sum(sample.rouge_l for sample in self.samples) / len(self.samples)

    def section(self) -> Section:
        """For the summary: each question with prediction and ground truth, and the latencies."""
        times = [sample.seconds * 1000 for sample in self.samples]
        said = ", ".join(f"p{percent} {percentile(times, percent):.0f} ms" for percent in (50, 90, 95))
        rows = [
            (_short(one.question), _short(one.prediction), _short(one.truth), round(one.rouge_l, 3))
            for one in self.samples
        ]
        return Section(
            f"Smoke test of {self.deployment}",
            (f"{len(rows)} questions answered; latency {said}; mean ROUGE-L {self.mean_rouge_l:.3f}",),
            (table("Held-out conversations", ("question", "prediction", "ground truth", "ROUGE-L"), rows),),
        )


def run(
    context: Context,
    asker: scoring.Asker,
    questions: Sequence[tuple[list[dict[str, str]], str]],
    deployment: str,
) -> Smoke:
    """Ask every question. Raises RemoteFailed with all that were not answered, or for ROUGE-L below the floor."""
    samples, problems = [], []
    for number, (messages, truth) in enumerate(questions, start=1):
        answer = ask.ask(context, asker, messages, deployment)
        if answer.text is None:
            what = f"{deployment} did not answer held-out question {number} of {len(questions)}"
            problems.append(Problem(what, why=answer.failure))
        else:
            samples.append(Sample(messages[-1]["content"], answer.text, truth, answer.seconds))
    if problems:
        raise RemoteFailed(problems)
    found, floor = Smoke(deployment, tuple(samples)), context.params.serving.smoke_minimum_rouge_l
    if found.mean_rouge_l < floor:
        what = f"{deployment} answers with a mean ROUGE-L of {found.mean_rouge_l:.3f}, below the floor of {floor:g}"
        raise RemoteFailed(Problem(what, why="; ".join(_short(one.prediction, 80) for one in samples)))
    return found


def _short(text: str, length: int = SHOWN) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= length else f"{plain[: length - 1]}…"
