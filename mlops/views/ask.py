"""`mlops ask`: each question with the answers of the environments, and the true one where it is known."""

from collections.abc import Iterator, Mapping
from statistics import median

from mlops.flow.promote.result import AskedQuestion, AskResult, EndpointAnswer
from mlops.render import Report, Section, Table, number, table

SHOWN = ("rougeL", "chrf", "exact_match")


def report(result: AskResult) -> Report:
    """For people. Of a chat, whose answers were shown as they came, only how it went."""
    answers = [answer for one in result.asked for answer in one.answers]
    named = list(dict.fromkeys(answer.environment for answer in answers))
    lines = (*_who(answers), *(f"{name} serves no model" for name in result.silent))
    if result.chat:
        return Report(f"{len(result.asked)} questions to {' and '.join(named) or 'nobody'}", lines)
    verb = "answers" if len(named) == 1 else "answer"
    title = f"{' and '.join(named)} {verb}"
    if len(result.asked) == 1:
        head = "Held-out conversation" if result.held_out else "Question"
        return Report(title, lines, (_texts(head, result.asked[0]),))
    sections = (
        Section(f"Question {place}", tables=(_texts("", one),)) for place, one in enumerate(result.asked, start=1)
    )
    return Report(title, lines, sections=tuple(sections))


def outputs(result: AskResult) -> Mapping[str, str]:
    """The first answer to the first question, and the truth."""
    first = next(iter(result.asked), None)
    prediction = next((answer.text for answer in first.answers), None) if first else None
    return {"prediction": prediction or "", "ground-truth": (first.ground_truth if first else None) or ""}


def _who(answers: list[EndpointAnswer]) -> Iterator[str]:
    """Each endpoint with its model and how long it took, the middle of several."""
    for endpoint in dict.fromkeys(answer.endpoint for answer in answers):
        own = [answer for answer in answers if answer.endpoint == endpoint]
        models = " and ".join(dict.fromkeys(answer.model for answer in own if answer.model)) or "an unknown model"
        yield f"{endpoint}, {models}, {median(answer.seconds for answer in own) * 1000:.0f} ms"


def _texts(title: str, one: AskedQuestion) -> Table:
    rows = [("question", one.messages[-1]["content"])]
    for answer in one.answers:
        name = "prediction" if len(one.answers) == 1 else f"{answer.environment} ({answer.seconds * 1000:.0f} ms)"
        rows.append((name, answer.text if answer.text is not None else f"no answer: {answer.failure}"))
    if one.ground_truth is not None:
        rows.append(("ground truth", one.ground_truth))
        rows += [(f"scores of {answer.environment}", _scores(answer)) for answer in one.answers if answer.scores]
    return table(title, ("", "text"), rows)


def _scores(answer: EndpointAnswer) -> str:
    return ", ".join(f"{name} {number(answer.scores[name])}" for name in SHOWN if name in answer.scores)
