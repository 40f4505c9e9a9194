"""Makes a model's answer token by token, with a cache of keys and values, and measures how likely a given text is.

It must not know files or requests. Positions are relative (rotary), so generation goes on past the context: each new
token looks back over the last `context` ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from azureml_emulator.stand_in_model.layers import Array, rms_norm, rotary_angles, rotate, swiglu
from azureml_emulator.stand_in_model.network import Network
from azureml_emulator.stand_in_model.preprocess import Row, batch_of
from azureml_emulator.stand_in_model.tokenizer import BYTES, FIRST_MERGE, Tokenizer

DEFAULT_NEW_TOKENS = 64
TOKEN_LIMITS = ("max_gen_len", "max_new_tokens", "max_tokens")  # the first that is given counts
PROMPT_SHARE = 0.75  # of the context; a longer prompt keeps its end


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: the likeliest at temperature 0, else drawn from the `top_p` of the mass."""

    max_new_tokens: int = DEFAULT_NEW_TOKENS
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> "Sampling":
        """Read a request's `parameters`; what is unknown is passed over (`predictor` refuses where the image does).

        `do_sample` false is temperature 0; true without a temperature is temperature 1. Raises ValueError with the
        parameter's name.
        """
        limit = next(
            (parameters[name] for name in TOKEN_LIMITS if parameters.get(name) is not None), DEFAULT_NEW_TOKENS
        )
        do_sample = _boolean(parameters.get("do_sample"))
        temperature = _number(parameters, "temperature", 1.0 if do_sample else 0.0)
        top_p = _number(parameters, "top_p", 1.0)
        seed = parameters.get("seed")
        try:
            tokens = int(limit)
        except (TypeError, ValueError) as error:
            raise ValueError(f"max_new_tokens must be a whole number, it is {limit!r}") from error
        if tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1, it is {tokens}")
        if not temperature >= 0:
            raise ValueError(f"temperature must be at least 0, it is {temperature}")
        if not 0 < top_p <= 1:
            raise ValueError(f"top_p must be in (0, 1], it is {top_p}")
        return cls(tokens, 0.0 if do_sample is False else temperature, top_p, None if seed is None else int(seed))


@dataclass(frozen=True)
class Answer:
    """A generated text; `finish_reason` is `stop` where the model ended its turn, `length` where it was cut off."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


def answer(network: Network, tokenizer: Tokenizer, messages: Sequence[Mapping[str, Any]], sampling: Sampling) -> Answer:
    """Return the assistant's next turn. It has at least one token that is text. Raises ChatTemplateError."""
    prompt, _ = tokenizer.encode_chat(messages, add_generation_prompt=True)
    shown = _fit(prompt, tokenizer, int(network.config.context * PROMPT_SHARE))
    rng = np.random.default_rng(sampling.seed)
    decoder = _Decoder(network, shown, sampling.max_new_tokens)
    made: list[int] = []
    finish_reason = "length"
    logits = decoder.logits
    while len(made) < sampling.max_new_tokens:
        if not made:
            logits[BYTES:FIRST_MERGE] = -np.inf
        token = choose(logits, sampling, rng)
        if BYTES <= token < FIRST_MERGE:
            finish_reason = "stop"
            break
        made.append(token)
        if len(made) < sampling.max_new_tokens:
            logits = decoder.step(token)
    return Answer(tokenizer.decode(made).strip(), finish_reason, len(prompt), len(made))


def choose(logits: Array, sampling: Sampling, rng: np.random.Generator) -> int:
    """Return the next token of logits (V,)."""
    if sampling.temperature == 0 or not np.isfinite(logits.max()):
        return int(np.argmax(logits))
    scaled = (logits.astype(np.float64) - logits.max()) / sampling.temperature
    shares = np.exp(scaled)
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    before = np.cumsum(shares[order]) - shares[order]
    kept = order[before < sampling.top_p]
    return int(rng.choice(kept, p=shares[kept] / shares[kept].sum()))


