"""Builds the stand-in for `HuggingFaceH4/ultrachat_200k`: its splits, schema and file names, filled with real talk.

It must not invent text: every message is one that a person wrote, from the PyPI package `chitchat-dataset` (MIT).
"""

import hashlib
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.services.huggingface.chitchat import PACKAGE, Dialogue, clean_dialogues

if TYPE_CHECKING:
    import pyarrow as pa

DATASET = "HuggingFaceH4/ultrachat_200k"
REVISION = "8049631c405ae6576f93f445c6b8166f76f5505a"
BUILD = 1  # raise it when the same package would give other files

# The real repository's names at REVISION.
FILES = {
    "train_sft": (
        "data/train_sft-00000-of-00003-a3ecf92756993583.parquet",
        "data/train_sft-00001-of-00003-0a1804bcb6ae68c6.parquet",
        "data/train_sft-00002-of-00003-ee46ed25cfae92c6.parquet",
    ),
    "test_sft": ("data/test_sft-00000-of-00001-f7dfac4afe5b93f4.parquet",),
    "train_gen": (
        "data/train_gen-00000-of-00003-a6c9fb894be3e50b.parquet",
        "data/train_gen-00001-of-00003-d6a0402e417f35ca.parquet",
        "data/train_gen-00002-of-00003-c0db75b92a2f48fd.parquet",
    ),
    "test_gen": ("data/test_gen-00000-of-00001-3d4cd8309148a71f.parquet",),
}
LONGEST = 28  # messages in a row; a longer dialogue goes on in the next row, as ultrachat's are short
TEST_SHARE = 0.157  # of the conversations: 665 of 3,751 rows

Row = dict[str, object]


@dataclass(frozen=True)
class RepoFile:
    """One file of the repository: its path there, where it lies here, its size in bytes and its hashes."""

    path: str
    local: Path
    size: int
    git_oid: str
    sha256: str | None  # of files in large file storage, whose `git_oid` is that of the pointer

    @property
    def etag(self) -> str:
        """The hub's entity tag, in quotes: SHA-256 for large files, the git blob id for others."""
        return f'"{self.sha256 or self.git_oid}"'


def shared(instead: Path) -> dict[str, RepoFile]:
    """The repository in the user's cache, so that one build serves every emulator; below `instead` where that fails."""
    with suppress(OSError, RuntimeError):  # no home, or one that takes no files
        return repository(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "azureml-emulator")
    return repository(instead)


def repository(folder: Path) -> dict[str, RepoFile]:
    """Path -> file. Built below `folder` when it is not there yet, or not whole (about two seconds), in one step."""
    root = folder / f"ultrachat_200k-{BUILD}-{metadata.version(PACKAGE.replace('_', '-'))}"
    if found := _kept(root):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f"{root.name}.making-", dir=folder))
    try:
        _build(making)
        shutil.rmtree(root, ignore_errors=True)
        with suppress(OSError):  # another process was faster, and its files are the same
            making.rename(root)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return _kept(root)


def _kept(root: Path) -> dict[str, RepoFile]:
    """What lies there; nothing where a file is missing or was not written to its end."""
    try:
        entries: list[dict[str, str | int | None]] = json.loads((root / "files.json").read_text(encoding="utf-8"))
        files = [RepoFile(local=root / str(entry["path"]), **entry) for entry in entries]  # type: ignore[arg-type]
        whole = all(file.local.stat().st_size == file.size for file in files)
    except FileNotFoundError:
        return {}
    return {file.path: file for file in files} if whole else {}


def splits() -> dict[str, list[Row]]:
    """Split -> rows `{"prompt", "prompt_id", "messages": [{"content", "role"}]}` in a fixed order.

    All rows of one conversation are in train or all in test. `*_gen` rows are the `*_sft` rows without their last
    answer, so they end with the user.
    """
    train: list[Row] = []
    test: list[Row] = []
    for dialogue in clean_dialogues():
        rows = [_row(dialogue[start : start + LONGEST]) for start in range(0, len(dialogue), LONGEST)]
        (test if _draw("part", json.dumps(dialogue)) < TEST_SHARE else train).extend(rows)
    train.sort(key=_order)
    test.sort(key=_order)
    return {
        "train_sft": train,
        "test_sft": test,
        "train_gen": [_without_last_answer(row) for row in train],
        "test_gen": [_without_last_answer(row) for row in test],
    }


