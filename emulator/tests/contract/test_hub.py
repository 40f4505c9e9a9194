"""The real `datasets` and `huggingface_hub` read the emulator's hub."""

import os
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address

DATASET = "HuggingFaceH4/ultrachat_200k"
REVISION = "8049631c405ae6576f93f445c6b8166f76f5505a"
TEST_FILE = "data/test_sft-00000-of-00001-f7dfac4afe5b93f4.parquet"


@pytest.fixture(autouse=True)
def own_cache(emulator_address: Address) -> None:
    """The emulator's data must never enter a person's own cache, where it would pass for the real dataset."""
    from huggingface_hub import constants

    assert os.environ["HF_HOME"] == constants.HF_HOME
    assert Path(emulator_address.folder) in Path(constants.HF_HOME).parents


def get(path: str, **headers: str) -> Any:
    """One plain request to the hub."""
    from huggingface_hub import get_session

    url = f"https://huggingface.co/datasets/{DATASET}/resolve/{REVISION}/{path}"
    return get_session().get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_load_dataset_gives_four_splits_of_the_real_schema() -> None:
    from datasets import List, Value, load_dataset

    found = load_dataset(DATASET, revision=REVISION)
    assert list(found) == ["train_sft", "test_sft", "train_gen", "test_gen"]
    message = {"content": Value("string"), "role": Value("string")}
    for split in found.values():
        assert split.features == {"prompt": Value("string"), "prompt_id": Value("string"), "messages": List(message)}
    assert {row["messages"][-1]["role"] for row in found["test_sft"]} == {"assistant"}
    assert {row["messages"][-1]["role"] for row in found["test_gen"]} == {"user"}


def test_a_slice_and_named_files_and_streaming_give_the_same_rows() -> None:
    from datasets import load_dataset

    whole = load_dataset(DATASET, revision=REVISION, split="test_sft")
    part = load_dataset(DATASET, split="test_sft[:5%]")
    assert part.to_list() == whole.select(range(round(len(whole) * 0.05))).to_list()
    named = load_dataset(DATASET, revision=REVISION, data_files={"test_sft": TEST_FILE}, split="test_sft")
    assert named.to_list() == whole.to_list()
    streamed = load_dataset(DATASET, revision=REVISION, split="test_sft", streaming=True)
    assert list(streamed.take(5)) == whole.select(range(5)).to_list()


def test_a_download_lies_under_the_pinned_commit_with_the_announced_hash() -> None:
    from huggingface_hub import HfApi, RepoFile, hf_hub_download

    path = Path(hf_hub_download(DATASET, TEST_FILE, repo_type="dataset", revision=REVISION))
    assert REVISION in path.parts
    info = HfApi().get_paths_info(DATASET, [TEST_FILE, "data", "absent"], repo_type="dataset", expand=True)
    assert [each.path for each in info] == [TEST_FILE, "data"]
    file = info[0]
    assert isinstance(file, RepoFile)
    assert file.lfs is not None
    assert file.size == path.stat().st_size
    assert path.resolve().name == file.lfs.sha256


def test_the_repository_is_listed_at_its_commit() -> None:
    from huggingface_hub import HfApi

    api = HfApi()
    assert api.dataset_info(DATASET).sha == REVISION
    assert api.list_repo_refs(DATASET, repo_type="dataset").branches[0].target_commit == REVISION
    top = {each.path for each in api.list_repo_tree(DATASET, repo_type="dataset", revision=REVISION)}
    assert top == {".gitattributes", "README.md", "data"}
    below = [each.path for each in api.list_repo_tree(DATASET, "data", repo_type="dataset", revision=REVISION)]
    assert len(below) == 8
    assert set(api.list_repo_files(DATASET, repo_type="dataset")) == {".gitattributes", "README.md", *below}


def test_ranges_and_conditions_are_honoured() -> None:
    whole = get(TEST_FILE)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    size = len(whole.content)
    for wanted, start, end in (
        ("bytes=0-3", 0, 4),
        ("bytes=-8", size - 8, size),
        (f"bytes={size - 2}-{size + 99}", size - 2, size),
    ):
        part = get(TEST_FILE, Range=wanted)
        assert (part.status_code, part.content) == (206, whole.content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    assert get(TEST_FILE, Range=f"bytes={size}-").status_code == 416
    assert get(TEST_FILE, If_None_Match=whole.headers["etag"]).status_code == 304
    assert get(TEST_FILE, Range="bytes=0-3", If_Range='"another"').content == whole.content


def test_what_is_not_there_is_refused_in_the_hubs_manner() -> None:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    with pytest.raises(RepositoryNotFoundError):
        HfApi().dataset_info("nobody/nothing")
    with pytest.raises(RevisionNotFoundError):
        HfApi().dataset_info(DATASET, revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(DATASET, "absent.txt", repo_type="dataset")
    with pytest.raises(EntryNotFoundError):
        list(HfApi().list_repo_tree(DATASET, "absent", repo_type="dataset"))


def test_the_readme_says_that_it_is_a_stand_in() -> None:
    assert "This is not UltraChat 200k" in get("README.md").text
