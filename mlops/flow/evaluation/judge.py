"""`mlops judge`: a language model compares two models' answers, and is itself compared with people."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops.azure import scoring
from mlops.azure.chat_completions import ChatDeployment, Completion
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.judge import pairs
from mlops.domain.evaluation.judge.agreement import Agreement, agreement, with_people
from mlops.domain.evaluation.judge.pairs import Call, Pair, Preference, Ruled
from mlops.domain.evaluation.judge.spec import JudgeSpec
from mlops.domain.evaluation.metric_table import ALL_PROBES
from mlops.domain.evaluation.paired import Paired
from mlops.domain.evaluation.paired import compare as compare_scores
from mlops.domain.promote.spec import Invocation
from mlops.domain.tags import OWNER_TAG
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context
from mlops.flow.evaluation import compare, judge_spec
from mlops.flow.evaluation.compare import ComparedModel, Sides, SidesSpec
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.evaluation.kept_answers import KeptAnswers
from mlops.flow.outcome import Outcome

TOLD_EVERY = 20  # calls
Ask = Callable[[Sequence[Mapping[str, str]]], Completion]


@dataclass(frozen=True)
class PlannedCalls:
    """Calls that are to be paid, those whose answers are kept, and at most so many tokens; cost null: no price."""

    calls: int
    kept: int
    tokens: int
    cost: float | None
    currency: str


@dataclass(frozen=True)
class JudgedPair:
    """A question, counted from 1, with both answers, what both orders say together, and why in each order."""

    number: int
    messages: tuple[Mapping[str, str], ...]
    truth: str
    first: str
    second: str
    ruled: Ruled
    why: str
    why_swapped: str


@dataclass(frozen=True)
class JudgeResult:
    """The first model against the second, as a judge sees them; before it was asked only what is planned.

    `preference` is of scores of 1, 0 and a half for each pair, null where no verdict could be used. `itself` is the
    judge's agreement with itself when positions are swapped, `people` with the labelled file; null without one.
    """

    first: ComparedModel
    second: ComparedModel
    questions: str
    judge: str
    rubric: str
    planned: PlannedCalls
    asked: bool
    cost: float | None
    counts: Mapping[str, int]
    preference: Paired | None
    itself: Agreement | None
    people: Agreement | None
    pairs: tuple[JudgedPair, ...]


@dataclass(frozen=True)
class Judging:
    """The pairs of two models and of people, with the calls that they need."""

    spec: JudgeSpec
    own: tuple[Pair, ...]
    kept: KeptAnswers

    @property
    def every(self) -> tuple[Pair, ...]:
        """The models' pairs, then people's."""
        return (*self.own, *(label.pair for label in self.spec.labelled))

    @property
    def calls(self) -> tuple[Call, ...]:
        """Each once; nobody is asked about equal answers."""
        found = (call for pair in self.every if not pair.equal for call in self.calls_of(pair))
        return tuple({call.key: call for call in found}.values())

    def calls_of(self, pair: Pair) -> tuple[Call, Call]:
        """Both orders."""
        return pairs.calls(pair, self.spec.rubric, self.spec.identity)

    @property
    def open(self) -> tuple[Call, ...]:
        """Those that were not answered yet."""
        return tuple(call for call in self.calls if self.kept.get(call.key) is None)

    def planned(self) -> PlannedCalls:
        """What asking now costs, at most."""
        due, spec = self.open, self.spec
        sent, answered = sum(call.tokens for call in due), len(due) * spec.max_answer_tokens
        return PlannedCalls(
            len(due), len(self.calls) - len(due), sent + answered, spec.cost(sent, answered), spec.currency
        )

    def settle(self, pair: Pair) -> tuple[Ruled, Preference | None, Preference | None]:
        """What both orders say together, and each."""
        if pair.equal:
            return Ruled.TIE, Preference.TIE, Preference.TIE
        said = [pairs.read(self._text(call)) for call in self.calls_of(pair)]
        one, other = pairs.preference(said[0], swapped=False), pairs.preference(said[1], swapped=True)
        return pairs.settle(one, other), one, other

    def why(self, pair: Pair) -> tuple[str, str]:
        """The sentence of each order."""
        if pair.equal:
            return "", ""
        one, other = self.calls_of(pair)
        return pairs.why(self._text(one)), pairs.why(self._text(other))

    def _text(self, call: Call) -> str | None:
        found = self.kept.get(call.key)
        return found.text if found else None


def run(context: Context, first: str, second: str, *, plan_only: bool, cache: Path) -> Outcome[JudgeResult]:
    """Compare two models' answers, within the cap; with `plan_only` only say what that would cost."""
    spec = judge_spec.of(context.project)
    if spec is None:
        what = "params.yaml names no judge"
        fix = "add evaluation.judge: docs/evaluation.md shows how"
        raise BadInput(Problem(what, str(context.params_path), fix=fix, key="evaluation.judge"))
    evaluator = Evaluator.of(context)
    found = compare.sides(evaluator, SidesSpec.of(context.params, context.champion_place, evaluator), first, second)
    judging = Judging(spec, tuple(_pairs(found, spec.conversations)), KeptAnswers(cache))
    workspace, name = evaluator.workspace, context.params.data.name
    keys = [call.key for call in judging.calls]
    judging.kept.fetch(workspace, name, keys)
    planned = judging.planned()
    if not plan_only:
        _ask_all(judging, planned, _asking(workspace, spec), context.say)
        judging.kept.share(workspace, name, keys, {OWNER_TAG: context.owner})
    seed = evaluator.spec.gate.seed
    return Outcome(_result(judging, found.models, found.questions, planned, seed=seed, asked=not plan_only))


