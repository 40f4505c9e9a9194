"""AdamW and Adafactor over named arrays, and clipping by the norm of all gradients.

It must not know the network: which array gets which multiple of the rate is given by the caller.
Sources: Loshchilov & Hutter 2019 (AdamW); Shazeer & Stern 2018 (Adafactor), as transformers' Trainer sets it up
(scale_parameter and relative_step off).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azureml_emulator.stand_in_model.layers import Array

OPTIMIZERS = ("adamw_hf", "adamw_torch", "adafactor")  # the first is an older AdamW, offered up to 0.0.74


@dataclass(frozen=True)
class Settings:
    """The numbers of an optimiser; weight decay applies to matrices only, never to norms."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0


class Optimizer(Protocol):
    """Changes parameters in place."""

    def update(self, gradients: Mapping[str, Array], rate: float) -> None:
        """One step at the nominal learning rate."""


class AdamW:
    """Adam with decoupled weight decay; `multiples` says by how much each array's rate differs from the nominal."""

    def __init__(self, parameters: Mapping[str, Array], settings: Settings, multiples: Mapping[str, float]) -> None:
        self._parameters = parameters
        self._settings = settings
        self._multiples = multiples
        self._first = {name: np.zeros_like(array) for name, array in parameters.items()}
        self._second = {name: np.zeros_like(array) for name, array in parameters.items()}
        self._steps = 0

    def update(self, gradients: Mapping[str, Array], rate: float) -> None:
        """One step: p -= rate * (m / (sqrt(v) + epsilon) + decay * p), with bias-corrected moments."""
        self._steps += 1
        s = self._settings
        first_bias = 1 - s.beta1**self._steps
        second_bias = 1 - s.beta2**self._steps
        for name, parameter in self._parameters.items():
            gradient, first, second = gradients[name], self._first[name], self._second[name]
            first *= s.beta1
            first += (1 - s.beta1) * gradient
            second *= s.beta2
            second += (1 - s.beta2) * np.square(gradient)
            own_rate = rate * self._multiples[name]
            step = own_rate / first_bias * first / (np.sqrt(second / second_bias) + s.epsilon)
            _decay_and_subtract(parameter, own_rate * s.weight_decay, step)


class Adafactor:
    """Adam's second moment kept as row and column means, updates clipped at a root mean square of 1."""

    DECAY = -0.8
    EPSILON = 1e-30
    CLIP = 1.0

    def __init__(self, parameters: Mapping[str, Array], settings: Settings, multiples: Mapping[str, float]) -> None:
        self._parameters = parameters
        self._settings = settings
        self._multiples = multiples
        self._rows = {name: np.zeros_like(array.mean(axis=-1)) for name, array in parameters.items()}
        self._columns = {name: np.zeros_like(array.mean(axis=0)) for name, array in parameters.items()}
        self._whole = {name: np.zeros_like(array) for name, array in parameters.items() if array.ndim < 2}
        self._steps = 0

    def update(self, gradients: Mapping[str, Array], rate: float) -> None:
        """One step."""
        self._steps += 1
        beta = 1 - self._steps**self.DECAY
        for name, parameter in self._parameters.items():
            gradient = gradients[name]
            scaled = gradient / np.sqrt(self._second_moment(name, np.square(gradient) + self.EPSILON, beta))
            root_mean_square = float(np.sqrt(np.mean(np.square(scaled))))
            own_rate = rate * self._multiples[name]
            step = own_rate / max(1.0, root_mean_square / self.CLIP) * scaled
            _decay_and_subtract(parameter, own_rate * self._settings.weight_decay, step)

    def _second_moment(self, name: str, square: Array, beta: float) -> Array:
        if name in self._whole:
            self._whole[name] = beta * self._whole[name] + (1 - beta) * square
            return self._whole[name]
        self._rows[name] = beta * self._rows[name] + (1 - beta) * square.mean(axis=-1)
        self._columns[name] = beta * self._columns[name] + (1 - beta) * square.mean(axis=0)
        rows = self._rows[name] / self._rows[name].mean()
        return np.asarray(rows[:, None] * self._columns[name][None, :])


def create(kind: str, parameters: Mapping[str, Array], settings: Settings, multiples: Mapping[str, float]) -> Optimizer:
    """Return the optimiser of that name. Raises KeyError for another."""
    kinds: dict[str, type[AdamW | Adafactor]] = {"adamw_hf": AdamW, "adamw_torch": AdamW, "adafactor": Adafactor}
    return kinds[kind](parameters, settings, multiples)


def clip(gradients: Mapping[str, Array], maximum: float) -> float:
    """Scale all gradients down together so that their norm is at most `maximum` (0: leave them); return the norm."""
    norm = float(np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients.values())))
    # A norm that is not finite scales everything to 0 or NaN, as torch's clip_grad_norm_ does.
    if maximum > 0 and not norm <= maximum:
        for gradient in gradients.values():
            np.multiply(gradient, maximum / (norm + 1e-6), out=gradient)
    return norm


def _decay_and_subtract(parameter: Array, decay: float, step: Array) -> None:
    if decay and parameter.ndim > 1:
        np.multiply(parameter, 1 - decay, out=parameter)
    np.subtract(parameter, step, out=parameter)
