"""The search space of a sweep, in both of its forms."""

import itertools
import math

import pytest

from azureml_emulator.services.jobs.execution import search_space
from azureml_emulator.services.jobs.execution.failure import JobFailed


def test_a_job_and_a_step_state_the_same_space() -> None:
    job = {"lr": ["uniform", [0.1, 0.9]], "n": ["choice", [[1, 2]]], "q": ["quniform", [0, 10, 5]]}
    step = {
        "lr": {"type": "uniform", "min_value": 0.1, "max_value": 0.9},
        "n": {"type": "choice", "values": [1, 2]},
        "q": {"type": "quniform", "min_value": 0, "max_value": 10, "q": 5},
    }
    assert search_space.read(job) == search_space.read(step)
    drawn = list(itertools.islice(search_space.trials(search_space.read(job), "random", 3), 50))
    assert drawn == list(itertools.islice(search_space.trials(search_space.read(step), "bayesian", 3), 50))
    assert all(0.1 <= one["lr"] <= 0.9 and one["n"] in (1, 2) and one["q"] in (0, 5, 10) for one in drawn)


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        (["loguniform", [-2, 0]], lambda x: math.exp(-2) <= x <= 1),
        (["qloguniform", [0, 3, 2]], lambda x: x % 2 == 0 and 0 <= x <= 20),
        (["randint", [4]], lambda x: x in range(4)),
        (["normal", [0, 1]], math.isfinite),
        (["lognormal", [0, 1]], lambda x: x > 0),
        (["qnormal", [0, 9, 3]], lambda x: x % 3 == 0),
        (["qlognormal", [1, 1, 2]], lambda x: x % 2 == 0),
    ],
)
def test_every_expression_is_drawn_as_it_says(said: object, fits: object) -> None:
    space = search_space.read({"x": said})
    assert callable(fits)
    assert all(fits(one["x"]) for one in itertools.islice(search_space.trials(space, "random", 1), 30))


def test_a_grid_has_every_combination_once() -> None:
    space = search_space.read({"a": ["choice", [[1, 2]]], "b": ["choice", [["x", "y"]]]})
    assert len(list(search_space.trials(space, "grid", 0))) == 4
    with pytest.raises(JobFailed, match="Grid sampling takes choices only"):
        list(search_space.trials(search_space.read({"a": ["uniform", [0, 1]]}), "grid", 0))


@pytest.mark.parametrize("said", [{}, {"x": ["uniform", [1]]}, {"x": "uniform"}, {"x": {"type": "cauchy"}}])
def test_what_is_no_space_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(JobFailed):
        search_space.read(said)
