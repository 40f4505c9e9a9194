"""Expressions of Azure Resource Manager templates."""

from typing import Any

import pytest

from azureml_emulator.services.workspaces.arm_template import BadTemplate, Scope, scope_of

SCOPE = Scope(
    "sub",
    "group",
    "tenant",
    "eastus",
    {"name": "ws", "tags": {"a": "b"}},
    {"both": "[concat('x', parameters('name'))]"},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[[not an expression]"),
        ("[parameters('Name')]", "ws"),
        ("[variables('both')]", "xws"),
        ("[concat('it''s ', parameters('name'), '-', 3)]", "it's ws-3"),
        ("[parameters('tags').a]", "b"),
        ("[createArray('p', 'q')[1]]", "q"),
        ("[if(equals(toLower('A'), 'a'), 'yes', variables('nowhere'))]", "yes"),
        ("[resourceGroup().name]", "group"),
        ("[json('null')]", None),
        ("[resourceId('A.B/c', 'one')]", "/subscriptions/sub/resourceGroups/group/providers/A.B/c/one"),
        (
            "[resourceId('s', 'g', 'A.B/c/d', 'one', 'two')]",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/one/d/two",
        ),
        ({"list": ["[parameters('name')]", 1]}, {"list": ["ws", 1]}),
    ],
)
def test_expressions_have_values(text: Any, value: Any) -> None:
    assert SCOPE.value(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[parameters('typo')]", "no parameter typo"),
        ("[variables('typo')]", "no variable typo"),
        ("[lastIndexOf('a', 'b')]", "does not know the function lastIndexOf"),
        ("[copyIndex()]", "only known in a copy"),
        ("[concat('a'", None),
        ("[concat('a',]", "where a value should be|needs more"),
        ("[parameters('tags').z]", "'z' is not there"),
        ("[concat('a') 'b']", "goes on after its end"),
        ("[concat('a)]", "cannot be read at character"),
    ],
)
def test_an_expression_that_says_nothing_is_refused(text: str, why: str | None) -> None:
    if why is None:
        assert SCOPE.value(text) == text  # without its closing bracket it is text
        return
    with pytest.raises(BadTemplate, match=why):
        SCOPE.value(text)


def test_parameters_have_defaults_and_must_be_declared() -> None:
    where = {"subscription": "s", "group": "g", "tenant": "t", "location": "l"}
    template = {"parameters": {"a": {}, "b": {"defaultValue": "[concat(parameters('a'), '!')]"}}}
    scope = scope_of({"template": template, "parameters": {"A": {"value": "x"}}}, **where)
    assert scope.value("[parameters('b')]") == "x!"
    with pytest.raises(BadTemplate, match="parameter a has no value"):
        scope_of({"template": template}, **where)
    with pytest.raises(BadTemplate, match="no parameters named c"):
        scope_of({"template": template, "parameters": {"a": {"value": 1}, "c": {"value": 1}}}, **where)
