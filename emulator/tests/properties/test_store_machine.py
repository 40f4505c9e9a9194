"""The store and the blobs of the emulator against plain dictionaries, over random sequences of operations."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blobs, storage
from azureml_emulator.services.storage.blobs import BlobAddress

NAMES = st.sampled_from(["a", "A", "b", "c/d", "é", "c/d/e", "..", "c"])
DATA = st.binary(max_size=20)
BLOCKS = st.sampled_from(["YQ==", "Yg==", "Yw=="])


class StoreMachine(RuleBasedStateMachine):
    """Resources by id in two levels, with transactions that fail and processes that stop."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.emulator = Emulator(self.folder)
        self.parents: dict[str, dict[str, Any]] = {}  # lower-case name -> children by lower-case name, in order

    def teardown(self) -> None:
        self.emulator.close()
        shutil.rmtree(self.folder)

    @rule(name=NAMES)
    def put_parent(self, name: str) -> None:
        self.emulator.store.put(f"/{name}", {}, parent="", kind="parents", name=name)
        self.parents.setdefault(name.lower(), {})

    @rule(parent=NAMES, name=st.sampled_from(["x", "X", "y", "z"]), value=st.integers())
    def put_child(self, parent: str, name: str, value: int) -> None:
        if parent.lower() in self.parents:
            self.emulator.store.put(f"/{parent}:{name}", {"v": value}, parent=f"/{parent}", kind="children", name=name)
            self.parents[parent.lower()][name.lower()] = value

    @rule(parent=NAMES, name=st.sampled_from(["x", "X", "y"]), value=st.integers())
    def update_child(self, parent: str, name: str, value: int) -> None:
        self.emulator.store.update(f"/{parent}:{name}", {"v": value})
        if name.lower() in self.parents.get(parent.lower(), {}):
            self.parents[parent.lower()][name.lower()] = value

    @rule(parent=NAMES)
    def delete_parent(self, parent: str) -> None:
        self.emulator.store.delete(f"/{parent}")
        self.parents.pop(parent.lower(), None)

    @rule(parent=NAMES, name=st.sampled_from(["x", "Y"]))
    def delete_child(self, parent: str, name: str) -> None:
        self.emulator.store.delete(f"/{parent}:{name}")
        self.parents.get(parent.lower(), {}).pop(name.lower(), None)

    @rule(parent=NAMES)
    def fail_in_a_transaction(self, parent: str) -> None:
        try:
            with self.emulator.transaction():
                self.emulator.store.delete(f"/{parent}")
                self.emulator.store.put("/new", {}, parent="", kind="parents", name="new")
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    @rule()
    def restart(self) -> None:
        self.emulator.close()
        self.emulator = Emulator(self.folder)

    @invariant()
    def holds_what_the_dictionaries_hold(self) -> None:
        assert sorted(item.id[1:].lower() for item in self.emulator.store.every("parents")) == sorted(self.parents)
        for parent, children in self.parents.items():
            found = self.emulator.store.children(f"/{parent}", "children")
            assert [(item.id.split(":")[1].lower(), item.body["v"]) for item in found] == list(children.items())


class BlobMachine(RuleBasedStateMachine):
    """Blobs of one container: written whole, in blocks, appended, copied, deleted, with failures and restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.emulator = Emulator(self.folder)
        self.blobs: dict[str, bytes] = {}
        self.blocks: dict[str, dict[str, bytes]] = {}  # uncommitted
        self.committed: dict[str, dict[str, bytes]] = {}

    def teardown(self) -> None:
        self.emulator.close()
        shutil.rmtree(self.folder)

    @staticmethod
    def at(name: str) -> BlobAddress:
        return BlobAddress("account", "container", name)

    @rule(name=NAMES, data=DATA)
    def put(self, name: str, data: bytes) -> None:
        with self.emulator.transaction():
            blobs.put(self.emulator, self.at(name), data)
        self.blobs[name] = data
        self.committed.pop(name, None)

    @rule(name=NAMES, data=DATA)
    def append(self, name: str, data: bytes) -> None:
        with self.emulator.transaction():
            if name not in self.blobs:
                blobs.put(self.emulator, self.at(name), b"", kind="AppendBlob")
            if name not in self.committed:  # only a block blob has blocks
                blobs.append(self.emulator, self.at(name), data)
        if name not in self.committed:
            self.blobs[name] = self.blobs.get(name, b"") + data

    @rule(name=NAMES, block=BLOCKS, data=DATA)
    def stage(self, name: str, block: str, data: bytes) -> None:
        with self.emulator.transaction():
            blobs.stage(self.emulator, self.at(name), block, data)
        self.blocks.setdefault(name, {})[block] = data

    @rule(name=NAMES, listed=st.lists(BLOCKS, max_size=4))
    def commit(self, name: str, listed: list[str]) -> None:
        known = {**self.committed.get(name, {}), **self.blocks.get(name, {})}
        if not set(listed) <= set(known):
            with pytest.raises(KeyError), self.emulator.transaction():
                blobs.commit(self.emulator, self.at(name), [(block, "Latest") for block in listed])
            return
        with self.emulator.transaction():
            blobs.commit(self.emulator, self.at(name), [(block, "Latest") for block in listed])
        self.committed[name] = {block: known[block] for block in listed}
        self.blobs[name] = b"".join(known[block] for block in listed)
        self.blocks.pop(name, None)

    @precondition(lambda self: self.blobs)
    @rule(number=st.integers(0, 7), to=NAMES)
    def copy(self, number: int, to: str) -> None:
        source, target = sorted(self.blobs)[number % len(self.blobs)], to
        with self.emulator.transaction():
            blobs.copy(self.emulator, self.at(source), self.at(target))
        self.blobs[target] = self.blobs[source]
        if source in self.committed:
            self.committed[target] = self.committed[source]
        else:
            self.committed.pop(target, None)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        with self.emulator.transaction():
            blobs.delete(self.emulator, self.at(name))
        self.blobs.pop(name, None)
        self.blocks.pop(name, None)
        self.committed.pop(name, None)

    @rule()
    def restart(self) -> None:
        self.emulator.close()
        self.emulator = Emulator(self.folder)

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        names = [blob.name for blob in blobs.walk(self.emulator, BlobAddress("account", "container", ""))]
        assert names == sorted(self.blobs)
        for name, data in self.blobs.items():
            assert storage.read(self.emulator, "account", "container", name) == data

    @invariant()
    def keeps_a_file_for_each_blob_and_block_only(self) -> None:
        kept = [path for path in self.emulator.blobs.rglob("*") if path.is_file()]
        assert len(kept) == len(self.blobs) + sum(len(blocks) for blocks in self.blocks.values())


StoreMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
BlobMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestStore = StoreMachine.TestCase
TestBlobs = BlobMachine.TestCase
