"""Low-rank adapters on frozen projections: x @ W + (alpha / r) * dropout(x) @ A @ B.

It must not change the base weights; `merged` returns new ones. Source: Hu et al. 2021, started as PEFT starts them
(A uniform in +-1/sqrt(in), B zero), so that an untrained adapter changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from azureml_emulator.stand_in_model.layers import Array
from azureml_emulator.stand_in_model.network import PROJECTIONS, Weights


@dataclass(frozen=True)
class LoraConfig:
    """Rank, scaling numerator and dropout of the adapters."""

    r: int
    alpha: float
    dropout: float = 0.0

    @property
    def scaling(self) -> float:
        """What the product of the two matrices is multiplied by."""
        return self.alpha / self.r


class Lora:
    """The adapters of one network. `weights` holds `<projection>.lora_A` (in, r) and `.lora_B` (r, out)."""

    def __init__(self, config: LoraConfig, weights: Weights, rng: np.random.Generator | None = None) -> None:
        self.config = config
        self.weights = weights
        self._rng = rng
        self._dropped: dict[str, tuple[Array, Array | None]] = {}

    @classmethod
    def fresh(cls, config: LoraConfig, base: Mapping[str, Array], rng: np.random.Generator) -> "Lora":
        """Adapters for every projection of the base, which change nothing yet; `rng` also draws the dropout."""
        weights: Weights = {}
        for name, matrix in base.items():
            if name.endswith(PROJECTIONS):
                rows, columns = matrix.shape
                first = rng.uniform(-1, 1, (rows, config.r)) * rows**-0.5
                weights[f"{name}.lora_A"] = first.astype(matrix.dtype)
                weights[f"{name}.lora_B"] = np.zeros((config.r, columns), matrix.dtype)
        return cls(config, weights, rng)

    def forward(self, name: str, x: Array) -> Array | None:
        """Return what is added to x @ W; remembers the dropout for `backward`."""
        if f"{name}.lora_A" not in self.weights:
            return None
        dropped, mask = self._drop(x)
        self._dropped[name] = (dropped, mask)
        return np.asarray(self._scaled(dropped @ self.weights[f"{name}.lora_A"] @ self.weights[f"{name}.lora_B"]))

    def backward(self, name: str, x: Array, d_out: Array, gradients: Weights) -> Array | None:
        """Add the derivatives of A and B to `gradients`; return what is added to d x."""
        if f"{name}.lora_A" not in self.weights:
            return None
        dropped, mask = self._dropped.pop(name)
        first, second = self.weights[f"{name}.lora_A"], self.weights[f"{name}.lora_B"]
        flat = dropped.reshape(-1, dropped.shape[-1])
        d_flat = d_out.reshape(-1, d_out.shape[-1])
        d_low = self._scaled(d_flat @ second.T)
        gradients[f"{name}.lora_B"] += self._scaled((flat @ first).T @ d_flat)
        gradients[f"{name}.lora_A"] += flat.T @ d_low
        d_x = (d_low @ first.T).reshape(x.shape)
        return np.asarray(d_x if mask is None else d_x * mask)

    def merged(self, base: Mapping[str, Array]) -> Weights:
        """Return the base weights with the adapters added in; the base stays as it is."""
        merged = dict(base)
        for name in base:
            if f"{name}.lora_A" in self.weights:
                product = self.weights[f"{name}.lora_A"] @ self.weights[f"{name}.lora_B"]
                merged[name] = base[name] + self._scaled(product)
        return merged

    def _scaled(self, array: Array) -> Array:
        array *= array.dtype.type(self.config.scaling)
        return array

    def _drop(self, x: Array) -> tuple[Array, Array | None]:
        if not self.config.dropout or self._rng is None:
            return x, None
        kept = self._rng.random(x.shape, dtype=np.float32) >= self.config.dropout
        mask: Array = kept.astype(x.dtype) / x.dtype.type(1 - self.config.dropout)
        return x * mask, mask


def lora_config(document: Mapping[str, Any]) -> LoraConfig:
    """Read it from `adapter_config.json`."""
    return LoraConfig(int(document["r"]), float(document["lora_alpha"]), float(document.get("lora_dropout", 0.0)))
