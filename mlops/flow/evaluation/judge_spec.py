"""What params.yaml asks of a judge, with the files that it names; needs no cloud."""

from typing import TYPE_CHECKING, Any

from mlops import textfiles
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project
from mlops.params.evaluation import Judge

if TYPE_CHECKING:
    from mlops.domain.evaluation.judge.agreement import Labelled
    from mlops.domain.evaluation.judge.spec import JudgeSpec


def of(project: Project) -> "JudgeSpec | None":
    """The judge; None where params.yaml names none. Raises BadInput for files that are not there or not right."""
    wanted = project.params.evaluation.judge
    if wanted is None:
        return None
    from mlops.domain.evaluation.judge.agreement import read_labels
    from mlops.domain.evaluation.judge.spec import JudgeSpec

    rubric = _file(project, wanted.rubric, "rubric")
    if not rubric.strip():
        fix = "say what makes an answer better"
        raise BadInput(Problem("the rubric is empty", wanted.rubric, fix=fix, key="evaluation.judge.rubric"))
    labelled: tuple[Labelled, ...] = ()
    if wanted.human:
        labelled = read_labels(_file(project, wanted.human, "human"), wanted.human)
    return JudgeSpec(
        endpoint=wanted.endpoint.rstrip("/"),
        deployment=wanted.deployment if wanted.azure_openai else "",
        api_version=wanted.api_version if wanted.azure_openai else "",
        rubric=rubric,
        rubric_file=wanted.rubric,
        labelled=labelled,
        conversations=wanted.conversations,
        max_calls=wanted.max_calls,
        max_answer_tokens=wanted.max_answer_tokens,
        settings=_settings(wanted),
        input_price=wanted.input_price,
        output_price=wanted.output_price,
        currency=project.params.prices.currency,
    )


def _settings(wanted: Judge) -> dict[str, Any]:
    """Those of every call; a reasoning model refuses a temperature and the older name of the limit."""
    if wanted.reasoning:
        found: dict[str, Any] = {"max_completion_tokens": wanted.max_answer_tokens}
    else:
        found = {"max_tokens": wanted.max_answer_tokens, "temperature": 0, "seed": 0}
    if wanted.response_format == "json_schema":
        from mlops.domain.evaluation.judge.pairs import SCHEMA

        form = {"name": "verdict", "strict": True, "schema": SCHEMA}
        found["response_format"] = {"type": "json_schema", "json_schema": form}
    elif wanted.response_format == "json_object":
        found["response_format"] = {"type": "json_object"}
    return found


def _file(project: Project, name: str, key: str) -> str:
    try:
        return textfiles.read(project.root / name)
    except FileNotFoundError:
        where, full = str(project.params_path), f"evaluation.judge.{key}"
        raise BadInput(Problem(f"{full} names {name}, which is not there", where, fix="write it", key=full)) from None
