"""What an MLmodel file must say before its model is registered."""

import pytest

from mlops.domain.registry.artifact import check

BASE = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
GOOD = f"""
flavors: {{hftransformersv2: {{task_type: chat-completion}}}}
metadata: {{is_finetuned_model: true, base_model_asset_id: {BASE}, base_model_name: Phi-3-mini-4k-instruct}}
"""


def test_a_model_fine_tuned_from_the_claimed_base_is_what_it_says() -> None:
    assert check(GOOD, BASE, "x") == ([], [])
    assert check(GOOD, BASE.upper(), "x") == ([], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "has no MLmodel"),
        ("{", "not readable"),
        ("flavors: {}", "names no flavor"),
        ("- a list", "names no flavor"),
        (GOOD.replace("versions/15", "versions/14"), "versions/14"),
        (GOOD.replace("Phi-3-mini-4k-instruct/versions", "Phi-4/versions"), "Phi-4"),
        (GOOD.replace("is_finetuned_model: true", "is_finetuned_model: false"), "not fine-tuned"),
        ("flavors: {f: {}}\nmetadata: {base_model_name: Llama}", "Llama"),
    ],
)
def test_what_is_something_else_is_refused(text: str | None, says: str) -> None:
    problems, _ = check(text, BASE, "output of ft-1")
    assert len(problems) == 1
    assert says in problems[0].what
    assert problems[0].where == "output of ft-1"


@pytest.mark.parametrize("text", ["flavors: {f: {}}", "flavors: {f: {}}\nmetadata: text"])
def test_what_cannot_be_told_is_a_note(text: str) -> None:
    problems, notes = check(text, BASE, "x")
    assert not problems
    assert notes == ["MLmodel does not say which base model it was fine-tuned from"]
    assert check(GOOD, "", "x") == ([], ["the run does not say which base model it started from"])
