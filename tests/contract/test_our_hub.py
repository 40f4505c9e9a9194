"""`fetch_split` reads the emulator's hub through the real `datasets` and `huggingface_hub`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address

DATASET = "HuggingFaceH4/ultrachat_200k"
REVISION = "8049631c405ae6576f93f445c6b8166f76f5505a"


@pytest.fixture(autouse=True)
def own_cache(emulator_address: Address) -> None:
    """The emulator's data must never enter a person's own cache, where it would pass for the real dataset."""
    from huggingface_hub import constants

    assert os.environ["HF_HOME"] == constants.HF_HOME
    assert Path(emulator_address.folder) in Path(constants.HF_HOME).parents


def requests_since(address: Address, start: int) -> list[tuple[str, str, int]]:
    """(method, file, status) of what was asked of the hub after that many bytes of the log."""
    with (Path(address.folder) / "requests.log").open("rb") as log:
        log.seek(start)
        lines = [json.loads(line) for line in log]
    return [(line["method"], line["url"].rpartition("/")[2], line["status"]) for line in lines]


FETCH = """
import json, sys
from mlops.dataset.huggingface import fetch_split
frames = fetch_split(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
rows = [row for frame in frames for row in frame.to_dicts()]
print(json.dumps([len(rows), rows[0]]))
"""


def test_fetch_split_downloads_only_the_files_it_needs(emulator_address: Address, tmp_path: Path) -> None:
    from datasets import load_dataset

    log = Path(emulator_address.folder) / "requests.log"
    start = log.stat().st_size
    env = {**os.environ, "HF_HOME": str(tmp_path)}  # an empty cache, in a process that has not read another one yet
    command = [sys.executable, "-c", FETCH, DATASET, REVISION, "train_sft", "5"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    whole = {
        name for method, name, status in requests_since(emulator_address, start) if (method, status) == ("GET", 200)
    }
    count, first = json.loads(done.stdout)
    expected = load_dataset(DATASET, revision=REVISION, split="train_sft[:5%]")
    assert (count, first) == (len(expected), expected[0])
    assert {name for name in whole if name.endswith(".parquet")} == {
        "train_sft-00000-of-00003-a3ecf92756993583.parquet"
    }


def test_fetch_split_gives_whole_splits_and_at_least_one_row() -> None:
    from mlops.dataset.huggingface import fetch_split

    def rows(percent: float) -> list[dict[str, Any]]:
        return [row for frame in fetch_split(DATASET, REVISION, "test_sft", percent) for row in frame.to_dicts()]

    whole = rows(100)
    assert rows(0.0001) == whole[:1]
    assert len(rows(50)) == round(len(whole) / 2)


@pytest.mark.parametrize(
    ("dataset", "revision", "split", "says"),
    [
        ("nobody/nothing", REVISION, "train", "data.dataset.id"),
        (DATASET, "0" * 40, "train_sft", "data.dataset.revision"),
        (DATASET, REVISION, "train_stf", "perhaps you meant 'train_sft'"),
    ],
)
def test_fetch_split_explains_what_is_unknown(dataset: str, revision: str, split: str, says: str) -> None:
    from mlops.dataset.huggingface import fetch_split
    from mlops.errors import BadInput

    with pytest.raises(BadInput) as caught:
        fetch_split(dataset, revision, split)
    assert says in caught.value.problems[0].fix
    assert caught.value.problems[0].where == "params.yaml"
