"""`mlops ask`: questions to live endpoints: a held-out one beside its true answer, one's own, or a conversation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from mlops.azure import deployments, endpoints, scoring, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.scores.text_scores import scores
from mlops.domain.promote.chat_protocol import Question
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.errors import BadInput, Problem, RemoteFailed
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.invoke import held_out
from mlops.flow.promote.result import AskedQuestion, AskResult, EndpointAnswer
from mlops.flow.promote.rollout_spec import rollout_spec


@dataclass(frozen=True)
class ChatLines:
    """A conversation as it is typed: its lines, a way to show each answer, and a system message that it begins with."""

    lines: Iterable[str]
    show: Callable[[EndpointAnswer], None]
    system: str = ""


@dataclass(frozen=True)
class LiveEndpoint:
    """The endpoint of an environment that serves some model, asked through its ordinary traffic."""

    workspace: Workspace
    spec: RolloutSpec
    facts: EndpointFacts
    client: scoring.ScoringClient

    def _model(self, deployment: str) -> str:
        """Of the deployment that answered, which may be newer than the look at the endpoint."""
        if not deployment:
            return self.facts.live_model or ""
        name = self.spec.endpoint
        by = self.facts.find(deployment) or deployments.read(self.workspace, name, deployment)
        return by.model if by else ""

    def ask(self, question: Question) -> EndpointAnswer:
        """Its answer, with scores where the true one is known. Raises where the refusal is not the model's."""
        said = self.client.invoke(question.messages, self.spec.invocation)
        if failure := scoring.not_the_models(said, self.spec.endpoint):
            raise failure
        truth = question.ground_truth
        return EndpointAnswer(
            environment=self.spec.environment,
            endpoint=self.spec.endpoint,
            deployment=said.deployment,
            model=self._model(said.deployment),
            seconds=said.seconds,
            text=said.text,
            failure=said.failure,
            scores={} if truth is None or said.text is None else scores(said.text, truth),
        )


@dataclass
class Asking:
    """The endpoints that are asked, and the environments that serve nothing."""

    workspace: Workspace
    live: list[LiveEndpoint] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def add(self, spec: RolloutSpec) -> None:
        """Look at an environment."""
        where = self.workspace.at(spec.place)
        stated = (where, spec.endpoint, spec.owner, spec.environment)
        looks = (own_endpoint(*stated, endpoints.live) for _ in range(2))
        facts = next((one for one in looks if one.live), None)  # one answer may be from before a promotion
        if facts:
            client = scoring.ScoringClient(where, spec.endpoint)
            self.live.append(LiveEndpoint(where, spec, facts, client))
        else:
            self.silent.append(spec.environment)

    def ask(self, question: Question) -> AskedQuestion:
        """The answers of all of them."""
        return AskedQuestion(question.messages, question.ground_truth, tuple(one.ask(question) for one in self.live))

    def talk(self, chat: ChatLines) -> list[AskedQuestion]:
        """Each line goes on with what was said before; a line that was not answered is taken back."""
        said: list[dict[str, str]] = [{"role": "system", "content": chat.system}] if chat.system else []
        asked: list[AskedQuestion] = []
        for line in chat.lines:
            turn = {"role": "user", "content": line}
            one = self.ask(Question((*said, turn)))
            (answer,) = one.answers
            chat.show(answer)
            asked.append(one)
            if answer.text is not None:
                said += [turn, {"role": "assistant", "content": answer.text}]
        return asked


def run(
    context: Context,
    environment: str | None,
    *,
    index: int = 0,
    own: Sequence[Question] = (),
    chat: ChatLines | None = None,
) -> Outcome[AskResult]:
    """Ask an environment, or with None all of them: `own` questions, else a held-out one; or talk with one."""
    names = list(context.params.environments) if environment is None else [environment]
    specs = [rollout_spec(context, name) for name in names]
    asking = Asking(context.workspace)
    for spec in specs:
        asking.add(spec)
    if not asking.live:
        what = f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} no model with traffic"
        raise BadInput(Problem(what, "the workspace", fix=f"mlops promote {names[0]}"))
    asked = asking.talk(chat) if chat else [asking.ask(question) for question in own or [_held_out(asking, index)]]
    result = AskResult(tuple(asked), held_out=not own and not chat, chat=chat is not None, silent=tuple(asking.silent))
    return Outcome(result, None if chat else _failure(asked))


def _held_out(asking: Asking, index: int) -> Question:
    """From the test data of the model with all traffic, of the first environment that has one."""
    live = next((one for one in asking.live if one.facts.live_model), None)
    if live is None:
        environments = " and ".join(one.spec.environment for one in asking.live)
        fix = f'mlops ask {asking.live[0].spec.environment} "..."'
        what = f"{environments} has no model with all traffic, so no data to take a question from"
        raise BadInput(Problem(what, "the workspace", fix=fix))
    label = live.facts.live_model or ""
    name, _, version = label.partition(":")
    looks = (sharing.find(asking.workspace, live.spec.registry, name, version) for _ in range(2))
    model = next(filter(None, looks), None)
    if model is None:
        raise BadInput(Problem(f"the live model {label} is no longer registered", "the workspace"))
    found = held_out(asking.workspace, model, index + 1, live.spec.registry)[index]
    return Question(tuple(found.messages), found.ground_truth)


def _failure(asked: Sequence[AskedQuestion]) -> RemoteFailed | None:
    silent = [answer for one in asked for answer in one.answers if answer.text is None]
    problem = Problem("", why="", fix="look at the deployment's log in the studio")
    problems = [replace(problem, what=f"{one.endpoint} gave no answer", why=one.failure) for one in silent]
    return RemoteFailed(problems) if problems else None
