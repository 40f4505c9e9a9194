"""The emulator that handlers are given: its folder, store, clock, operations and background work.

It must not know HTTP.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from azureml_emulator.core import clouds
from azureml_emulator.core.clock import Clock
from azureml_emulator.core.faults.registry import Faults
from azureml_emulator.core.operations import Operations
from azureml_emulator.core.store import Store

T = TypeVar("T")


class Emulator:
    """One emulated cloud. Handlers run one at a time on `loop`; workers come back to it through `post`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder)
        clouds.pose(self.store.setting(clouds.SETTING, clouds.PUBLIC.name))
        self.clock = Clock(self.store)
        self.operations = Operations(self.store, self.clock)
        self.route_names: Sequence[str] = ()  # of every call that is answered; what a fault can be asked for
        self.page = ""  # where its own web page is, once it is served
        self._parts: dict[Callable[[Emulator], Any], Any] = {}
        self.faults = Faults(self.store, self.clock)
        self.blobs = folder / "blobs"
        self.blobs.mkdir(exist_ok=True)
        self.cache: dict[str, Any] = {}  # loaded models and the like; may be emptied at any time
        self.tasks: set[asyncio.Task[Any]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ends = ExitStack()  # what a part holds beside memory; it says here how that is let go

    def part(self, make: "Callable[[Emulator], T]") -> T:
        """What a service keeps in memory for this emulator; made when it is first asked for."""
        if make not in self._parts:
            self._parts[make] = make(self)
        found: T = self._parts[make]
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept together or forgotten together."""
        self.store.begin()
        try:
            yield
        except BaseException:
            self.store.rollback()
            raise
        self.store.commit()

    def spawn(self, work: Any, name: str) -> None:
        """Run a coroutine in the background for as long as the server lives."""
        assert self.loop is not None, "background work needs the running server"
        task = self.loop.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def close(self) -> None:
        """Release the files, and what parts hold."""
        self.ends.close()
        self.store.close()
