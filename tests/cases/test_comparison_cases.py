"""What is released and what the commit would make -> what differs; one row a situation."""

from dataclasses import dataclass

import pytest

from mlops.domain.release.comparison import Ingredients, differences

OLD = Ingredients("Phi-3:15", "pipeline:0.0.82", {"seed": "42", "learning_rate": "5e-06"}, "d1")


@dataclass(frozen=True)
class Case:
    name: str
    wanted: Ingredients
    said: tuple[str, ...]
    released: Ingredients = OLD


CASES = [
    Case("the same", OLD, ()),
    Case(
        "a number written otherwise",
        Ingredients(OLD.base, OLD.component, {"seed": "42.0", "learning_rate": "0.000005"}, "d1"),
        (),
    ),
    Case(
        "another base model",
        Ingredients("Phi-4:8", OLD.component, OLD.parameters, "d1"),
        ("base model: Phi-3:15 -> Phi-4:8",),
    ),
    Case("a name in another case", Ingredients("phi-3:15", OLD.component, OLD.parameters, "d1"), ()),
    Case(
        "another component",
        Ingredients(OLD.base, "pipeline:0.0.78", OLD.parameters, "d1"),
        ("component: pipeline:0.0.82 -> pipeline:0.0.78",),
    ),
    Case(
        "parameters changed, new and gone",
        Ingredients(OLD.base, OLD.component, {"seed": "7", "lora_r": "8"}, "d1"),
        ("parameter learning_rate: 5e-06 -> -", "parameter lora_r: - -> 8", "parameter seed: 42 -> 7"),
    ),
    Case("new data", Ingredients(OLD.base, OLD.component, OLD.parameters, "d2"), ("data: d1 -> d2",)),
    Case(
        "data that is not made yet",
        Ingredients(OLD.base, OLD.component, OLD.parameters),
        ("data: d1 -> not prepared yet",),
    ),
    Case("a revert to what is released", OLD, ()),
    Case("the released run is gone", OLD, (), released=Ingredients()),
    Case(
        "of the released run only tags are left",
        Ingredients("Phi-4:8", OLD.component, {"seed": "7"}, "d2"),
        ("base model: Phi-3:15 -> Phi-4:8", "data: d1 -> d2"),
        released=Ingredients("Phi-3:15", "", {}, "d1"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_differences(case: Case) -> None:
    assert tuple(map(str, differences(case.released, case.wanted))) == case.said
