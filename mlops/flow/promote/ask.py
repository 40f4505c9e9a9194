"""`mlops ask`: one held-out question to a live endpoint, its answer beside the true one."""

from mlops.azure import data, scoring, sharing
from mlops.azure.models import Registered
from mlops.domain.promote.chat_protocol import question
from mlops.domain.tags import DATA_TAG
from mlops.errors import BadInput, Problem, RemoteFailed
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.render import Report, table

GRACE_SECONDS = 5


def run(context: Context, environment: str, *, index: int) -> ReportOutcome:
    """Ask the endpoint of an environment, through its ordinary traffic."""
    registry = context.environment(environment).registry  # a wrong name is told before anything is asked
    live = observe.live_model(context, environment)
    if live is None:
        raise BadInput(
            Problem(f"{environment} has no model with all traffic", "the workspace", fix=f"mlops promote {environment}")
        )
    name, _, version = live.partition(":")
    model = sharing.find(context.workspace, registry, name, version)
    if model is None:
        raise BadInput(Problem(f"the live model {live} is no longer registered", "the workspace"))
    messages, truth = held_out(context, model, index + 1, registry)[index]
    endpoint = context.endpoint_name(environment)
    answer = ask(context, scoring.Asker(context.workspace, endpoint), messages)
    if answer.text is None:
        raise RemoteFailed(
            Problem(f"{endpoint} gave no answer", why=answer.failure, fix="look at the deployment's log in the studio")
        )
    rows = [("question", messages[-1]["content"]), ("prediction", answer.text), ("ground truth", truth)]
    report = Report(
        f"{environment} answers",
        (f"{endpoint}, {live}, {answer.seconds * 1000:.0f} ms",),
        (table("Held-out conversation", ("", "text"), rows),),
    )
    return ReportOutcome(report, {"prediction": answer.text, "ground-truth": truth})


def ask(
    context: Context, asker: scoring.Asker, messages: list[dict[str, str]], deployment: str | None = None
) -> scoring.Answer:
    """One question with the request settings of params.yaml."""
    serving = context.params.serving
    return asker.ask(
        messages,
        max_new_tokens=serving.max_new_tokens,
        temperature=serving.temperature,
        deployment=deployment,
        timeout_seconds=serving.request_timeout_ms / 1000 + GRACE_SECONDS,
    )


def held_out(
    context: Context, model: Registered, count: int, registry: str | None = None
) -> list[tuple[list[dict[str, str]], str]]:
    """Questions and true answers from the test file of the data that the model was made from."""
    from mlops.domain.dataset import sample

    label = model.tags.get(DATA_TAG, "")
    asset, _, data_version = label.partition(":")
    if not data_version:
        raise BadInput(
            Problem(
                f"{model.label} does not say which data it was made from",
                "the workspace",
                fix="promote a model that `mlops register` made",
            )
        )
    if registry:
        content = sharing.read_test_data(context.workspace, registry, asset, data_version)
    else:
        content = data.read(context.workspace, asset, "test", data_version)
    found = [question(row["messages"]) for row in sample(content, count)]
    if len(found) < count:
        raise BadInput(
            Problem(
                f"the test file of {label} has {len(found)} conversations, {count} are needed",
                "the workspace",
                fix="raise data.dataset.percent or data.curated_test_share",
            )
        )
    return found
