"""Reads a public dataset of the Hugging Face hub through the `datasets` library: only the files that are needed.

It must not validate rows. The library's own cache (HF_HOME) keeps downloads, so a second run and an interrupted one
download nothing twice.
"""

import difflib
import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlops.errors import BadInput, MlopsError, Problem, RemoteFailed

if TYPE_CHECKING:
    from datasets import Dataset

PARAMS = "params.yaml"


def fetch_split(
    dataset_id: str, revision: str, split: str, percent: float = 100, *, progress: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the first `percent` (0 to 100) of a split's rows, rounded to whole rows, at least one.

    `load_dataset` of one split fetches the files of all splits; this names the split's files, and of several Parquet
    files only those that hold the wanted rows. Raises BadInput for an unknown or gated dataset, an unknown revision
    or split, RemoteFailed when the hub does not answer or the disk is full.
    """
    with _translated(dataset_id, revision):
        dataset = _load(dataset_id, revision, split, percent, progress)
    return iter(dataset)


def _load(dataset_id: str, revision: str, split: str, percent: float, progress: bool) -> "Dataset":
    import datasets

    shown = datasets.utils.logging.is_progress_bar_enabled()
    if not progress:
        datasets.disable_progress_bars()
    try:
        builder = datasets.load_dataset_builder(dataset_id, revision=revision)
        files = _files(builder.config.data_files, dataset_id, split)
        sizes = _row_counts(files)
        count = _share(sum(sizes), percent)
        needed = files[: _enough(sizes, count)] if sizes else files
        paths = [_inside(file) for file in needed]
        dataset = datasets.load_dataset(
            dataset_id, revision=revision, data_files={split: paths}, split=split, verification_mode="no_checks"
        )
    finally:
        if shown:
            datasets.enable_progress_bars()
    return dataset.select(range(count if sizes else _share(len(dataset), percent)))


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
    why = " ".join(str(error).split())[:400]
    if "gated" in why:
        fix = "accept the dataset's terms on its page, and give the run a token of that account as HF_TOKEN"
        return Problem(f"the dataset {dataset_id} is gated", PARAMS, why=why, fix=fix)
    if "evision" in why:
        fix = "copy the commit from the dataset's page, Files and versions, into data.dataset.revision"
        return Problem(f"the dataset {dataset_id} has no revision {revision!r}", PARAMS, why=why, fix=fix)
    fix = "check data.dataset.id: owner/name, and HF_TOKEN if the dataset is private"
    return Problem(f"the dataset {dataset_id!r} cannot be loaded", PARAMS, why=why, fix=fix)


def _unreachable(dataset_id: str, error: Exception) -> Problem:
    why = " ".join(str(error).split())[:400]
    fix = "check the network, then run the same command again; downloads carry on where they stopped"
    return Problem(f"the Hugging Face hub did not give {dataset_id}", why=why, fix=fix)
