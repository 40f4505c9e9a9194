"""Made-up conversations shaped like those of ultrachat_200k, for benchmarks: the same for the same numbers."""

import hashlib
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

WRITTEN = 200_000  # rows that are written word by word; more are made from these by other letters
OTHER_LETTERS = b"bfghikqrstuvwyz"  # none of those of the made-up address, which must stay one
BLOCK = 2000  # rows that one process makes at once, and that share a row group
# Every long text has some of these; the search for near duplicates must not be slow because of them.
OPENERS = (
    *("In addition to this,", "It is important to note that", "However, it is also", "For example, the"),
    *("On the other hand,", "As a result of this,", "In conclusion, the", "Here are some of the"),
    *("This can be done by", "Additionally, there are", "Overall, it seems that", "One of the most"),
    *("There are a number of", "According to the", "I'm sorry, but as an AI", "Furthermore, the use of"),
    *("Once you have done", "Make sure that you", "At the same time,", "Another way to do"),
)


def made(folder: Path, rows: int) -> Path:
    """A Parquet file of that many conversations, the same for the same number."""
    import pyarrow.parquet as pq

    path = folder / f"{rows}.parquet"
    if path.exists():
        return path
    print(f"making {path.name}", file=sys.stderr)
    if rows > WRITTEN:
        return enlarged(made(folder, WRITTEN), path, rows)
    started = [(start, min(rows, start + BLOCK)) for start in range(0, rows, BLOCK)]
    writer = None
    with ProcessPoolExecutor() as pool:
        for table in pool.map(partial(block, vocabulary()), started):
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    assert writer
    writer.close()
    return path


def enlarged(base: Path, path: Path, rows: int) -> Path:
    """The rows of a file again and again, each time with other letters: of the same shape, and not alike."""
    import pyarrow.parquet as pq

    given = pq.ParquetFile(base)
    with pq.ParquetWriter(path, given.schema_arrow) as writer:
        for copy in range(-(-rows // WRITTEN)):
            letters = np.arange(256, dtype=np.uint8)
            known = np.frombuffer(OTHER_LETTERS, dtype=np.uint8)
            letters[known] = known if copy == 0 else np.random.default_rng(copy).permutation(known)
            for group in range(given.num_row_groups):
                wanted = min(given.metadata.row_group(group).num_rows, rows - copy * WRITTEN - group * BLOCK)
                if wanted > 0:
                    writer.write_table(ciphered(given.read_row_group(group).slice(0, wanted).combine_chunks(), letters))
    return path


def ciphered(table: Any, letters: Any) -> Any:
    """The table with each byte of its prompts and contents replaced by another one."""
    import pyarrow as pa

    def text(array: Any) -> Any:
        _, offsets, data = array.buffers()
        replaced = pa.py_buffer(letters[np.frombuffer(data, dtype=np.uint8)])
        return pa.StringArray.from_buffers(len(array), offsets, replaced, offset=array.offset)

    messages = table["messages"].chunk(0)
    pairs = messages.values
    struct = pa.StructArray.from_arrays([text(pairs.field("content")), pairs.field("role")], names=["content", "role"])
    lists = pa.ListArray.from_arrays(messages.offsets, struct)
    prompt = text(table["prompt"].chunk(0))
    return pa.table([prompt, table["prompt_id"].chunk(0), lists], schema=table.schema)


def vocabulary() -> list[str]:
    """30,000 words of 1 to 12 letters, the frequent ones short."""
    random = np.random.default_rng(7)
    letters = np.array(list("etaoinshrdlucmwfgypbvk"))
    weights = np.geomspace(12, 1, len(letters))
    sizes = np.clip(random.poisson(np.linspace(3, 8, 30_000)), 1, 12)
    return ["".join(random.choice(letters, size, p=weights / weights.sum())) for size in sizes]


def block(words: list[str], rows: tuple[int, int]) -> Any:
    """The rows from one number to another as a table. 1 in 100 stands twice, 1 in 200 nearly so, 1 in 200 is broken."""
    import pyarrow as pa

    random = np.random.default_rng(rows[0])
    made: list[list[dict[str, str]]] = []
    for number in range(*rows):
        kind = number % 200
        if made and kind in {50, 150}:
            made.append(made[-20])
        elif made and kind == 75:
            made.append([*made[-20][:-1], {**made[-20][-1], "content": made[-20][-1]["content"] + " Really."}])
        else:
            made.append(conversation(words, random, broken=kind == 120))
    prompts = [messages[0]["content"] for messages in made]
    messages = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
    return pa.table(
        [
            pa.array(prompts),
            pa.array([hashlib.sha256(prompt.encode()).hexdigest() for prompt in prompts]),
            pa.array(made, messages),
        ],
        names=["prompt", "prompt_id", "messages"],
    )


def conversation(words: list[str], random: np.random.Generator, *, broken: bool) -> list[dict[str, str]]:
    """4 to 8 messages; short questions, answers of several paragraphs."""
    count = int(random.choice([4, 6, 6, 8, 8])) - broken
    sizes = [random.integers(10, 60) if turn % 2 == 0 else random.integers(150, 450) for turn in range(count)]
    return [
        {"content": text(words, random, int(size)), "role": "assistant" if turn % 2 else "user"}
        for turn, size in enumerate(sizes)
    ]


def text(words: list[str], random: np.random.Generator, size: int) -> str:
    """Sentences of frequent and rare words, in paragraphs, with quotes, lists, accents and now and then a mark."""
    chosen = [words[place] for place in (len(words) * random.random(size) ** 3).astype(int)]
    chance = random.random(size // 8 + 1)
    parts = []
    for number, start in enumerate(range(0, size, 14)):
        sentence = " ".join(chosen[start : start + 14])
        draw = chance[number]
        if draw < 0.3:
            sentence = f"{OPENERS[int(draw / 0.3 * len(OPENERS))]} {sentence}"
        if 0.3 < draw < 0.34:
            sentence = f'"{sentence}", said Zoë \u2013 it\u2019s a {sentence.split()[0]}-{sentence.split()[-1]}'
        if 0.5 < draw < 0.502:
            sentence += " (write to jane_doe@example.com, key=value)"
        parts.append(sentence[0].upper() + sentence[1:] + ".")
        if draw > 0.75:
            parts[-1] += "\n\n" if draw < 0.9 else f"\n{number}."
    return " ".join(parts)
