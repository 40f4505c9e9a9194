"""Judges the rules that compare answers to the same conversations: `not_worse_than` and `better_than`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlops.domain.evaluation.findings import WHOSE, Against, Finding, Kind, Rule
from mlops.domain.evaluation.metric_table import PROBES_PREFIX
from mlops.domain.evaluation.paired import MINIMUM, Judgement, Paired, better, compare, not_worse, recommended
from mlops.domain.numbers import apart, number

Scores = Mapping[str, Sequence[float]]  # metric -> one number for each conversation, in the same order for each model


@dataclass(frozen=True)
class Answers:
    """The scores of each model's answers. None: it did not answer. `seed` is that of the bootstrap."""

    candidate: Scores | None = None
    champion: Scores | None = None
    base: Scores | None = None
    seed: int = 0

    def of(self, against: Against) -> Scores | None:
        """The scores of what is compared with."""
        return self.champion if against == "champion" else self.base


def judge_answers(rule: Rule, answers: Answers, *, first: bool) -> Iterator[Finding]:
    """A finding for each comparison that the rule asks for. `first`: there is no champion yet."""
    asked: tuple[tuple[Kind, Against | None], ...] = (
        ("not_worse_than", rule.not_worse_than),
        ("better_than", rule.better_than),
    )
    for kind, against in asked:
        if against == "champion" and first:
            yield _alone(rule, kind, answers)
        elif against is not None:
            yield _against(rule, kind, against, answers)


def by_category(answers: Answers) -> dict[str, Paired]:
    """The candidate's passed probes against the base model's, for each category and for all."""
    mine, theirs = answers.candidate or {}, answers.base or {}
    names = sorted(name for name in mine if name.startswith(PROBES_PREFIX) and name in theirs)
    return {name: compare(mine[name], theirs[name], "higher", answers.seed) for name in names}


def _alone(rule: Rule, kind: Kind, answers: Answers) -> Finding:
    mine = (answers.candidate or {}).get(rule.metric)
    mean = sum(mine) / len(mine) if mine else None
    sentence = f"{rule.metric} is not compared: there is no champion yet"
    return Finding(
        rule.metric, kind, mean, None, rule.margin, None, True, rule.required, sentence, outcome=Judgement.PASS
    )


def _against(rule: Rule, kind: Kind, against: Against, answers: Answers) -> Finding:
    mine, theirs = ((scores or {}).get(rule.metric) for scores in (answers.candidate, answers.of(against)))
    if not mine or not theirs or len(mine) != len(theirs):
        who = "the candidate's" if not mine else WHOSE[against]
        sentence = f"{rule.metric} cannot be compared conversation by conversation: {who} answers are not there"
        return Finding(
            rule.metric, "missing", None, None, rule.margin, None, False, rule.required, sentence, against=against
        )
    found = compare(mine, theirs, rule.direction, answers.seed)
    threshold = rule.margin if kind == "not_worse_than" else 0.0
    outcome = not_worse(found, threshold) if kind == "not_worse_than" else better(found)
    return Finding(
        metric=rule.metric,
        kind=kind,
        candidate=found.candidate,
        champion=found.reference,
        threshold=threshold,
        margin=found.low + threshold,
        passed=outcome is Judgement.PASS,
        required=rule.required,
        sentence=f"{_compared(rule, against, found)}; {_decided(rule, kind, found, outcome)}{_signs(found)}",
        against=against,
        outcome=outcome,
        paired=found,
    )


def _compared(rule: Rule, against: Against, found: Paired) -> str:
    what = "probes" if rule.metric.startswith(PROBES_PREFIX) else "conversations"
    mine, theirs = apart(found.candidate, found.reference)
    if found.difference == 0:
        head = f"{rule.metric} {mine} equals {WHOSE[against]}"
    else:
        side = "better" if found.difference > 0 else "worse"
        head = f"{rule.metric} {mine} is {side} than {WHOSE[against]} {theirs} by {number(abs(found.difference))}"
    return f"{head} on {found.conversations} {what} (95 %: {_signed(found.low)} to {_signed(found.high)})"


def _decided(rule: Rule, kind: Kind, found: Paired, outcome: Judgement) -> str:
    if outcome is Judgement.NOT_ENOUGH:
        return f"not enough evidence: {_needed(rule, kind, found)}"
    if kind == "better_than":
        return f"a {'gain' if outcome is Judgement.PASS else 'loss'} is shown"
    beyond = f"more than {number(rule.margin)} is"
    return (
        f"a loss of {beyond} ruled out"
        if outcome is Judgement.PASS
        else f"a loss is shown, and one of {beyond} not ruled out"
    )


def _needed(rule: Rule, kind: Kind, found: Paired) -> str:
    """What so many can show, and how many are needed for what is asked."""
    if found.conversations < MINIMUM:
        return f"fewer than {MINIMUM} say nothing"
    shows = f"so many show a difference of {number(found.detectable, 2)}"
    wanted = rule.margin if kind == "not_worse_than" else found.difference
    return f"{shows}; one of {number(wanted, 2)} needs about {recommended(found, wanted)}" if wanted > 0 else shows


def _signs(found: Paired) -> str:
    if not found.contradicted:
        return ""
    return f"; but it wins {found.sign.wins} and loses {found.sign.losses}: a few large differences decide"


def _signed(value: float) -> str:
    return f"+{number(value, 3)}" if value > 0 else number(value, 3)