def _row(dialogue: Dialogue) -> Row:
    prompt = dialogue[0]["content"]
    messages = [{"content": message["content"], "role": message["role"]} for message in dialogue]
    return {"prompt": prompt, "prompt_id": hashlib.sha256(prompt.encode()).hexdigest(), "messages": messages}


def _without_last_answer(row: Row) -> Row:
    messages = row["messages"]
    assert isinstance(messages, list)
    return {**row, "messages": messages[:-1]}


def _order(row: Row) -> tuple[float, str]:
    text = json.dumps(row)
    return _draw("order", text), text


def _draw(purpose: str, text: str) -> float:
    digest = hashlib.sha256(f"{purpose}\0{text}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _build(root: Path) -> None:
    import pyarrow.parquet as pq

    (root / "data").mkdir(parents=True)
    sizes: dict[str, tuple[int, int]] = {}
    for split, rows in splits().items():
        table = _table(rows)
        sizes[split] = (table.num_rows, table.nbytes)
        for path, (start, count) in zip(FILES[split], _shards(len(rows), len(FILES[split])), strict=True):
            pq.write_table(table.slice(start, count), root / path, compression="snappy", row_group_size=1000)
    parquet = {path: (root / path).stat().st_size for paths in FILES.values() for path in paths}
    (root / "README.md").write_text(_card(sizes, sum(parquet.values())), encoding="utf-8")
    (root / ".gitattributes").write_text("*.parquet filter=lfs diff=lfs merge=lfs -text\n", encoding="utf-8")
    entries = [_entry(root, path, large=path in parquet) for path in (".gitattributes", "README.md", *parquet)]
    (root / "files.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")


def _table(rows: list[Row]) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import json as arrow_json

    message = pa.struct([("content", pa.string()), ("role", pa.string())])
    schema = pa.schema([("prompt", pa.string()), ("prompt_id", pa.string()), ("messages", pa.list_(message))])
    # By way of text: before Arrow looks at objects of Python it imports pandas, which takes a third of a second.
    lines = "\n".join(map(json.dumps, rows)).encode()
    return arrow_json.read_json(
        io.BytesIO(lines),
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )


def _shards(rows: int, shards: int) -> Iterator[tuple[int, int]]:
    edges = [rows * number // shards for number in range(shards + 1)]
    return ((start, end - start) for start, end in itertools.pairwise(edges))


def _entry(root: Path, path: str, *, large: bool) -> dict[str, str | int | None]:
    data = (root / path).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest() if large else None
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(data)}\n".encode()
    return {"path": path, "size": len(data), "git_oid": _git_oid(pointer if large else data), "sha256": sha256}


def _git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _card(sizes: dict[str, tuple[int, int]], download_size: int) -> str:
    """The README: front matter as the real one's, with the true numbers, and a text that says what this is."""
    patterns = "".join(f"  - split: {split}\n    path: data/{split}-*\n" for split in sizes)
    counts = "".join(
        f"  - name: {split}\n    num_bytes: {size}\n    num_examples: {rows}\n" for split, (rows, size) in sizes.items()
    )
    table = "".join(f"| {split} | {rows} |\n" for split, (rows, _) in sizes.items())
    total = sum(size for _, size in sizes.values())
    return CARD.format(
        patterns=patterns, counts=counts, download=download_size, total=total, table=table, longest=LONGEST
    )


CARD = """---
language:
- en
license: mit
size_categories:
- 1K<n<10K
task_categories:
- text-generation
pretty_name: Emulator's stand-in for UltraChat 200k
configs:
- config_name: default
  data_files:
{patterns}dataset_info:
  features:
  - name: prompt
    dtype: string
  - name: prompt_id
    dtype: string
  - name: messages
    list:
    - name: content
      dtype: string
    - name: role
      dtype: string
  splits:
{counts}  download_size: {download}
  dataset_size: {total}
---
# This is not UltraChat 200k

An emulator on your own machine serves this in the place of `HuggingFaceH4/ultrachat_200k`. It has that dataset's
splits, schema and file names, but other and far fewer conversations: chats between two people, collected in the Chit
Chat Challenge of Brigham Young University and published as the Python package `chitchat-dataset` (MIT licence).

One person's messages in a row are one turn; who speaks first is called the user and the other one the assistant.
Conversations without exactly two speakers, with an empty message, or ended by the user are left out, and a row holds
at most {longest} messages: a longer conversation goes on in another row of the same split. Nothing else was changed,
so expect small talk, slang, spelling mistakes, and no answers worth learning by heart.

`*_sft` rows end with the assistant; `*_gen` rows are the same without the last answer.

| split | rows |
|---|---|
{table}"""
