"""The operations of a transformer layer, each with its hand-written derivative; pure functions on arrays.

They must not know parameters by name, nor batches. Shapes: B sequences, T positions, D width, H heads, C = D / H.
Sources: Zhang & Sennrich 2019 (RMSNorm), Su et al. 2021 (rotary positions), Shazeer 2020 (SwiGLU).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def rms_norm(x: Array, gain: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """(normed x times gain, normed x, 1 / root mean square); x is (..., D), gain (D,)."""
    mean_square = np.einsum("...d,...d->...", x, x)[..., None] / x.shape[-1]
    inverse = 1 / np.sqrt(mean_square + epsilon)
    unit = x * inverse
    return unit * gain, unit, inverse


def rms_norm_backward(d_out: Array, gain: Array, unit: Array, inverse: Array) -> tuple[Array, Array]:
    """Return (d x, d gain)."""
    d_unit = d_out * gain
    share = np.einsum("...d,...d->...", d_unit, unit)[..., None] / unit.shape[-1]
    d_gain = (d_out * unit).reshape(-1, unit.shape[-1]).sum(axis=0)
    return inverse * (d_unit - unit * share), d_gain


def rotary_angles(positions: Array, width: int, theta: float, dtype: Any) -> tuple[Array, Array]:
    """(cos, sin), each (T, width / 2), for the positions (T,)."""
    frequencies = theta ** (-np.arange(0, width, 2) / width)
    angles = positions[:, None] * frequencies[None, :]
    return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)


def rotate(x: Array, cos: Array, sin: Array) -> Array:
    """Turn each pair (x[i], x[i + C/2]) of x (..., T, C) by its angle. The derivative is `rotate` with -sin."""
    half = x.shape[-1] // 2
    first, second = x[..., :half], x[..., half:]
    turned = np.empty_like(x)
    np.subtract(first * cos, second * sin, out=turned[..., :half])
    np.add(second * cos, first * sin, out=turned[..., half:])
    return turned


def attention(q: Array, k: Array, v: Array, mask: Array) -> tuple[Array, Array]:
    """(output, weights) of softmax(q k' / sqrt C + mask) v; q, k, v are (B, H, T, C), mask (T, T) is 0 or very low."""
    scores = (q * q.dtype.type(q.shape[-1] ** -0.5)) @ k.swapaxes(-1, -2)
    scores += mask
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores @ v, scores


def attention_backward(d_out: Array, q: Array, k: Array, v: Array, weights: Array) -> tuple[Array, Array, Array]:
    """(d q, d k, d v)."""
    d_v = weights.swapaxes(-1, -2) @ d_out
    d_scores = d_out @ v.swapaxes(-1, -2)
    d_scores -= np.einsum("...ij,...ij->...i", d_scores, weights)[..., None]
    d_scores *= weights
    d_scores *= q.dtype.type(q.shape[-1] ** -0.5)
    return d_scores @ k, d_scores.swapaxes(-1, -2) @ q, d_v


def swiglu(gate_up: Array) -> tuple[Array, Array]:
    """(silu(gate) * up, sigmoid(gate)); gate_up (..., 2F) holds the gate first."""
    half = gate_up.shape[-1] // 2
    gate, up = gate_up[..., :half], gate_up[..., half:]
    sigmoid = 0.5 + 0.5 * np.tanh(0.5 * gate)  # the form that cannot overflow
    return gate * sigmoid * up, sigmoid


def swiglu_backward(d_out: Array, gate_up: Array, sigmoid: Array) -> Array:
    """Return the derivative by gate_up."""
    half = gate_up.shape[-1] // 2
    gate, up = gate_up[..., :half], gate_up[..., half:]
    silu = gate * sigmoid
    d_gate_up = np.empty_like(gate_up)
    np.multiply(d_out * up, sigmoid + silu * (1 - sigmoid), out=d_gate_up[..., :half])
    np.multiply(d_out, silu, out=d_gate_up[..., half:])
    return d_gate_up


def cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    """(negative log likelihood of each row (N,), softmax (N, V)); logits (N, V) are overwritten."""
    rows = np.arange(len(targets))
    logits -= logits.max(axis=-1, keepdims=True)
    right = logits[rows, targets].copy()
    np.exp(logits, out=logits)
    total = logits.sum(axis=-1, keepdims=True)
    logits /= total
    return np.log(total[:, 0]) - right, logits
