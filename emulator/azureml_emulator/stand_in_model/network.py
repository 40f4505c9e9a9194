"""The network: a decoder-only transformer of Phi-3's kind, forward and backward, in numpy.

Fused projections as in Phi-3 (qkv_proj, gate_up_proj), tied embeddings, no biases. It must not know optimisers,
text or files. Batches are padded on the right: with causal attention a real position never sees the padding, so
the only mask needed is the one of the loss.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from azureml_emulator.stand_in_model.layers import (
    Array,
    attention,
    attention_backward,
    cross_entropy,
    rms_norm,
    rms_norm_backward,
    rotary_angles,
    rotate,
    swiglu,
    swiglu_backward,
)

EMBEDDING = "embed_tokens"
MASKED = -1e9
PROJECTIONS = ("self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj")
Weights = dict[str, Array]


@dataclass(frozen=True)
class Config:
    """The shape of a network; `context` is the longest sequence, in tokens, that it was trained on."""

    vocabulary: int = 1024
    width: int = 96
    layers: int = 2
    heads: int = 3
    inner: int = 224
    context: int = 256
    theta: float = 10_000.0
    epsilon: float = 1e-5

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Batch:
    """Token ids (B, T) and, for each, whether the loss counts its prediction; padding is never counted."""

    tokens: Array
    counted: Array

    @property
    def targets(self) -> int:
        """How many predictions the loss counts; the first token of a sequence is never predicted."""
        return int(self.counted[:, 1:].sum())


class Adapter(Protocol):
    """What is added to the projections of frozen weights."""

    def forward(self, name: str, x: Array) -> Array | None:
        """Return what to add to x @ W, or None where there is no adapter for this projection."""

    def backward(self, name: str, x: Array, d_out: Array, gradients: Weights) -> Array | None:
        """Add to the adapter's gradients and return what to add to d x."""


@dataclass
class _Tape:
    """What the backward pass of one layer needs of its forward pass."""

    attn_unit: Array
    attn_inverse: Array
    attn_in: Array
    q: Array
    k: Array
    v: Array
    weights: Array
    attn_out: Array
    mlp_unit: Array
    mlp_inverse: Array
    mlp_in: Array
    gate_up: Array
    sigmoid: Array
    inner: Array


def names(config: Config) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every parameter's name and shape; a projection is (in, out)."""
    width = config.width
    yield EMBEDDING, (config.vocabulary, width)
    for n in range(config.layers):
        yield f"layers.{n}.input_layernorm", (width,)
        yield f"layers.{n}.self_attn.qkv_proj", (width, 3 * width)
        yield f"layers.{n}.self_attn.o_proj", (width, width)
        yield f"layers.{n}.post_attention_layernorm", (width,)
        yield f"layers.{n}.mlp.gate_up_proj", (width, 2 * config.inner)
        yield f"layers.{n}.mlp.down_proj", (config.inner, width)
    yield "norm", (width,)


def fresh_weights(config: Config, seed: int, dtype: Any = np.float32) -> Weights:
    """Random weights: gains 1, matrices of deviation 1 / sqrt(in), those that end a residual branch smaller."""
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in names(config):
        if len(shape) == 1:
            weights[name] = np.ones(shape, dtype)
            continue
        deviation = config.width**-0.5 if name == EMBEDDING else shape[0] ** -0.5
        if name.endswith(("o_proj", "down_proj")):
            deviation /= (2 * config.layers) ** 0.5
        weights[name] = (rng.standard_normal(shape) * deviation).astype(dtype)
    return weights


