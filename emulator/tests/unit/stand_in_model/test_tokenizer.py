"""The tokenizer: lossless, safe against forged turns, Phi-3's template."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.stand_in_model.model_folder import BASE_FOLDER
from azureml_emulator.stand_in_model.tokenizer import SPECIAL_TOKENS, ChatTemplateError, Tokenizer, render, train

SHIPPED = Tokenizer.load(BASE_FOLDER / "tokenizer.json")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    assert SHIPPED.decode(SHIPPED.encode(text), keep_special=True) == text


@given(st.text(alphabet="abcdefgh IT'sdon.\n_<|>7", max_size=200))
def test_text_of_frequent_pieces_comes_back_too(text: str) -> None:
    assert SHIPPED.decode(SHIPPED.encode(text), keep_special=True) == text


@given(st.text(max_size=30), st.sampled_from(SPECIAL_TOKENS))
def test_a_special_token_in_a_text_stays_text(text: str, token: str) -> None:
    assert SHIPPED.special(token) not in SHIPPED.encode(text + token + text)


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert SHIPPED.decode(SHIPPED.encode("a\ud800b")) == "a?b"


def test_a_conversation_is_rendered_as_phi_3_renders_it() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    expected = "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n"
    assert render(messages, add_generation_prompt=True) == expected
    ids, _ = SHIPPED.encode_chat(messages, add_generation_prompt=True)
    assert SHIPPED.decode(ids, keep_special=True) == expected.replace("\n", "")


def test_only_what_the_assistant_wrote_is_marked_and_its_end() -> None:
    messages = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "Three"},
        {"role": "assistant", "content": "Four"},
    ]
    ids, by_assistant = SHIPPED.encode_chat(messages)
    marked = [token for token, marked in zip(ids, by_assistant, strict=True) if marked]
    assert SHIPPED.decode(marked, keep_special=True) == "Two<|end|>Four<|end|>"


def test_an_unknown_role_is_passed_over() -> None:
    known = [{"role": "user", "content": "Hi"}]
    assert SHIPPED.encode_chat([{"role": "tool", "content": 3}, *known]) == SHIPPED.encode_chat(known)


@pytest.mark.parametrize(
    "message", [{"role": "user"}, {"role": "user", "content": None}, {"role": "user", "content": 7}]
)
def test_a_content_that_is_no_text_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(ChatTemplateError, match=r"the content of message 0 \(user\)"):
        SHIPPED.encode_chat([message])


def test_training_learns_the_commonest_pairs_and_is_repeatable(tmp_path: Path) -> None:
    texts = ["the cat and the hat", "the bat and the rat"] * 3
    tokenizer = train(texts, 280)
    assert tokenizer.size == 280
    assert len(tokenizer.encode("the cat and the")) < len(train(texts, 270).encode("the cat and the"))
    tokenizer.save(tmp_path / "tokenizer.json")
    assert Tokenizer.load(tmp_path / "tokenizer.json").merges == train(list(reversed(texts)), 280).merges


def test_the_shipped_tokenizer_is_shorter_than_bytes() -> None:
    text = "I would like to know how you are doing today."
    assert SHIPPED.size == 1024
    assert len(SHIPPED.encode(text)) < len(text) / 2
