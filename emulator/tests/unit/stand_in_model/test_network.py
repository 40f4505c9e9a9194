"""The network's hand-written derivatives against finite differences, and what its shape promises."""

import numpy as np
import pytest

from azureml_emulator.stand_in_model.layers import Array
from azureml_emulator.stand_in_model.lora import Lora, LoraConfig
from azureml_emulator.stand_in_model.network import Batch, Config, Network, Weights, fresh_weights

SMALL = Config(vocabulary=20, width=12, layers=2, heads=3, inner=6, context=16)


def _weights(seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    weights = fresh_weights(SMALL, seed, np.float64)
    for array in weights.values():
        np.add(array, 0.1 * rng.standard_normal(array.shape), out=array)  # gains other than 1, too
    return weights


def _batch(seed: int = 0, rows: int = 2, length: int = 9) -> Batch:
    rng = np.random.default_rng(seed)
    return Batch(rng.integers(0, SMALL.vocabulary, (rows, length)), rng.random((rows, length)) < 0.6)


def _assert_derivatives(network: Network, trained: Weights, batch: Batch) -> None:
    gradients = {name: np.zeros_like(array) for name, array in trained.items()}
    network.train(batch, gradients, batch.targets)
    rng = np.random.default_rng(1)
    for name, array in trained.items():
        for _ in range(4):
            index = tuple(int(rng.integers(0, size)) for size in array.shape)
            numeric = _difference(network, array, index, batch)
            assert gradients[name][index] == pytest.approx(numeric, rel=1e-5, abs=1e-8), (name, index)


def _difference(network: Network, array: Array, index: tuple[int, ...], batch: Batch, step: float = 1e-5) -> float:
    kept = array[index]
    array[index] = kept + step
    above = network.losses(batch).mean()
    array[index] = kept - step
    below = network.losses(batch).mean()
    array[index] = kept
    return float((above - below) / (2 * step))


def test_every_weight_has_the_derivative_that_differences_show() -> None:
    weights = _weights()
    _assert_derivatives(Network(SMALL, weights), weights, _batch())


def test_every_adapter_has_the_derivative_that_differences_show() -> None:
    weights, rng = _weights(), np.random.default_rng(2)
    adapter = Lora.fresh(LoraConfig(r=3, alpha=7), weights, rng)
    for array in adapter.weights.values():
        np.add(
            array, 0.1 * rng.standard_normal(array.shape), out=array
        )  # B starts at zero, where half of the derivatives vanish
    _assert_derivatives(Network(SMALL, weights, adapter), adapter.weights, _batch())


def test_derivatives_are_added_up_over_batches() -> None:
    weights, first, second = _weights(), _batch(1), _batch(2)
    network = Network(SMALL, weights)
    apart = {name: np.zeros_like(array) for name, array in weights.items()}
    together = {name: np.zeros_like(array) for name, array in weights.items()}
    both = Batch(np.concatenate([first.tokens, second.tokens]), np.concatenate([first.counted, second.counted]))
    loss = network.train(first, apart, both.targets) + network.train(second, apart, both.targets)
    assert network.train(both, together, both.targets) == pytest.approx(loss)
    assert all(np.allclose(apart[name], together[name]) for name in weights)


def test_padding_on_the_right_changes_no_loss() -> None:
    network, batch = Network(SMALL, _weights()), _batch()
    padded = Batch(np.pad(batch.tokens, ((0, 0), (0, 5))), np.pad(batch.counted, ((0, 0), (0, 5))))
    assert np.allclose(network.losses(padded), network.losses(batch))


def test_a_token_changes_only_what_follows_it() -> None:
    network, batch = Network(SMALL, _weights()), Batch(_batch(rows=1).tokens, np.ones((1, 9), bool))
    before = network.losses(batch)
    batch.tokens[0, 5] = (batch.tokens[0, 5] + 1) % SMALL.vocabulary
    after = network.losses(batch)
    assert np.allclose(before[:4], after[:4])
    assert not np.allclose(before[5:], after[5:])


def test_an_untrained_adapter_changes_nothing_and_a_merged_one_does_the_same_as_an_applied_one() -> None:
    weights, batch, rng = _weights(), _batch(), np.random.default_rng(3)
    adapter = Lora.fresh(LoraConfig(r=2, alpha=16), weights, rng)
    plain = Network(SMALL, weights).losses(batch)
    assert np.allclose(Network(SMALL, weights, adapter).losses(batch), plain)
    for array in adapter.weights.values():
        np.add(array, rng.standard_normal(array.shape) * 0.1, out=array)
    applied = Network(SMALL, weights, adapter).losses(batch)
    assert not np.allclose(applied, plain)
    assert np.allclose(Network(SMALL, adapter.merged(weights)).losses(batch), applied)


def test_dropout_leaves_the_expected_contribution_of_an_adapter() -> None:
    weights, rng = _weights(), np.random.default_rng(4)
    adapter = Lora.fresh(LoraConfig(r=2, alpha=2, dropout=0.5), weights, rng)
    name = "layers.0.self_attn.o_proj"
    adapter.weights[f"{name}.lora_B"][...] = 1.0
    x = np.ones((1, 4000, SMALL.width))
    dropped = adapter.forward(name, x)
    assert dropped is not None
    assert np.ptp(dropped[0, :, 0]) > 0
    assert dropped.mean() == pytest.approx((x @ adapter.weights[f"{name}.lora_A"]).sum(axis=-1).mean(), abs=0.05)
