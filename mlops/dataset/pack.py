"""Rows of conversations that are Python objects, such as the team's own, on their way into the table."""

from collections.abc import Sequence

import numpy as np

from mlops.dataset.minhash import signatures
from mlops.dataset.table import ROW, Batch, fill
from mlops.domain.dataset.validate import Conversation, encode_messages, encode_rest, estimated_tokens


def pack(conversations: Sequence[Conversation]) -> Batch:
    """Their records and their lines."""
    rows = np.zeros(len(conversations), dtype=ROW)
    heads, tails = [encode_messages(one) for one in conversations], [encode_rest(one) for one in conversations]
    fill(rows, heads, tails)
    texts = [(index, role, content) for index, one in enumerate(conversations) for role, content in one.messages]
    data = [content.encode() for _, _, content in texts]
    sizes = np.array([len(text) for text in data], dtype=np.int64)
    owner = np.array([index for index, _, _ in texts], dtype=np.int64)
    turns = np.bincount(owner, minlength=len(rows))
    rows["characters"] = [one.characters for one in conversations]
    rows["turns"] = turns
    rows["tokens"] = estimated_tokens(np.bincount(owner, weights=sizes, minlength=len(rows)).astype(np.int64), turns)
    answers = np.array([role == "assistant" for _, role, _ in texts], dtype=bool)
    rows["learned"] = np.bincount(owner, weights=sizes * answers, minlength=len(rows))
    text = [b"" if role == "system" else given for (_, role, _), given in zip(texts, data, strict=True)]
    ends = np.cumsum(np.bincount(owner, weights=[len(one) for one in text], minlength=len(rows)).astype(np.int64))
    begins = np.append(0, ends[:-1])
    rows["signature"] = signatures(np.frombuffer(b"".join(text), dtype=np.uint8), begins, ends)
    return Batch(rows, heads, tails)
