"""From rows of conversations to token sequences, by the real component's data rules and in its words.

It must not train. Source of the rules: azureml-assets src/preprocess/preprocess.py and azureml-acft-contrib-hf-nlp,
tasks/chat_completion/preprocess.

Our network reads `Config.context` tokens at once, the real model 4096. A sequence is first cut as the real component
cuts it, at min(max_seq_length, 4096); of what is longer than the context, the one piece of that length with the most
assistant tokens is kept, beginning at a turn where it can. So a row costs at most one pass over the context.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from azureml_emulator.stand_in_model.data import CHAT_COLUMN, Record
from azureml_emulator.stand_in_model.network import Batch
from azureml_emulator.stand_in_model.report import DATA, USER, VALIDATION, NodeError, Reporter
from azureml_emulator.stand_in_model.tokenizer import SPECIAL_TOKENS, ChatTemplateError, Tokenizer

TOOLS_COLUMN = "tools"
MODEL_MAX_LENGTH = 4096  # tokenizer.model_max_length of Phi-3-mini-4k-instruct
MINIMUM_TRAINING_ROWS = 10
TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Row:
    """The tokens of one sequence, and for each whether the loss counts it."""

    tokens: list[int]
    counted: list[bool]


@dataclass(frozen=True)
class Prepared:
    """The token sequences of both splits, and the token counts of both together, before the context cuts them."""

    train: list[Row]
    validation: list[Row]
    tokens: int
    assistant_tokens: int


def split(
    train: Sequence[Record], validation: Sequence[Record] | None, test: Sequence[Record] | None
) -> tuple[Sequence[Record], Sequence[Record], Sequence[Record]]:
    """(train, validation, test), what is missing cut off the end of train in place: 80/20, or 80/10/10 of both."""
    if validation is not None and test is not None:
        return train, validation, test
    kept = int(len(train) * TRAIN_SHARE)
    rest = train[kept:]
    if validation is None and test is None:
        return train[:kept], rest[: len(rest) // 2], rest[len(rest) // 2 :]
    if validation is None:
        return train[:kept], rest, test or []
    return train[:kept], validation, rest


def prepare(
    tokenizer: Tokenizer,
    train: Sequence[Record],
    validation: Sequence[Record],
    *,
    max_seq_length: int,
    context: int,
    reporter: Reporter,
) -> Prepared:
    """Filter, render and cut both splits. Raises NodeError where the real component fails."""
    limit = min(max_seq_length, MODEL_MAX_LENGTH) if max_seq_length > 0 else MODEL_MAX_LENGTH
    splits: dict[str, list[Row]] = {}
    for name, records in (("train", train), ("validation", validation)):
        conversations = _filtered(records, name, reporter)
        splits[name] = _cut(_tokenize(tokenizer, conversations, name), limit, name, tokenizer, reporter)
    rows = [*splits["train"], *splits["validation"]]
    if not splits["train"] or not splits["validation"]:
        raise NodeError(
            USER,
            "Unable to continue finetuning. No assistant tokens found after preprocessing. "
            f"{len(splits['train'])} training and {len(splits['validation'])} validation rows have any within "
            f"{limit} tokens. Please increase max_seq_length, or give rows in which the assistant answers the user.",
        )
    return Prepared(
        [window(row, context) for row in splits["train"]],
        [window(row, context) for row in splits["validation"]],
        sum(len(row.tokens) for row in rows),
        sum(sum(row.counted) for row in rows),
    )


def window(row: Row, context: int) -> Row:
    """Return the piece of at most `context` + 1 tokens with the most counted ones; the earliest of equals."""
    size = context + 1
    if len(row.tokens) <= size:
        return row
    sums = np.concatenate([[0], np.cumsum(row.counted)])
    first_special = 256
    turns = [
        n
        for n, token in enumerate(row.tokens)
        if first_special <= token < first_special + len(SPECIAL_TOKENS) and not row.counted[n]
    ]
    starts = [n for n in turns if n + size <= len(row.tokens)] or [0]
    best = max(starts, key=lambda start: (int(sums[start + size] - sums[start + 1]), -start))
    if sums[best + size] - sums[best + 1] == 0:
        best = min(int(np.argmax(row.counted)) - 1, len(row.tokens) - size)
    return Row(row.tokens[best : best + size], row.counted[best : best + size])


def batch_of(rows: Sequence[Row], length: int | None = None) -> Batch:
    """Return the rows padded on the right to the longest of them, or to `length` tokens."""
    width = max([*(len(row.tokens) for row in rows), length or 0])
    tokens = np.zeros((len(rows), width), np.int64)
    counted = np.zeros((len(rows), width), bool)
    for n, row in enumerate(rows):
        tokens[n, : len(row.tokens)] = row.tokens
        counted[n, : len(row.counted)] = row.counted
    return Batch(tokens, counted)


def _filtered(records: Sequence[Record], split_name: str, reporter: Reporter) -> list[Any]:
    """The conversations with at least two messages; what is no list is left to the chat template, which refuses it."""
    columns = sorted({column for record in records for column in record})
    if records and CHAT_COLUMN not in columns:
        raise NodeError(
            DATA, f"{split_name}: Dataset Columns: {columns}. User Passed Columns: ['{CHAT_COLUMN}'], which is missing."
        )
    if dropped := [column for column in columns if column not in (CHAT_COLUMN, TOOLS_COLUMN)]:
        reporter.log(f"{split_name}: removing the extra columns {', '.join(dropped)}")
    values = [record.get(CHAT_COLUMN) for record in records if not _is_null(record.get(TOOLS_COLUMN, "none"))]
    kept = [value for value in values if not _is_null(value) and not (isinstance(value, list) and len(value) < 2)]
    reporter.log(f"{split_name}: data filter, {len(records)} examples before, {len(kept)} after")
    if not kept:
        raise NodeError(DATA, f"Found no examples after data preprocessing for the {split_name} data")
    if split_name == "train" and len(kept) < MINIMUM_TRAINING_ROWS:
        raise NodeError(
            DATA,
            f"Training dataset has {len(kept)} non-null samples, which is fewer than {MINIMUM_TRAINING_ROWS} samples, "
            "which is the min required to finetune. Please check your training dataset or provide a validation "
            "dataset (training dataset will be split if no validation dataset).",
        )
    return kept


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and len(value) == 0)


def _tokenize(tokenizer: Tokenizer, conversations: Sequence[Any], split_name: str) -> list[Row]:
    rows = []
    for number, messages in enumerate(conversations, start=1):
        try:
            if not isinstance(messages, list):
                raise ChatTemplateError(f"{CHAT_COLUMN} is a {type(messages).__name__}, not a list of messages")
            rows.append(Row(*tokenizer.encode_chat(messages)))
        except ChatTemplateError as error:
            where = f"{split_name} row {number} of those kept"
            raise NodeError(
                VALIDATION, f"Failure while applying chat template to dataset: {error} ({where})"
            ) from error
    return rows


def _cut(rows: list[Row], limit: int, split_name: str, tokenizer: Tokenizer, reporter: Reporter) -> list[Row]:
    """The rows cut at the limit, without those that have no user or no assistant tokens left: nothing to learn."""
    cut = [Row(row.tokens[:limit], row.counted[:limit]) for row in rows]
    user = tokenizer.special("<|user|>")
    kept = [row for row in cut if any(row.counted) and user in row.tokens]
    if len(kept) < len(cut):
        reporter.log(f"{split_name}: {len(cut) - len(kept)} rows without assistant tokens in {limit} are removed")
    return kept
