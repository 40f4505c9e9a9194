"""Optimisers against their closed forms, clipping, and the six schedules."""

import math

import numpy as np
import pytest

from azureml_emulator.stand_in_model.layers import Array
from azureml_emulator.stand_in_model.optimizer import AdamW, Settings, clip, create
from azureml_emulator.stand_in_model.schedule import SCHEDULES, learning_rate


def test_the_first_adam_step_has_the_size_of_the_rate_times_the_multiple() -> None:
    parameters: dict[str, Array] = {"a": np.zeros((2, 2)), "b": np.zeros((2, 2))}
    optimizer = AdamW(parameters, Settings(epsilon=0), {"a": 1.0, "b": 32.0})
    optimizer.update({name: np.full((2, 2), -3.0) for name in parameters}, 0.01)
    assert np.allclose(parameters["a"], 0.01)
    assert np.allclose(parameters["b"], 0.32)


def test_weight_decay_shrinks_matrices_and_leaves_gains() -> None:
    parameters: dict[str, Array] = {"matrix": np.ones((2, 2)), "gain": np.ones(2)}
    optimizer = AdamW(parameters, Settings(weight_decay=0.5), dict.fromkeys(parameters, 1.0))
    optimizer.update({name: np.zeros_like(array) for name, array in parameters.items()}, 0.1)
    assert np.allclose(parameters["matrix"], 0.95)
    assert np.allclose(parameters["gain"], 1.0)


@pytest.mark.parametrize("kind", ["adamw_torch", "adafactor"])
def test_an_optimiser_finds_the_minimum_of_a_bowl(kind: str) -> None:
    target = np.arange(6.0).reshape(2, 3)
    parameters: dict[str, Array] = {"p": np.zeros((2, 3)), "g": np.zeros(3)}
    optimizer = create(kind, parameters, Settings(), {"p": 1.0, "g": 1.0})
    for step in range(800):
        rate = learning_rate("linear", step, 800, 0, 0.1)
        optimizer.update({"p": parameters["p"] - target, "g": parameters["g"] - 2}, rate)
    assert np.allclose(parameters["p"], target, atol=0.05)
    assert np.allclose(parameters["g"], 2, atol=0.05)


def test_clipping_returns_the_norm_and_leaves_the_direction() -> None:
    gradients: dict[str, Array] = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    assert clip(gradients, 1.0) == pytest.approx(5.0)
    assert np.allclose(gradients["a"], [0.6, 0.0])
    assert np.allclose(gradients["b"], [[0.8]])
    assert clip(gradients, 10.0) == pytest.approx(1.0)
    assert np.allclose(gradients["b"], [[0.8]])


@pytest.mark.parametrize("kind", sorted(SCHEDULES))
def test_warmup_rises_linearly_to_the_peak_except_where_the_rate_is_constant(kind: str) -> None:
    course = [learning_rate(kind, step, 100, 10, 2e-5) for step in range(100)]
    assert course[10] == pytest.approx(2e-5)
    assert course[5] == pytest.approx(2e-5 if kind == "constant" else 1e-5)
    assert all(0 <= rate <= 2e-5 * (1 + 1e-9) for rate in course)


def test_the_schedules_differ_as_their_names_say() -> None:
    half = {kind: learning_rate(kind, 25, 100, 0, 1.0) for kind in SCHEDULES}
    assert half["linear"] == pytest.approx(0.75)
    assert half["cosine"] == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert half["cosine_with_restarts"] == pytest.approx(half["cosine"])
    assert half["polynomial"] == pytest.approx(0.75, abs=1e-6)
    assert half["constant"] == half["constant_with_warmup"] == 1.0
    assert learning_rate("polynomial", 100, 100, 0, 1e-3) == pytest.approx(1e-7)
    assert learning_rate("linear", 100, 100, 0, 1.0) == 0.0
