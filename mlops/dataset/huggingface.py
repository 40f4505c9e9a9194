"""Reads a public dataset of the Hugging Face hub: only the files that are needed, in frames of many rows.

It must not validate rows. Parquet files come into the hub's own cache (HF_HOME) and are read from there, so a second
run and an interrupted one download nothing twice; files of other formats go through the `datasets` library.
"""

import difflib
import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlops.errors import BadInput, MlopsError, Problem, RemoteFailed

if TYPE_CHECKING:
    import polars as pl

PARAMS = "params.yaml"
COLUMNS = ("messages", "prompt", "prompt_id", "tools")  # all that is looked at
AT_ONCE = 1000  # rows of a frame
FIRST_ANSWER_SECONDS = 10.0


def fetch_split(
    dataset_id: str, revision: str, split: str, percent: float = 100, *, whole: bool = False, progress: bool = False
) -> "Iterator[pl.DataFrame]":
    """Yield the first `percent` (0 to 100) of a split's rows, rounded to whole rows, at least one.

    Of rows in our format only the columns that are looked at are read, unless they are wanted `whole`.
    Everything is downloaded when it returns. `load_dataset` of one split fetches the files of all splits; this takes
    the split's files, and of several Parquet files only those that hold the wanted rows. Raises BadInput for an unknown
    or gated dataset, an unknown revision or split, RemoteFailed when the hub does not answer or the disk is full.
    """
    with _translated(dataset_id, revision), _bars(progress):
        return _frames(dataset_id, revision, split, percent, whole=whole)


def _frames(dataset_id: str, revision: str, split: str, percent: float, *, whole: bool) -> "Iterator[pl.DataFrame]":
    import datasets
    from huggingface_hub import HfApi, constants, hf_hub_download

    if not constants.HF_HUB_OFFLINE:  # without a network the libraries try for half a minute
        HfApi().dataset_info(dataset_id, revision=revision, timeout=FIRST_ANSWER_SECONDS)
    builder = datasets.load_dataset_builder(dataset_id, revision=revision)
    files = _files(builder.config.data_files, dataset_id, split)
    sizes = _row_counts(files)
    if not sizes:
        return _converted(dataset_id, revision, split, files, percent, whole=whole)
    count = _share(sum(sizes), percent)
    needed = [_inside(file) for file in files[: _enough(sizes, count)]]
    paths = [hf_hub_download(dataset_id, path, repo_type="dataset", revision=revision) for path in needed]
    return read_parquet(paths, count, whole=whole)


def read_parquet(paths: list[str], count: int, *, whole: bool = False) -> "Iterator[pl.DataFrame]":
    """The first rows of local files, as many as wanted, a thousand at once. Raises RemoteFailed for a broken file."""
    import polars as pl

    rows = pl.scan_parquet(paths).head(count)
    names = rows.collect_schema().names()
    if COLUMNS[0] in names and not whole:
        rows = rows.select([name for name in names if name in COLUMNS])
    try:
        yield from rows.collect_batches(chunk_size=AT_ONCE, maintain_order=True)
    except pl.exceptions.PolarsError as error:
        fix = f"delete {', '.join(paths)}, and run the same command again"
        why = str(error).splitlines()[0]
        raise RemoteFailed(Problem("a downloaded file cannot be read", paths[0], why=why, fix=fix)) from error


def _converted(
    dataset_id: str, revision: str, split: str, files: Sequence[str], percent: float, *, whole: bool
) -> "Iterator[pl.DataFrame]":
    """Read files of any format that `datasets` knows, as it converts them."""
    import datasets

    found = datasets.load_dataset(
        dataset_id,
        revision=revision,
        data_files={split: [_inside(file) for file in files]},
        split=split,
        verification_mode="no_checks",
    )
    if COLUMNS[0] in found.column_names and not whole:
        found = found.select_columns([name for name in found.column_names if name in COLUMNS])
    return _of_arrow(found.select(range(_share(len(found), percent))).with_format("arrow").iter(AT_ONCE))


def _of_arrow(tables: Iterator[Any]) -> "Iterator[pl.DataFrame]":
    import polars as pl

    for table in tables:
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        yield frame


