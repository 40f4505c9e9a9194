"""Generation: the cache gives what the whole network gives, options do what they say, a seed repeats."""

from typing import Any

import numpy as np
import pytest

from azureml_emulator.stand_in_model import artifact, generate
from azureml_emulator.stand_in_model.generate import Sampling, choose
from azureml_emulator.stand_in_model.network import Network
from azureml_emulator.stand_in_model.serve import ChatModel

BASE = artifact.load_base()
MODEL = ChatModel(BASE)
QUESTION = [{"role": "user", "content": "Hi, how are you today?"}]


def test_the_cached_decoder_gives_what_the_whole_network_gives() -> None:
    network = Network(BASE.config, BASE.weights)
    tokens = BASE.tokenizer.encode("The weather is nice today, and I like to walk outside.")
    decoder = generate._Decoder(network, tokens[:4], len(tokens))
    logits = [decoder.logits, *(decoder.step(token) for token in tokens[4:])]
    hidden, _ = network.states(np.array([tokens]))
    assert np.allclose(np.array(logits), network.logits(hidden[0, 3:]), atol=1e-3)


def test_without_sampling_the_answer_is_the_likeliest_and_always_the_same() -> None:
    greedy = MODEL.reply(QUESTION, {"do_sample": False, "temperature": 2.0, "seed": 1})
    assert greedy
    assert greedy == MODEL.reply(QUESTION, {"temperature": 0}) == MODEL.reply(QUESTION)
    assert greedy == MODEL.reply(QUESTION, {"temperature": 1.0, "top_p": 1e-6, "seed": 5})


def test_sampling_repeats_with_a_seed_and_varies_without() -> None:
    options = {"do_sample": True, "temperature": 1.0, "max_new_tokens": 30}
    seeded = {MODEL.reply(QUESTION, {**options, "seed": 7}) for _ in range(3)}
    assert len(seeded) == 1
    assert len({MODEL.reply(QUESTION, {**options, "seed": seed}) for seed in range(6)}) > 3
    assert len({MODEL.reply(QUESTION, options) for _ in range(6)}) > 1


@pytest.mark.parametrize("name", ["max_new_tokens", "max_tokens", "max_gen_len"])
def test_an_answer_has_at_most_the_tokens_asked_for(name: str) -> None:
    answer = MODEL.answer(QUESTION, {name: 3, "temperature": 1.5, "seed": 3})
    assert 1 <= answer.completion_tokens <= 3
    assert answer.finish_reason in {"stop", "length"}
    assert answer.prompt_tokens == len(BASE.tokenizer.encode_chat(QUESTION, add_generation_prompt=True)[0])


def test_an_answer_that_ends_its_turn_says_stop_and_shows_no_special_token() -> None:
    answers = [MODEL.answer(QUESTION, {"temperature": 1.0, "seed": seed, "max_new_tokens": 200}) for seed in range(5)]
    assert any(answer.finish_reason == "stop" for answer in answers)
    assert not any("<|" in answer.text for answer in answers)


def test_top_p_keeps_the_smallest_set_that_holds_its_share() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    rng = np.random.default_rng(0)
    drawn = [choose(logits, Sampling(temperature=1.0, top_p=0.7), rng) for _ in range(400)]
    assert set(drawn) == {0, 1}
    assert drawn.count(0) / 400 == pytest.approx(0.5 / 0.8, abs=0.08)
    cold = [choose(logits, Sampling(temperature=0.1), rng) for _ in range(200)]
    assert cold.count(0) > 190


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"temperature": -1}, "temperature must be at least 0"),
        ({"temperature": "warm"}, "temperature must be a number"),
        ({"top_p": 0}, "top_p must be in"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"max_tokens": "many"}, "max_new_tokens must be a whole number"),
        ({"do_sample": "maybe"}, "do_sample must be true or false"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused(parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MODEL.reply(QUESTION, parameters)


def test_a_long_conversation_and_a_long_answer_go_beyond_the_context() -> None:
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"This is turn {n} of a long talk."} for n in range(61)]
    answer = MODEL.answer(
        [{"role": "system", "content": "Be kind."}, *turns], {"temperature": 1.5, "seed": 1, "max_new_tokens": 300}
    )
    assert answer.prompt_tokens > BASE.config.context
    assert answer.text


def test_a_model_finds_its_own_likeliest_answer_likelier_than_noise() -> None:
    own = MODEL.score([*QUESTION, {"role": "assistant", "content": MODEL.reply(QUESTION)}])
    noise = MODEL.score([*QUESTION, {"role": "assistant", "content": "zq xv 93 kk ##"}])
    assert 0 < own < noise
    assert own < np.log(BASE.config.vocabulary)


def test_a_conversation_without_an_assistant_has_no_score_and_no_messages_have_no_answer() -> None:
    with pytest.raises(ValueError, match="no assistant turn"):
        MODEL.score(QUESTION)
    with pytest.raises(ValueError, match="no messages"):
        MODEL.reply([])
