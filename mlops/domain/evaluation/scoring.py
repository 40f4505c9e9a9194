"""Scoring a model on the team's held-out conversations: what is scored, under which name, and what is left to do.

Pure. A job is named after model, conversations, component and settings, so that what was scored is found again and
never scored twice. It must not submit a job.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mlops import jsons
from mlops.domain.numbers import as_float
from mlops.domain.training.run import FINGERPRINT_LENGTH, Attempt, JobState
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from mlops.domain.evaluation.probes.suites import Probe

ROLE = "evaluation"  # of the data asset with the questions, beside train, validation and test
JUDGED_ROLE = "judged"  # of the data asset with a judge's answers
OUTPUT = "evaluation_result"  # of the evaluation component, and of training components that evaluate by themselves
METRICS_FILE = "evaluationResult/metrics.json"
QUESTION, ANSWER = "messages", "ground_truth"
TASK = "chat-completion"
LAYOUT = 1  # of the file; a change of its form counts it up
VERSION_LENGTH = 30  # characters that Azure ML allows for a version
MOST_ATTEMPTS = 3  # by scheduled runs that nobody looks at; a person may start more
_JOB = re.compile(r"^ev-(?P<fingerprint>[0-9a-f]{12})-(?P<attempt>[1-9][0-9]*)$")


class ScoringAction(StrEnum):
    """What is to be done about the score of one model."""

    SUBMIT = "submit"
    WAIT = "wait"
    NOTHING = "nothing"
    FAILED = "failed"


@dataclass(frozen=True)
class Scored:
    """The evaluation of one model: fingerprint, the newest of its jobs and that one's number. `model` is for people."""

    model: str
    fingerprint: str
    attempt: Attempt | None = None
    attempts: int = 0

    @property
    def done(self) -> bool:
        """Whether there are metrics to read."""
        return self.attempt is not None and self.attempt.state is JobState.COMPLETED

    @property
    def job(self) -> str:
        """The newest job; empty when there is none."""
        return self.attempt.name if self.attempt else ""

    @property
    def next_job(self) -> str:
        """The name of a further attempt."""
        return job_name(self.fingerprint, self.attempts + 1)


def fingerprint(model: str, data: str, component_id: str, settings: Mapping[str, str]) -> str:
    """12 hexadecimal digits. `model` is the training job that made it, or name:version where none is known."""
    parts = {"model": model, "data": data, "component": component_id, "settings": dict(sorted(settings.items()))}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_LENGTH]


def job_name(print_: str, attempt: int) -> str:
    """The job of an attempt, counted from 1."""
    return f"ev-{print_}-{attempt}"


def attempt_of(name: str) -> int:
    """Which attempt a job is; those before it may have been deleted. 0 for a name of another kind."""
    found = _JOB.match(name)
    return int(found["attempt"]) if found else 0


def is_job_name(name: str) -> bool:
    """Whether a job is one of these."""
    return bool(_JOB.match(name))


def why_not(*, enabled: bool) -> str:
    """Why a finished training run needs no evaluation of its own; empty when it does.

    A training component that evaluates by itself is no reason: it asks one model other questions in another way, and
    nothing can be compared with that.
    """
    return "" if enabled else "evaluation.enabled is false in params.yaml"


def decide(scored: Scored, *, by_hand: bool) -> ScoringAction:
    """What is to be done. A scheduled run gives up after some attempts, because each costs a GPU; a person does not."""
    if scored.attempt is None:
        return ScoringAction.SUBMIT
    if scored.attempt.state.retryable:
        return ScoringAction.SUBMIT if by_hand or scored.attempts < MOST_ATTEMPTS else ScoringAction.FAILED
    return ScoringAction.NOTHING if scored.done else ScoringAction.WAIT


def data_version(test_version: str, conversations: int, probes: "Sequence[Probe]" = ()) -> str:
    """The version of the questions made from a version of the test data and probes: the same from the same.

    What a probe's answer is checked by does not count, because it is not asked.
    """
    asked = hashlib.sha256(_probe_rows(probes).encode()).hexdigest() if probes else ""
    text = f"{LAYOUT}:{test_version}:{conversations}{asked and f':{asked}'}"
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_LENGTH]


def settings(max_new_tokens: int) -> dict[str, str]:
    """The literal inputs of the component that decide the score; answers are greedy, so that they can be repeated.

    The component answers one conversation after the other anyway; in batches of one it also says how long each took.
    Under `generator_config` the same values make the real prediction fail (tests/parity/expectations).
    """
    generation = {"tokenizer_config": {"do_sample": False, "max_new_tokens": max_new_tokens}}
    return {
        "task": TASK,
        "input_column_names": QUESTION,
        "label_column_name": ANSWER,
        "batch_size": "1",
        "evaluation_config_params": json.dumps(generation, sort_keys=True),
    }


# Input of the component that computes metrics -> output of the one that predicts, as in model_evaluation_pipeline.
HANDED_OVER = {
    "prediction": "predictions",
    "ground_truth": "ground_truth",
    "prediction_probabilities": "prediction_probabilities",
}


def metrics_settings(max_new_tokens: int) -> dict[str, str]:
    """The literal inputs of the component that computes the metrics, where another one predicts."""
    same = {
        key: value for key, value in settings(max_new_tokens).items() if key in ("task", "evaluation_config_params")
    }
    return {**same, "prediction_column_name": "predictions", "ground_truth_column_name": ANSWER}


def chosen(probes: "Sequence[Probe]", per_category: int | None) -> "tuple[Probe, ...]":
    """The probes that are asked: so many of each category, from its start; all where no number is given."""
    met: Counter[str] = Counter()
    kept: list[Probe] = []
    for probe in probes:
        met[probe.category] += 1
        if per_category is None or met[probe.category] <= per_category:
            kept.append(probe)
    return tuple(kept)


def questions(test: str, conversations: int, where: str, probes: "Sequence[Probe]" = ()) -> str:
    """The first conversations of a test file that end with an answer: all before it as question, and the answer.

    Probes are asked after them, so that one job answers both.

    The component takes the true answer from a column of its own (azureml-assets, model_evaluation/src/utils.py): of a
    conversation that ends with the assistant's turn it drops that turn. Raises BadInput when there is none.
    """
    found = [json.dumps(row, ensure_ascii=False) for row, _ in zip(_rows(test), range(conversations), strict=False)]
    if not found:
        raise BadInput(Problem("no conversation ends with an answer, so nothing can be scored", where))
    return "".join(f"{row}\n" for row in found) + _probe_rows(probes)


def _probe_rows(probes: "Sequence[Probe]") -> str:
    rows = ({QUESTION: list(probe.messages), ANSWER: probe.right} for probe in probes)
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def metrics_of_file(text: str | None) -> dict[str, float]:
    """The numbers in the metrics file of an evaluation; none when it is not there or is no JSON object."""
    try:
        stated = jsons.read(text) if text else {}
    except ValueError:
        return {}
    numbers = stated.items() if isinstance(stated, dict) else ()
    return {str(key): number for key, value in numbers if (number := as_float(value)) is not None}


def _rows(test: str) -> Iterator[dict[str, Any]]:
    for line in test.split("\n"):  # other ends of lines may stand within a message
        messages = jsons.read(line)[QUESTION] if line.strip() else []
        if len(messages) > 1 and messages[-1].get("role") == "assistant" and messages[-1].get("content"):
            yield {QUESTION: messages[:-1], ANSWER: messages[-1]["content"]}
