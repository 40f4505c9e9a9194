"""References into storage, trees of files, and the blobs behind them, without a server."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import pytest

from azureml_emulator.core import arm, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blobs, storage, storage_keys
from azureml_emulator.services.storage.blobs import BlobAddress
from azureml_emulator.services.workspaces import workspace

WORKSPACE = arm.default_workspace_id()
ACCOUNT, CONTAINER = defaults.STORAGE_ACCOUNT, defaults.CONTAINER
LONG = (
    f"azureml://subscriptions/{defaults.SUBSCRIPTION_ID}/resourcegroups/{defaults.RESOURCE_GROUP}"
    f"/workspaces/{defaults.WORKSPACE}/datastores/workspaceblobstore/paths/"
)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    made = Emulator(tmp_path / "state")
    workspace.ensure_default(made)
    yield made
    made.close()


def keep(emulator: Emulator, path: str, **properties: object) -> None:
    """A resource of the default workspace, as its handler would keep it."""
    id = f"{arm.default_workspace_id()}/{path}"
    parent, kind, name = id.rsplit("/", 2)
    emulator.store.put(id, {"properties": {"isArchived": False, **properties}}, parent=parent, kind=kind, name=name)


@pytest.mark.parametrize(
    ("reference", "container", "name"),
    [
        ("azureml://datastores/workspaceblobstore/paths/a/b.txt", CONTAINER, "a/b.txt"),
        (LONG + "a/b.txt", CONTAINER, "a/b.txt"),
        (LONG.replace("resourcegroups", "resourceGroups") + "a", CONTAINER, "a"),
        (
            "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.j/m",
            "azureml",
            "ExperimentRun/dcid.j/m",
        ),
        ("runs:/job1/model", "azureml", "ExperimentRun/dcid.job1/model"),
        ("azureml://jobs/job1/outputs/artifacts/paths/model", "azureml", "ExperimentRun/dcid.job1/model"),
        ("azureml://jobs/job1/outputs/trained", CONTAINER, "azureml/job1/trained/"),
        ("azureml://jobs/job1/outputs/trained/paths/x/y", CONTAINER, "azureml/job1/trained/x/y"),
        ("azureml://jobs/job1/outputs/named", CONTAINER, "elsewhere/here"),
        ("azureml:chat:1", CONTAINER, "data/chat.jsonl"),
        ("azureml:chat@latest", CONTAINER, "data/chat.jsonl"),
        ("azureml://data/chat/versions/1", CONTAINER, "data/chat.jsonl"),
        (f"{arm.default_workspace_id()}/data/chat/versions/1", CONTAINER, "data/chat.jsonl"),
        (f"azureml:{arm.default_workspace_id()}/data/chat/versions/1", CONTAINER, "data/chat.jsonl"),
        ("https://other.blob.core.windows.net/c/p/q?sig=x", "c", "p/q"),
        ("https://other.blob.core.windows.net:443/c/p/q", "c", "p/q"),
        (f"wasbs://c@{ACCOUNT}.blob.core.windows.net/p", "c", "p"),
    ],
)
def test_a_reference_leads_to_its_place(emulator: Emulator, reference: str, container: str, name: str) -> None:
    keep(
        emulator,
        "jobs/job1",
        outputs={"named": {"uri": "azureml://datastores/workspaceblobstore/paths/elsewhere/here"}, "trained": None},
    )
    emulator.store.put(
        f"{arm.default_workspace_id()}/data/chat/versions/1",
        {"properties": {"isArchived": False, "dataUri": LONG + "data/chat.jsonl"}},
        parent=f"{arm.default_workspace_id()}/data/chat",
        kind="data/versions",
        name="1",
    )
    found = storage.resolve(emulator, reference, workspace=WORKSPACE)
    assert (found.container, found.name) == (container, name)


@pytest.mark.parametrize(
    ("reference", "status", "said"),
    [
        ("azureml://datastores/nope/paths/a", 404, "nope"),
        ("azureml://jobs/nope/outputs/o", 404, "Run nope was not found"),
        ("azureml:nope:1", 404, "nope:1"),
        ("azureml://registries/azureml/models/Phi-4/versions/8", 404, "Could not find asset"),
        ("file:///etc/passwd", 400, "points at"),
        ("", 400, "points at"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(emulator: Emulator, reference: str, status: int, said: str) -> None:
    with pytest.raises(ServiceError, match=said) as refused:
        storage.resolve(emulator, reference, workspace=WORKSPACE)
    assert refused.value.status == status


def test_references_in_a_circle_are_refused(emulator: Emulator) -> None:
    keep(emulator, "jobs/a", outputs={"o": {"uri": "azureml://jobs/b/outputs/o"}})
    keep(emulator, "jobs/b", outputs={"o": {"uri": "azureml://jobs/a/outputs/o"}})
    with pytest.raises(ServiceError, match="circle"):
        storage.resolve(emulator, "azureml://jobs/a/outputs/o", workspace=WORKSPACE)


def test_the_long_form_names_the_workspace(emulator: Emulator) -> None:
    web = "https://x.blob.core.windows.net/c/p"
    for given, told in (
        ("azureml://datastores/workspaceblobstore/paths/a/b", LONG + "a/b"),
        (LONG + "a/b",) * 2,
        (web, web),
    ):
        assert storage.long_uri(emulator, given, workspace=WORKSPACE) == told


def test_a_reference_that_names_a_workspace_is_of_that_one_wherever_it_is_used(emulator: Emulator) -> None:
    other = f"{WORKSPACE}-two"
    path = "azureml://datastores/mine/paths/a"
    at = {"properties": {"accountName": "theirs", "containerName": "c", "datastoreType": "AzureBlob"}}
    emulator.store.put(f"{other}/datastores/mine", at, parent=other, kind="datastores", name="mine")
    emulator.store.put(
        f"{other}/data/chat/versions/1", {"properties": {"isArchived": False, "dataUri": path}},
        parent=f"{other}/data/chat", kind="data/versions", name="1",
    )  # fmt: skip
    long = f"azureml:/{other.replace('/providers/Microsoft.MachineLearningServices', '')}/datastores/mine/paths/a"
    for reference in (long, f"azureml:{other}/data/chat/versions/1"):
        assert storage.resolve(emulator, reference, workspace=WORKSPACE) == ("theirs", "c", "a")
        assert storage.long_uri(emulator, reference, workspace=WORKSPACE).lower() == long.lower()
    with pytest.raises(ServiceError, match="mine"):
        storage.resolve(emulator, path, workspace=WORKSPACE)


def test_a_tree_goes_up_and_comes_down(emulator: Emulator, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    (source / "MLmodel").write_text("flavors: {}")
    (source / "sub" / "weights.bin").write_bytes(bytes(range(256)))
    place = "azureml://datastores/workspaceblobstore/paths/models/m"
    assert storage.upload_tree(emulator, source, place, workspace=WORKSPACE) == [
        "models/m/MLmodel",
        "models/m/sub/weights.bin",
    ]
    storage.write(emulator, ACCOUNT, CONTAINER, "models/m2/other", b"not below models/m")
    assert storage.download_tree(emulator, place, target, workspace=WORKSPACE) == ["MLmodel", "sub/weights.bin"]
    assert (target / "sub" / "weights.bin").read_bytes() == bytes(range(256))
    assert storage.download_tree(emulator, f"{place}/MLmodel", tmp_path / "one", workspace=WORKSPACE) == ["MLmodel"]
    assert storage.exists(emulator, storage.resolve(emulator, place, workspace=WORKSPACE))
    assert not storage.exists(emulator, BlobAddress(ACCOUNT, CONTAINER, "models/m/sub/weights"))
    with pytest.raises(ServiceError, match="nothing at"):
        storage.download_tree(emulator, f"{place}/nope", target, workspace=WORKSPACE)


def test_a_name_that_leaves_the_folder_is_not_downloaded(emulator: Emulator, tmp_path: Path) -> None:
    storage.write(emulator, ACCOUNT, CONTAINER, "x/../../escape", b"x")
    uri = "azureml://datastores/workspaceblobstore/paths/x"
    with pytest.raises(ServiceError, match="leaves the folder"):
        storage.download_tree(emulator, uri, tmp_path / "out", workspace=WORKSPACE)
    assert not list(tmp_path.rglob("escape"))


def test_a_log_grows_and_a_write_replaces(emulator: Emulator) -> None:
    for text in (b"one\n", b"two\n"):
        storage.append(emulator, ACCOUNT, CONTAINER, "logs/std.txt", text)
    assert storage.read(emulator, ACCOUNT, CONTAINER, "logs/std.txt") == b"one\ntwo\n"
    storage.write(emulator, ACCOUNT, CONTAINER, "logs/std.txt", b"new")
    assert storage.read(emulator, ACCOUNT, CONTAINER, "logs/std.txt") == b"new"
    with pytest.raises(ServiceError, match="does not exist"):
        storage.read(emulator, ACCOUNT, CONTAINER, "logs/nope")


def test_replaced_and_deleted_blobs_leave_no_files(emulator: Emulator) -> None:
    address = BlobAddress(ACCOUNT, CONTAINER, "a")
    for text in (b"1", b"2"):
        blobs.put(emulator, address, text)
    blobs.stage(emulator, address, "YQ==", b"x")
    assert len([path for path in emulator.blobs.rglob("*") if path.is_file()]) == 2
    blobs.delete(emulator, address)
    assert [path for path in emulator.blobs.rglob("*") if path.is_file()] == []


def test_a_rolled_back_append_leaves_the_blob_as_it_was(emulator: Emulator) -> None:
    address = BlobAddress(ACCOUNT, CONTAINER, "log")
    blobs.put(emulator, address, b"", kind="AppendBlob")
    blobs.append(emulator, address, b"kept ")

    def append_and_fail() -> None:
        with emulator.transaction():
            blobs.append(emulator, address, b"lost and longer")
            raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        append_and_fail()
    blobs.append(emulator, address, b"too")
    assert storage.read(emulator, *address) == b"kept too"


def test_blocks_make_a_blob_in_the_order_of_the_list(emulator: Emulator) -> None:
    address = BlobAddress(ACCOUNT, CONTAINER, "b")
    for block in "ab":
        blobs.stage(emulator, address, block, block.encode() * 3)
    blobs.commit(emulator, address, [("b", "Latest"), ("a", "Uncommitted")])
    blobs.stage(emulator, address, "c", b"c")
    blobs.commit(emulator, address, [("a", "Committed"), ("c", "Latest"), ("a", "Latest")])
    assert storage.read(emulator, *address) == b"aaacaaa"
    with pytest.raises(KeyError):
        blobs.commit(emulator, address, [("b", "Latest")])
    assert storage.read(emulator, *address) == b"aaacaaa"


def test_keys_differ_by_account_and_signatures_by_place() -> None:
    assert storage_keys.account_key("a") != storage_keys.account_key("b")
    query = dict(pair.split("=", 1) for pair in storage_keys.sas("acc", "c", "n", permissions="r").split("&"))
    token = {name: unquote(value) for name, value in query.items()}
    assert storage_keys.sas_problem(token, "acc", "c", "n", "r") is None
    assert storage_keys.sas_problem(token, "acc", "c", "n", "wd") == "AuthorizationPermissionMismatch"
    assert storage_keys.sas_problem(token, "acc", "c", "other", "r") == "Signature did not match."
    assert storage_keys.sas_problem({**token, "sp": "rw"}, "acc", "c", "n", "r") == "Signature did not match."


@pytest.mark.parametrize(
    ("services", "resources", "path", "problem"),
    [
        ("bf", "co", ("any-container", "a/b"), None),
        ("bf", "co", ("any-container", ""), None),
        ("bf", "co", ("", ""), "AuthorizationResourceTypeMismatch"),
        ("bf", "c", ("any-container", "a/b"), "AuthorizationResourceTypeMismatch"),
        ("f", "co", ("any-container", "a/b"), "AuthorizationServiceMismatch"),
    ],
)
def test_an_account_sas_opens_every_container_for_what_it_names(
    services: str, resources: str, path: tuple[str, str], problem: str | None
) -> None:
    text = storage_keys.account_sas("acc", services=services, resources=resources, permissions="rl", hours=1)
    token = dict(parse_qsl(text))
    assert storage_keys.sas_problem(token, "acc", *path, "r") == problem
    assert storage_keys.sas_problem({**token, "srt": "sco"}, "acc", *path, "r") == "Signature did not match."
