"""The base model's own tokenizer and chat template: what they count and refuse, and that no file depends on them."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from mlops.dataset import Options, prepare
from mlops.domain.dataset import Input, Source
from mlops.errors import BadInput

TEMPLATE = """
{%- for message in messages %}
    {%- if message['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}
{{ bos_token }} {{ message['content'] }} {{ bos_token + ' ' }}
{%- endfor %}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tokenizer of words, with a template of two more tokens a message."""
    words = Tokenizer(models.WordLevel({"?": 0, "<s>": 1, "a": 2}, unk_token="?"))  # type: ignore[arg-type,unused-ignore]
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # type: ignore[assignment,unused-ignore]
    words.enable_truncation(3)
    place = tmp_path / "tokenizer"
    place.mkdir()
    words.save(str(place / "tokenizer.json"))
    config = {"bos_token": {"content": "<s>"}, "eos_token": None, "chat_template": TEMPLATE}
    (place / "tokenizer_config.json").write_text(json.dumps(config))
    return place


def rows(*, system: int = 0) -> Input:
    """40 conversations of 44 words, 2 of 244; so many have a system message."""
    found = []
    for number in range(42):
        words = 200 if number >= 40 else 0
        turns = [("user", f"{number * 7919} ?"), ("assistant", " ".join(["a"] * (words + 41) + [str(number * 104729)]))]
        own = [("system", "be kind")] if number < system else []
        found.append({"messages": [{"role": role, "content": content} for role, content in (*own, *turns)]})
    return Input(Source("a/b", "dataset", "r", "train"), "train", found)


def test_tokens_beyond_the_window_are_counted_by_the_tokenizer_and_change_no_file(folder: Path, tmp_path: Path) -> None:
    estimated = prepare([rows()], [], Options(window=100), tmp_path / "one")
    assert "by the estimate 66 tokens" in (estimated.warnings[0].why or "")
    counted = prepare([rows()], [], Options(window=100, tokenizer=folder), tmp_path / "two")
    (told,) = counted.warnings
    assert told.what.startswith("2 conversations have more tokens than the 100")
    assert "by the base model's tokenizer 296 tokens" in (told.why or "")  # 2 + 242 words, and 4 of the template
    assert counted.manifest == estimated.manifest


def test_conversations_that_the_template_refuses_are_told(folder: Path, tmp_path: Path) -> None:
    told = prepare([rows(system=5)], [], Options(tokenizer=folder), tmp_path / "out").warnings
    assert [(one.what, one.why) for one in told] == [
        ("the base model's chat template refuses 5 conversations, which fails the training", "no system here")
    ]


@pytest.mark.parametrize("text", ["", "{}", None])
def test_what_is_no_tokenizer_is_refused_before_anything_is_read(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "tokenizer.json").write_text(text)
    given = Input(Source("a/b", "dataset", "r", "train"), "train", (pytest.fail("read") for _ in range(1)))
    with pytest.raises(BadInput, match="the tokenizer cannot be read"):
        prepare([given], [], Options(tokenizer=tmp_path), tmp_path / "out")
