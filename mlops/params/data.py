"""The `data` block of params.yaml: where conversations come from, and what becomes of them. It must not read a file."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from mlops.params.block import Block as _Block
from mlops.params.block import Positive, Seed, Share, key, together
from mlops.params.patterns import NAME

Weight = Annotated[float, key(ge=0, le=100)]
Policy = Literal["warn", "refuse", "redact", "ignore"]
FORMATS = Literal["messages", "sharegpt", "oasst", "oasst-messages", "alpaca", "pairs", "transcript"]


class Dataset(_Block):
    """A public dataset of the Hugging Face hub, pinned by revision."""

    id: str = key(description="Dataset on the hub, as owner/name")
    revision: str = key(min_length=7, description="Commit of the dataset; a branch would not be repeatable")
    train_split: str = key("train_sft", description="Split for training and validation")
    test_split: str = key("test_sft", description="Split held out for tests")
    percent: float = key(5, gt=0, le=100, description="Share of each split that is kept, from its start, in percent")


class Columns(_Block):
    """Which columns of a table hold what."""

    user: str = key(description="Column of the question")
    assistant: str = key(description="Column of the answer")
    system: str | None = key(None, description="Column of the system message")
    context: str | None = key(None, description="Column that stands above the question")


class SourceParams(_Block):
    """One source: how its files are read, how much of it is used, and its licence."""

    path: str = key(description="File or pattern of files, from the folder of params.yaml; or the id of the dataset")
    format: FORMATS | None = key(None, description="Format of its rows, where it is not ours (`mlops data import`)")
    columns: Columns | None = key(None, description="Columns of a table, where they have other names")
    mapping: str | None = key(None, description="Mapping file for an export of a chat or help-desk system")
    encoding: str = key("utf-8", description="Encoding of a text without a byte order mark")
    weight: Weight | None = key(None, description="How often its rows are trained on; 0.5 is half of them")
    share: float = key(1, gt=0, le=1, description="Share of its rows that is used, drawn by their own hashes")
    max_rows: Positive | None = key(None, description="Most rows that are used")
    licence: str = key("", description="Under which licence it is used; it stands in the manifest")

    @together
    def _explained_once(self) -> Self:
        given = [name for name in ("format", "columns", "mapping") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{self.path}: say one of {', '.join(given)}, not {len(given)}")
        return self


class Data(_Block):
    """Where conversations come from and how they become training files."""

    name: str = key("ultrachat", pattern=NAME, max_length=200, description="Prefix of the data assets")
    dataset: Dataset | None = key(None, description="Public dataset; leave it out to train on curated data alone")
    curated: str = key("data", description="Folder whose files of conversations are mixed in")
    sources: tuple[SourceParams, ...] = key(
        (), description="What is to be known of single sources; the first that fits"
    )
    validation_share: float = key(0.1, gt=0, lt=1, description="Share of training rows used for validation")
    curated_test_share: Share = key(0.1, description="Share of curated rows held out for tests")
    max_characters: Positive = key(20000, description="Longer conversations are rejected")
    max_tokens: Positive | None = key(
        None, description="The same in tokens, estimated: a quarter of the bytes, and 4 a message"
    )
    tokenizer: str | None = key(
        None,
        description="Folder of the base model's tokenizer.json, or its id on the hub where the cache holds it; tokens "
        "beyond the window are counted by it, else estimated",
    )
    near_duplicates: float | None = key(
        0.85, gt=0, le=1, description="Jaccard index from which conversations count as one; null to keep all"
    )
    duplicates: Literal["refuse", "remove"] = key(
        "refuse",
        description="Curated conversations that stand twice, or nearly, or ask what a probe asks: refused, or left out",
    )
    weights: dict[str, Weight] = key(
        default_factory=dict,
        description="How often rows of a source are trained on, by pattern of its name: a file, or the dataset's id",
    )
    personal_data: Policy | dict[str, Policy] = key(
        "warn", description="On personal data and secrets; or by kind, with `secrets`, `personal` and `default`"
    )
    control_tokens: Literal["warn", "refuse", "ignore"] = key(
        "refuse", description="On texts that hold control tokens of chat models, such as <|end|>"
    )
    seed: Seed = key(42, description="Seed of the split and the shuffle")

    @together
    def _policies_are_known(self) -> Self:
        if isinstance(self.personal_data, dict):
            from mlops.domain.dataset import personal

            known = (*personal.KINDS, personal.SECRETS, personal.PERSONAL, "default")
            for name in self.personal_data:
                if name not in known:
                    raise ValueError(f"personal_data knows no kind {name!r}; there are {', '.join(known)}")
        return self

    def holds(self, path: str) -> bool:
        """Whether a file, named from the folder of params.yaml, is one of conversations by its place and ending."""
        if any(fnmatchcase(path, entry.path) for entry in self.sources):
            return True
        from mlops.domain.dataset.rows import ending

        return bool(ending(path)) and PurePosixPath(self.curated) in PurePosixPath(path).parents