class Network:
    """Weights with a forward and a backward pass; `adapter`, where given, is added to the projections."""

    def __init__(self, config: Config, weights: Mapping[str, Array], adapter: Adapter | None = None) -> None:
        self.config = config
        self.weights = weights
        self.adapter = adapter

    @property
    def parameters(self) -> int:
        """How many numbers the weights are."""
        return sum(array.size for array in self.weights.values())

    def losses(self, batch: Batch) -> Array:
        """Return the negative log likelihood of each counted prediction, in nats, row after row: (targets,)."""
        hidden, _ = self._forward(batch.tokens[:, :-1])
        counted = batch.counted[:, 1:].astype(bool)
        return cross_entropy(self.logits(hidden[counted]), batch.tokens[:, 1:][counted])[0]

    def train(self, batch: Batch, gradients: Weights, normaliser: float) -> float:
        """Add the derivative of (summed loss / normaliser) to each array of `gradients`; return the summed loss.

        A parameter that is not in `gradients` is frozen: its derivative is not computed.
        """
        hidden, tapes = self._forward(batch.tokens[:, :-1])
        counted = batch.counted[:, 1:].astype(bool)
        targets = batch.tokens[:, 1:][counted]
        normed, unit, inverse = rms_norm(hidden[counted], self.weights["norm"], self.config.epsilon)
        losses, d_logits = cross_entropy(normed @ self.weights[EMBEDDING].T, targets)
        d_logits[np.arange(len(targets)), targets] -= 1
        d_logits /= d_logits.dtype.type(normaliser)
        if EMBEDDING in gradients:
            gradients[EMBEDDING] += d_logits.T @ normed
        d_counted, d_gain = rms_norm_backward(d_logits @ self.weights[EMBEDDING], self.weights["norm"], unit, inverse)
        if "norm" in gradients:
            gradients["norm"] += d_gain
        d_hidden = np.zeros_like(hidden)
        d_hidden[counted] = d_counted
        for n in reversed(range(self.config.layers)):
            d_hidden = self._layer_backward(n, d_hidden, tapes[n], gradients)
        if EMBEDDING in gradients:
            np.add.at(gradients[EMBEDDING], batch.tokens[:, :-1], d_hidden)
        return float(losses.sum())

    def states(self, tokens: Array) -> tuple[Array, list[tuple[Array, Array]]]:
        """(last hidden states (B, T, D), keys and values (B, H, T, C) of each layer), to generate from."""
        hidden, tapes = self._forward(tokens)
        return hidden, [(tape.k, tape.v) for tape in tapes]

    def logits(self, hidden: Array) -> Array:
        """(..., V) of last hidden states (..., D)."""
        normed, _, _ = rms_norm(hidden, self.weights["norm"], self.config.epsilon)
        return np.asarray(normed @ self.weights[EMBEDDING].T)

    def _forward(self, tokens: Array) -> tuple[Array, list[_Tape]]:
        hidden = self.weights[EMBEDDING][tokens]
        tapes = []
        for n in range(self.config.layers):
            hidden, tape = self._layer(n, hidden)
            tapes.append(tape)
        return hidden, tapes

    def _layer(self, n: int, x: Array) -> tuple[Array, _Tape]:
        batch, length, width = x.shape
        config, name = self.config, f"layers.{n}."
        attn_in, attn_unit, attn_inverse = rms_norm(x, self.weights[name + "input_layernorm"], config.epsilon)
        qkv = self._project(name + "self_attn.qkv_proj", attn_in)
        heads = qkv.reshape(batch, length, 3, config.heads, width // config.heads).transpose(2, 0, 3, 1, 4)
        cos, sin, mask = _positions(config, length, x.dtype.char)
        (q, k), v = rotate(heads[:2], cos, sin), np.ascontiguousarray(heads[2])
        mixed, weights = attention(q, k, v, mask)
        attn_out = mixed.transpose(0, 2, 1, 3).reshape(batch, length, width)
        x = x + self._project(name + "self_attn.o_proj", attn_out)
        mlp_in, mlp_unit, mlp_inverse = rms_norm(x, self.weights[name + "post_attention_layernorm"], config.epsilon)
        gate_up = self._project(name + "mlp.gate_up_proj", mlp_in)
        inner, sigmoid = swiglu(gate_up)
        x = x + self._project(name + "mlp.down_proj", inner)
        return x, _Tape(
            attn_unit, attn_inverse, attn_in, q, k, v, weights, attn_out,
            mlp_unit, mlp_inverse, mlp_in, gate_up, sigmoid, inner,
        )  # fmt: skip

    def _layer_backward(self, n: int, d_x: Array, tape: _Tape, gradients: Weights) -> Array:
        name = f"layers.{n}."
        d_inner = self._project_backward(name + "mlp.down_proj", tape.inner, d_x, gradients)
        d_gate_up = swiglu_backward(d_inner, tape.gate_up, tape.sigmoid)
        d_normed = self._project_backward(name + "mlp.gate_up_proj", tape.mlp_in, d_gate_up, gradients)
        d_x = d_x + self._norm_backward(
            name + "post_attention_layernorm", d_normed, tape.mlp_unit, tape.mlp_inverse, gradients
        )
        d_normed = self._attention_backward(name, d_x, tape, gradients)
        return d_x + self._norm_backward(
            name + "input_layernorm", d_normed, tape.attn_unit, tape.attn_inverse, gradients
        )

    def _attention_backward(self, name: str, d_x: Array, tape: _Tape, gradients: Weights) -> Array:
        batch, length, width = d_x.shape
        heads, part = self.config.heads, width // self.config.heads
        d_out = self._project_backward(name + "self_attn.o_proj", tape.attn_out, d_x, gradients)
        d_mixed = d_out.reshape(batch, length, heads, part).transpose(0, 2, 1, 3)
        d_q, d_k, d_v = attention_backward(d_mixed, tape.q, tape.k, tape.v, tape.weights)
        cos, sin, _ = _positions(self.config, length, d_x.dtype.char)
        d_heads = np.empty((3, batch, heads, length, part), d_x.dtype)
        d_heads[0], d_heads[1], d_heads[2] = rotate(d_q, cos, -sin), rotate(d_k, cos, -sin), d_v
        d_qkv = d_heads.transpose(1, 3, 0, 2, 4).reshape(batch, length, 3 * width)
        return self._project_backward(name + "self_attn.qkv_proj", tape.attn_in, d_qkv, gradients)

    def _norm_backward(self, name: str, d_out: Array, unit: Array, inverse: Array, gradients: Weights) -> Array:
        d_x, d_gain = rms_norm_backward(d_out, self.weights[name], unit, inverse)
        if name in gradients:
            gradients[name] += d_gain
        return d_x

    def _project(self, name: str, x: Array) -> Array:
        out = x @ self.weights[name]
        added = self.adapter.forward(name, x) if self.adapter else None
        return np.asarray(out if added is None else out + added)

    def _project_backward(self, name: str, x: Array, d_out: Array, gradients: Weights) -> Array:
        if name in gradients:
            gradients[name] += x.reshape(-1, x.shape[-1]).T @ d_out.reshape(-1, d_out.shape[-1])
        d_x = d_out @ self.weights[name].T
        added = self.adapter.backward(name, x, d_out, gradients) if self.adapter else None
        return np.asarray(d_x if added is None else d_x + added)


@lru_cache(maxsize=1024)
def _positions(config: Config, length: int, dtype: str) -> tuple[Array, Array, Array]:
    cos, sin = rotary_angles(np.arange(length), config.width // config.heads, config.theta, dtype)
    mask = np.triu(np.full((length, length), MASKED, dtype), k=1)
    return cos, sin, mask