def _pairs(found: Sides, most: int) -> Iterator[Pair]:
    """Of the held-out conversations; probes are judged by their checks."""
    held_out = len(found.first.exchanges) - len(found.first.answers.scores.get(ALL_PROBES, ()))
    both = zip(found.first.exchanges[:held_out], found.second.exchanges[:held_out], strict=True)
    for (mine, theirs), _ in zip(both, range(most), strict=False):
        yield Pair(mine.messages, mine.truth, mine.answer, theirs.answer)


def _asking(workspace: Workspace, spec: JudgeSpec) -> Ask:
    if spec.deployment:
        deployment = ChatDeployment(workspace, spec.endpoint, spec.deployment, spec.api_version)
        return lambda messages: deployment.complete(messages, spec.settings)
    client = scoring.ScoringClient(workspace, spec.endpoint)
    settings = Invocation(spec.max_answer_tokens, 0.0, spec.timeout_seconds)

    def ask(messages: Sequence[Mapping[str, str]]) -> Completion:
        said = client.invoke([dict(message) for message in messages], settings)
        if failure := scoring.not_the_models(said, spec.endpoint):
            raise failure
        return Completion(said.text, said.failure)

    return ask


def _ask_all(judging: Judging, planned: PlannedCalls, ask: Ask, say: Callable[[str], None]) -> None:
    """Raises BadInput where more calls are needed than params.yaml allows; nothing is asked then."""
    due, spec = judging.open, judging.spec
    if len(due) > spec.max_calls:
        what = f"{len(due)} calls are needed, evaluation.judge.max_calls allows {spec.max_calls}"
        fix = "lower evaluation.judge.conversations, or allow more"
        raise BadInput(Problem(what, "params.yaml", fix=fix, key="evaluation.judge.max_calls"))
    cost = "" if planned.cost is None else f", at most {planned.cost:.2f} {planned.currency}"
    say(f"asking {spec.name}: {len(due)} calls, at most {planned.tokens:,} tokens{cost}; {planned.kept} are kept")
    for number, call in enumerate(due, start=1):
        judging.kept.add(call.key, ask(call.messages))
        if number % TOLD_EVERY == 0:
            say(f"{number} of {len(due)} calls are answered")


def _result(
    judging: Judging,
    models: tuple[ComparedModel, ComparedModel],
    questions: str,
    planned: PlannedCalls,
    *,
    seed: int,
    asked: bool,
) -> JudgeResult:
    settled = [judging.settle(pair) for pair in judging.own] if asked else []
    ruled = [one for one, _, _ in settled]
    labelled = judging.spec.labelled if asked else ()
    mine, theirs = pairs.scores(ruled)
    orders = [(one, other) for pair in judging.every for _, one, other in [judging.settle(pair)] if not pair.equal]
    return JudgeResult(
        first=models[0],
        second=models[1],
        questions=questions,
        judge=judging.spec.name,
        rubric=judging.spec.rubric_file,
        planned=planned,
        asked=asked,
        cost=_spent(judging) if asked else None,
        counts={kind.value: ruled.count(kind) for kind in Ruled} if asked else {},
        preference=compare_scores(mine, theirs, "higher", seed) if mine else None,
        itself=agreement(pair for pair in orders if None not in pair) if asked else None,
        people=with_people([judging.settle(one.pair)[0] for one in labelled], labelled) if labelled else None,
        pairs=tuple(
            JudgedPair(number, pair.messages, pair.truth, pair.first, pair.second, one, *judging.why(pair))
            for number, (pair, one) in enumerate(zip(judging.own, ruled, strict=True), start=1)
        )
        if asked
        else (),
    )


def _spent(judging: Judging) -> float | None:
    """What all calls cost together, kept ones too."""
    found = [answer for call in judging.calls if (answer := judging.kept.get(call.key))]
    return judging.spec.cost(sum(one.sent for one in found), sum(one.answered for one in found))
