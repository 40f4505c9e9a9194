"""How many answers the evaluation after a training will ask for, and which are there already and are not paid again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.flow.evaluation import probes
from mlops.flow.evaluation.gate_spec import gate_spec
from mlops.flow.project import Project

if TYPE_CHECKING:
    from mlops.domain.evaluation.spec import EvaluationSpec
    from mlops.domain.promote.endpoint import EndpointFacts
    from mlops.flow.evaluation.evaluator import Evaluator

CANDIDATE, CHAMPION, BASE = "candidate", "champion", "base"


@dataclass(frozen=True)
class PlannedAnswers:
    """So many questions, the models that have to answer them, and those whose answers are kept from an earlier time.

    `conversations` is an upper bound: a test split may have fewer that end with an answer.
    """

    conversations: int
    probes: int
    max_new_tokens: int
    asked: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def questions(self) -> int:
        """Conversations and probes."""
        return self.conversations + self.probes

    @property
    def answers(self) -> int:
        """How many answers a machine is paid for, at most."""
        return self.questions * len(self.asked)


def without_workspace(project: Project) -> PlannedAnswers | None:
    """The largest number: no look at what is kept. None where no model is asked."""
    wanted, gate = project.params.evaluation, gate_spec(project.params)
    if not wanted.enabled:
        return None
    asked = (CANDIDATE, CHAMPION, *([BASE] if gate.asks_base else []))
    questions = len(probes.asked(project))
    return PlannedAnswers(wanted.conversations, questions, wanted.max_new_tokens, asked, ())


def planned(
    evaluator: "Evaluator", data: str | None, base_id: str, seen: "EndpointFacts | None" = None
) -> PlannedAnswers:
    """Of a run that is to be trained on `data` (name:version; None: not prepared, so nobody has answered).

    `seen` is the endpoint of the champion, where that was observed already.
    """
    from mlops.flow.evaluation import evidence
    from mlops.flow.evaluation.evaluator import RequestedEvaluation

    spec = evaluator.spec
    champion = evidence.champion(evaluator.workspace, spec.champion, seen)
    roles = [CANDIDATE, *([CHAMPION] if champion else []), *([BASE] if spec.gate.asks_base else [])]
    kept: list[str] = []
    if data:
        found = RequestedEvaluation(evaluator, "", data, champion, base_id if spec.gate.asks_base else "")
        there = ((CHAMPION, found.champion), (BASE, found.base))
        kept = [role for role, scored in there if scored and scored.done]
    return _of(spec, tuple(role for role in roles if role not in kept), tuple(kept))


def _of(spec: "EvaluationSpec", asked: tuple[str, ...], kept: tuple[str, ...]) -> PlannedAnswers:
    return PlannedAnswers(spec.conversations, len(spec.probes), spec.max_new_tokens, asked, kept)
