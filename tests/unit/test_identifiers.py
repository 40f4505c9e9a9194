"""What is pasted into variables is looked at before anything is asked, and what Entra refuses is explained."""

import pytest

from mlops.azure import entra_codes, identifiers, target
from mlops.domain.asset_ids import parse_model
from mlops.errors import BadInput

ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
RIGHT = {
    "AZURE_TENANT_ID": ID,
    "AZURE_CLIENT_ID": ID.upper(),
    "AZURE_SUBSCRIPTION_ID": ID,
    "AZURE_RESOURCE_GROUP": "rg-mlops.(prod)_1",
    "AZURE_ML_WORKSPACE": "mlw_1",
}


def test_right_values_pass_and_a_tenant_may_be_a_domain() -> None:
    assert identifiers.problems(RIGHT, RIGHT) == []
    assert identifiers.problems(RIGHT, {**RIGHT, "AZURE_TENANT_ID": "contoso.onmicrosoft.com"}) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AZURE_SUBSCRIPTION_ID", f"{ID}\n", "ends with a line break"),
        ("AZURE_TENANT_ID", f"\r\n{ID}", "begins with a line break"),
        ("AZURE_ML_WORKSPACE", "mlw ", "ends with a blank"),
        ("AZURE_CLIENT_ID", f"\ufeff{ID}", "begins with a blank or a character that is not seen"),
        ("AZURE_CLIENT_ID", f'"{ID}"', "stands in quotes"),
        ("AZURE_ML_WORKSPACE", "ml\u200bw", "holds the character U+200B"),
        ("AZURE_SUBSCRIPTION_ID", "Pay-As-You-Go", "is no id"),
        ("AZURE_CLIENT_ID", "my-identity", "is no id"),
        ("AZURE_TENANT_ID", "contoso", "is no tenant"),
        ("AZURE_RESOURCE_GROUP", "rg.", "is no name of a resource group"),
        ("AZURE_RESOURCE_GROUP", "r" * 91, "is no name of a resource group"),
        ("AZURE_ML_WORKSPACE", f"/subscriptions/{ID}/resourceGroups/g", "is no name of a workspace"),
        ("AZURE_ML_WORKSPACE", "-mlw", "is no name of a workspace"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_before_any_call(name: str, value: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        target.resolve("azure", {**RIGHT, name: value}, interactive=False)
    (problem,) = refused.value.problems
    assert problem.what.startswith(name)
    assert said in problem.what
    assert problem.fix


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(BadInput) as refused:
        target.resolve("azure", dict.fromkeys(RIGHT, " x"), interactive=False)
    assert len(refused.value.problems) == len(RIGHT)


@pytest.mark.parametrize("code", sorted(entra_codes.CODES))
def test_every_code_of_entra_has_a_cause_and_a_fix(code: int) -> None:
    found = entra_codes.known(f"Authentication failed: AADSTS{code}: words. Trace ID: x")
    assert found is entra_codes.CODES[code]
    assert found.cause
    assert found.fix


@pytest.mark.parametrize("said", ["", "no code", "AADSTS1: not one of ours"])
def test_a_code_that_is_not_known_is_not_explained(said: str) -> None:
    assert entra_codes.known(said) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phi:3", ("phi", "3")),
        (" phi:3\n", ("phi", "3")),
        ("azureml:phi:3", ("phi", "3")),
        ("phi@latest", ("phi", "latest")),
        ("azureml:phi@latest", ("phi", "latest")),
        ("phi", ("phi", "")),
        ("azureml://registries/r/models/phi/versions/3", ("phi", "3")),
        ("/subscriptions/s/resourceGroups/g/providers/M/workspaces/w/models/phi/versions/3", ("phi", "3")),
        ("azureml:/subscriptions/s/resourceGroups/g/providers/M/workspaces/w/models/phi/versions/3", ("phi", "3")),
    ],
)
def test_a_model_is_understood_as_people_write_it(text: str, expected: tuple[str, str]) -> None:
    assert parse_model(text) == expected