def mean_loss(network: Network, tokenizer: Tokenizer, messages: Sequence[Mapping[str, Any]]) -> float:
    """Return the mean negative log likelihood of the assistant's tokens, in nats; exp of it is the perplexity.

    A long conversation is read in pieces of the context's length. Raises ValueError where the assistant says nothing.
    """
    tokens, counted = tokenizer.encode_chat(messages)
    size = network.config.context
    pieces = [Row(tokens[n : n + size + 1], counted[n : n + size + 1]) for n in range(0, len(tokens) - 1, size)]
    batches = [batch for piece in pieces if (batch := batch_of([piece])).targets]
    if not batches:
        raise ValueError("the conversation has no assistant turn")
    return float(np.concatenate([network.losses(batch) for batch in batches]).mean())


def _fit(prompt: list[int], tokenizer: Tokenizer, limit: int) -> list[int]:
    """Return the prompt's last tokens, from a turn's start where it can, behind the system message if that fits."""
    if len(prompt) <= limit:
        return prompt
    head: list[int] = []
    if prompt[0] == tokenizer.special("<|system|>"):
        end = prompt.index(tokenizer.end) + 1
        head = prompt[:end] if end <= limit // 2 else []
    tail = prompt[-(limit - len(head)) :]
    turns = (n for n, token in enumerate(tail[:-1]) if token == tokenizer.special("<|user|>"))
    return head + tail[next(turns, 0) :]


class _Decoder:
    """The network one token at a time; keys and values of earlier tokens are kept."""

    def __init__(self, network: Network, prompt: list[int], new_tokens: int) -> None:
        self._network, self._length = network, len(prompt)
        hidden, kept = network.states(np.array([prompt]))
        config = network.config
        part = config.width // config.heads
        self._keys = np.zeros((config.layers, config.heads, len(prompt) + new_tokens, part), hidden.dtype)
        self._values = np.zeros_like(self._keys)
        for n, (keys, values) in enumerate(kept):
            self._keys[n, :, : self._length] = keys[0]
            self._values[n, :, : self._length] = values[0]
        self._cos, self._sin = rotary_angles(np.arange(self._keys.shape[2]), part, config.theta, hidden.dtype)
        self.logits = network.logits(hidden[0, -1])

    def step(self, token: int) -> Array:
        """Return the logits (V,) of what follows the token."""
        network, config, at = self._network, self._network.config, self._length
        weights = network.weights
        x = weights["embed_tokens"][token]
        first = max(0, at + 1 - config.context)
        for n in range(config.layers):
            name = f"layers.{n}."
            normed, _, _ = rms_norm(x, weights[name + "input_layernorm"], config.epsilon)
            heads = (normed @ weights[name + "self_attn.qkv_proj"]).reshape(3, config.heads, -1)
            q, k = rotate(heads[:2], self._cos[at], self._sin[at])
            self._keys[n, :, at], self._values[n, :, at] = k, heads[2]
            keys, values = self._keys[n, :, first : at + 1], self._values[n, :, first : at + 1]
            scores = (keys @ q[:, :, None])[..., 0] * q.shape[-1] ** -0.5
            shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
            shares /= shares.sum(axis=-1, keepdims=True)
            mixed = (shares[:, None, :] @ values).reshape(-1)
            x = x + mixed @ weights[name + "self_attn.o_proj"]
            normed, _, _ = rms_norm(x, weights[name + "post_attention_layernorm"], config.epsilon)
            inner, _ = swiglu(normed @ weights[name + "mlp.gate_up_proj"])
            x = x + inner @ weights[name + "mlp.down_proj"]
        self._length += 1
        return network.logits(x)


def _boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    known = {"true": True, "false": False, "1": True, "0": False}
    if str(value).lower() not in known:
        raise ValueError(f"do_sample must be true or false, it is {value!r}")
    return known[str(value).lower()]


def _number(parameters: Mapping[str, Any], name: str, default: float) -> float:
    value = parameters.get(name)
    try:
        return default if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, it is {value!r}") from error
