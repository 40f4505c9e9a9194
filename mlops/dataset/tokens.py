"""Counts tokens as the base model's own tokenizer and chat template do, where the team has them at hand.

It must not decide what becomes of a conversation, and must not change a file: without it, they are the same. The
library `tokenizers` is asked for by the extra `tokenizer` alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops.domain.dataset.validate import TOKENS_PER_MESSAGE
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from jinja2 import Template

AT_ONCE = 200  # conversations that the library counts side by side
KEY = "data.tokenizer"
Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class ChatTokens:
    """The tokenizer, and the chat template where its folder has one."""

    tokenizer: Any
    template: "Template | None"
    known: Mapping[str, str]  # special tokens that a template names

    @classmethod
    def read(cls, folder: Path) -> "ChatTokens":
        """From `tokenizer.json`, and `chat_template.jinja` or `tokenizer_config.json`. Raises BadInput."""
        try:
            from tokenizers import Tokenizer
        except ImportError:
            what, fix = "data.tokenizer needs the library tokenizers", "pip install tokenizers, or leave the key out"
            raise BadInput(Problem(what, fix=fix, key=KEY)) from None
        path = folder / "tokenizer.json"
        try:
            tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
            config = _config(folder)
            template = _template(folder, config)
        except Exception as error:  # noqa: BLE001 - the library raises Exception itself
            fix = "name the folder of the base model's tokenizer.json"
            what = "the tokenizer cannot be read"
            raise BadInput(Problem(what, str(path), why=str(error)[:300], fix=fix, key=KEY)) from None
        tokenizer.no_truncation()
        tokenizer.no_padding()
        named = {name: value for name, value in config.items() if name.endswith("_token")}
        known = {name: value["content"] if isinstance(value, dict) else value for name, value in named.items() if value}
        return cls(tokenizer, template, known)

    def counts(self, conversations: Iterable[Messages]) -> Iterator[int]:
        """Tokens of each conversation; of one that the template refuses, those of its texts."""
        rest = iter(conversations)
        while some := list(islice(rest, AT_ONCE)):
            texts = [self._text(messages) for messages in some]
            found = self.tokenizer.encode_batch([text for text, _ in texts], add_special_tokens=False)
            yield from (len(one.ids) + more for one, (_, more) in zip(found, texts, strict=True))

    def refused(self, messages: Messages) -> str:
        """Why the template refuses a conversation, which fails the training; empty where it does not."""
        from jinja2 import TemplateError

        try:
            self._rendered(messages)
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            return str(error)[:200] or type(error).__name__
        return ""

    def _text(self, messages: Messages) -> tuple[str, int]:
        """What is counted, and what is added for the template where there is none."""
        if self.template and not self.refused(messages):
            return self._rendered(messages), 0
        return "".join(message["content"] for message in messages), TOKENS_PER_MESSAGE * len(messages)

    def _rendered(self, messages: Messages) -> str:
        return self.template.render(self.known, messages=messages, add_generation_prompt=False) if self.template else ""


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _template(folder: Path, config: Mapping[str, Any]) -> "Template | None":
    """Compiled as `transformers` does it; a template comes with a model, so it may do no more than text needs."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    path = folder / "chat_template.jinja"
    text = path.read_text(encoding="utf-8") if path.is_file() else config.get("chat_template")
    if isinstance(text, list):  # several by name
        text = next((one["template"] for one in text if one.get("name") == "default"), None)
    if not isinstance(text, str):
        return None
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    return environment.from_string(text)


def _refuse(message: str) -> None:
    raise ValueError(message)