@contextmanager
def _bars(shown: bool) -> Iterator[None]:
    """Progress bars of the libraries, or none."""
    import datasets
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    hide = not shown and not are_progress_bars_disabled()
    if hide:
        disable_progress_bars()
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if hide:
            enable_progress_bars()
            datasets.enable_progress_bars()


def _files(data_files: Any, dataset_id: str, split: str) -> list[str]:
    """Give the URLs of a split's files in their order."""
    if split in data_files:
        return [str(file) for file in data_files[split]]
    near = difflib.get_close_matches(split, list(data_files), n=1)
    fix = f"perhaps you meant {near[0]!r}" if near else "choose one of these for data.dataset.train_split or test_split"
    raise BadInput(
        Problem(f"{dataset_id} has no split {split!r}", PARAMS, why=f"it has {', '.join(data_files)}", fix=fix)
    )


def _inside(url: str) -> str:
    """Give the path within the repository of `hf://datasets/{owner}/{name}@{revision}/{path}`."""
    return url.partition("@")[2].partition("/")[2]


def _row_counts(files: Sequence[str]) -> list[int]:
    """Rows of each Parquet file, read from its footer by a range request; empty where the files are not Parquet."""
    if not all(file.endswith(".parquet") for file in files):
        return []
    import pyarrow.parquet as pq
    from huggingface_hub import HfFileSystem

    hub = HfFileSystem()
    counts = []
    for file in files:
        with hub.open(file, block_size=2**18) as opened:
            counts.append(int(pq.ParquetFile(opened).metadata.num_rows))
    return counts


def _share(rows: int, percent: float) -> int:
    """Rows that a percentage means, as `datasets` rounds `[:5%]`, but never none of some."""
    return min(rows, max(1, round(rows * percent / 100)))


def _enough(sizes: Sequence[int], count: int) -> int:
    """How many of the first files hold `count` rows."""
    held = 0
    for number, size in enumerate(sizes, start=1):
        held += size
        if held >= count:
            return number
    return len(sizes)


@contextmanager
def _translated(dataset_id: str, revision: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        failure = _failure(dataset_id, revision, error)
        if failure is None:
            raise
        raise failure from error


def _failure(dataset_id: str, revision: str, error: Exception) -> MlopsError | None:
    """Give what a failure of the libraries means to the user, or None for one that is not known."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, MlopsError):
        return None
    if any(isinstance(cause, OSError) and cause.errno == errno.ENOSPC for cause in _causes(error)):
        fix = "free some space, or let HF_HOME name a folder on another disk; downloads carry on where they stopped"
        return RemoteFailed(Problem(f"the disk is full while downloading {dataset_id}", fix=fix))
    if isinstance(error, DatasetsError | RepositoryNotFoundError | RevisionNotFoundError):
        return BadInput(_not_there(dataset_id, revision, error))
    if isinstance(error, OSError) or type(error).__module__.startswith("httpx"):  # also datasets' ConnectionError
        return RemoteFailed(_unreachable(dataset_id, error))
    if isinstance(error, ValueError | RuntimeError):  # it needs a configuration name, or brings code of its own
        return BadInput(_not_there(dataset_id, revision, error))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _not_there(dataset_id: str, revision: str, error: Exception) -> Problem:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    why = " ".join(str(error).split())[:400]
    if isinstance(error, GatedRepoError) or "is a gated" in why:
        fix = "accept the dataset's terms on its page, and give the run a token of that log as HF_TOKEN"
        return Problem(f"the dataset {dataset_id} is gated", PARAMS, why=why, fix=fix)
    if not isinstance(error, RepositoryNotFoundError) and "evision" in why:
        fix = "copy the commit from the dataset's page, Files and versions, into data.dataset.revision"
        return Problem(f"the dataset {dataset_id} has no revision {revision!r}", PARAMS, why=why, fix=fix)
    fix = "check data.dataset.id: owner/name, and HF_TOKEN if the dataset is private"
    return Problem(f"the dataset {dataset_id!r} cannot be loaded", PARAMS, why=why, fix=fix)


def _unreachable(dataset_id: str, error: Exception) -> Problem:
    why = " ".join(str(error).split())[:400]
    fix = "check the network, then run the same command again; downloads carry on where they stopped"
    return Problem(f"the Hugging Face hub did not give {dataset_id}", why=why, fix=fix)
