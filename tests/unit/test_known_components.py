"""Inputs of the training component are checked without a cloud, by interfaces that are shipped as data."""

from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.flow.evaluation.planned import without_workspace
from mlops.flow.project import Project
from mlops.flow.release.offline_plan import check_parameters
from mlops.flow.training import known_components
from mlops.params import Params
from mlops.params.reading import parse
from tests.project import PARAMS_FILE

HEAD = "environments: {staging: {endpoint: chat-staging}}\ngate: {rules: [{metric: eval_loss, max: 4}]}\n"


def params(parameters: str, version: str = "0.0.82", more: str = "") -> Params:
    return parse(f'{HEAD}training: {{component_version: "{version}", parameters: {{{parameters}}}{more}}}\n')


def refused(found: Params) -> list[str]:
    with pytest.raises(BadInput) as caught:
        known_components.check(Project(found, Path("params.yaml")))
    return [f"{problem.what}; {problem.fix or problem.why}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("learning_rte: 1", "learning_rte is not an input of chat_completion_pipeline 0.0.82; perhaps you meant"),
        ("num_train_epochs: one", "num_train_epochs: must be a number; the component declares it as integer"),
        ("num_train_epochs: 0", "num_train_epochs: 0 is below the least allowed 1"),
        ("optim: adam", "optim: 'adam' is not allowed; use one of: adamw_torch, adafactor"),
        ("train_file_path: data/a.jsonl", "train_file_path is an asset (uri_file)"),
        ("num_nodes_finetune: 4", "num_nodes_finetune is 4, but training.nodes makes it 1"),
    ],
)
def test_what_the_component_does_not_take_is_refused(written: str, said: str) -> None:
    (found,) = refused(params(written))
    assert said in found


def test_another_version_that_takes_an_input_is_named() -> None:
    (found,) = refused(params("trust_remote_code: true", version="0.0.78"))
    assert 'set training.component_version to "0.0.82"' in found


def test_an_unknown_version_is_left_to_the_registry_and_told() -> None:
    (told,) = known_components.check(Project(params("learning_rte: 1", version="9.9.9"), Path("params.yaml")))
    assert told.what == "the inputs of chat_completion_pipeline 9.9.9 are not known here"


def test_rules_and_inputs_are_refused_together(tmp_path: Path) -> None:
    head = HEAD.replace("eval_loss", "evalloss")
    judge = "evaluation: {judge: {endpoint: judge-endpoint, rubric: nowhere.md}}\n"
    found = parse(f"{head}{judge}training: {{parameters: {{learning_rte: 1}}}}\n")
    with pytest.raises(BadInput) as caught:
        check_parameters(Project(found, tmp_path / "params.yaml"))
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"gate.rules.0.metric", "training.parameters.learning_rte", "evaluation.judge.rubric"}


def test_the_parameters_of_the_project_are_right() -> None:
    assert known_components.check(Project(parse(PARAMS_FILE.read_text(encoding="utf-8")), PARAMS_FILE)) == ()


def test_the_number_of_answers_is_known_without_a_workspace() -> None:
    on = "evaluation: {enabled: true, conversations: 50, probes: null}\n"
    compared = HEAD.replace("max: 4", "max: 4}, {metric: rougeL, better_than: base")
    counts = []
    for text in (HEAD, HEAD + on, compared + on):
        found = without_workspace(Project(parse(text), Path("params.yaml")))
        counts.append(found and found.answers)
    assert counts == [None, 100, 150]
