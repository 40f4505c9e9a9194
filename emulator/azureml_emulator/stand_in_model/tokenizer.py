"""A byte-level byte-pair encoding with Phi-3's special tokens and chat template.

Lossless: every text comes back from its tokens. It must not know the network, nor which tokens a loss counts.
Sources: Sennrich et al. 2016 (byte pairs), the tokenizer of microsoft/Phi-3-mini-4k-instruct (tokens, template).
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

SPECIAL_TOKENS = ("<s>", "<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
ROLES = ("system", "user", "assistant")
BYTES = 256
FIRST_MERGE = BYTES + len(SPECIAL_TOKENS)
CACHED_WORDS = 100_000

# A word with the space before it, up to three digits, a run of signs, or white space; together they cover every text.
# The bound keeps the merging of a run without spaces short: its time goes with the square of the length.
_WORDS = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]{1,32}| ?\d{1,3}| ?(?:[^\s\w]|_){1,32}|\s{1,32}(?!\S)|\s{1,32}|.", re.DOTALL
)


class ChatTemplateError(ValueError):
    """The messages cannot be rendered: a message is not a mapping, or its content is not a text."""


class Tokenizer:
    """Texts to token ids and back. Ids: 256 bytes, then the special tokens, then one for each merge."""

    def __init__(self, merges: Sequence[tuple[int, int]]) -> None:
        self.merges = [(int(left), int(right)) for left, right in merges]
        self._ranks = {pair: FIRST_MERGE + n for n, pair in enumerate(self.merges)}
        self._bytes = [bytes([n]) for n in range(BYTES)] + [token.encode() for token in SPECIAL_TOKENS]
        for left, right in self.merges:
            self._bytes.append(self._bytes[left] + self._bytes[right])
        self._special = {token: BYTES + n for n, token in enumerate(SPECIAL_TOKENS)}
        self._cache: dict[str, tuple[int, ...]] = {}

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self._bytes)

    def special(self, token: str) -> int:
        """Return the id of a special token. Raises KeyError for another text."""
        return self._special[token]

    @property
    def end(self) -> int:
        """The id that ends a turn."""
        return self._special["<|end|>"]

    def encode(self, text: str) -> list[int]:
        """Return the ids of a plain text; a special token written out in it stays text, so no turn can be forged."""
        ids: list[int] = []
        for word in _WORDS.findall(text):
            known = self._cache.get(word)
            if known is None:
                known = self._encode_word(word)
                if len(self._cache) < CACHED_WORDS:
                    self._cache[word] = known
            ids.extend(known)
        return ids

    def decode(self, ids: Iterable[int], *, keep_special: bool = False) -> str:
        """Return the text of the ids, by default without special tokens; bytes that are no UTF-8 become U+FFFD."""
        kept = (n for n in ids if keep_special or not BYTES <= n < FIRST_MERGE)
        return b"".join(self._bytes[n] for n in kept).decode("utf-8", "replace")

    def encode_chat(
        self, messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool = False
    ) -> tuple[list[int], list[bool]]:
        """Return the ids of a conversation, and for each whether the assistant wrote it (text and <|end|>).

        As Phi-3's template, whose special tokens swallow the white space behind them; unknown roles are passed over,
        as they are there. Raises ChatTemplateError.
        """
        ids: list[int] = []
        by_assistant: list[bool] = []
        for role, content in rendered_turns(messages):
            body = [*self.encode(content.lstrip()), self.end]
            ids += [self._special[f"<|{role}|>"], *body]
            by_assistant += [False, *([role == "assistant"] * len(body))]
        ids.append(self._special["<|assistant|>" if add_generation_prompt else "<|endoftext|>"])
        by_assistant.append(False)
        return ids, by_assistant

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        document = {"type": "byte-level BPE", "special_tokens": list(SPECIAL_TOKENS), "merges": self.merges}
        path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read it. Raises ValueError when the special tokens are others than ours."""
        document = json.loads(path.read_text(encoding="utf-8"))
        if tuple(document["special_tokens"]) != SPECIAL_TOKENS:
            raise ValueError(f"{path}: these are not the special tokens of this tokenizer")
        return cls([(pair[0], pair[1]) for pair in document["merges"]])

    def _encode_word(self, word: str) -> tuple[int, ...]:
        ids, ranks = list(word.encode("utf-8", "replace")), self._ranks
        while len(ids) > 1:
            known = [ranks[pair] for pair in pairwise(ids) if pair in ranks]
            if not known:
                break
            best = min(known)  # each pair has a rank of its own: the id that it becomes
            ids = _merge(ids, self.merges[best - FIRST_MERGE], best)
        return tuple(ids)


def rendered_turns(messages: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """(role, content) of each message whose role the template knows. Raises ChatTemplateError."""
    for n, message in enumerate(messages):
        if not isinstance(message, Mapping):
            raise ChatTemplateError(f"message {n} is a {type(message).__name__}, not a mapping with role and content")
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            continue
        if not isinstance(content, str):
            raise ChatTemplateError(f"the content of message {n} ({role}) is a {type(content).__name__}, not a text")
        yield str(role), content


def render(messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool = False) -> str:
    """Return the conversation as Phi-3's template writes it, for people to read."""
    body = "".join(f"<|{role}|>\n{content}<|end|>\n" for role, content in rendered_turns(messages))
    return body + ("<|assistant|>\n" if add_generation_prompt else "<|endoftext|>")


def train(texts: Iterable[str], size: int) -> Tokenizer:
    """Learn the merges from texts until there are `size` ids; ties go to the lower pair, so it is deterministic."""
    counts = Counter(word for text in texts for word in _WORDS.findall(text))
    words = [(list(word.encode("utf-8", "replace")), count) for word, count in sorted(counts.items())]
    pairs: Counter[tuple[int, int]] = Counter()
    where: dict[tuple[int, int], set[int]] = defaultdict(set)
    for n, (ids, count) in enumerate(words):
        for pair in pairwise(ids):
            pairs[pair] += count
            where[pair].add(n)
    merges: list[tuple[int, int]] = []
    while FIRST_MERGE + len(merges) < size and pairs:
        best = max(pairs, key=lambda pair: (pairs[pair], -pair[0], -pair[1]))
        new = FIRST_MERGE + len(merges)
        merges.append(best)
        for n in where.pop(best):
            ids, count = words[n]
            merged = _merge(ids, best, new)
            for pair in pairwise(ids):
                pairs[pair] -= count
            for pair in pairwise(merged):
                pairs[pair] += count
                where[pair].add(n)
            words[n] = (merged, count)
        del pairs[best]
    return Tokenizer(merges)


def _merge(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    merged: list[int] = []
    n = 0
    while n < len(ids):
        if n + 1 < len(ids) and ids[n] == pair[0] and ids[n + 1] == pair[1]:
            merged.append(new)
            n += 2
        else:
            merged.append(ids[n])
            n += 1
    return merged
