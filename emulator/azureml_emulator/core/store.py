"""Everything the emulator remembers, in one SQLite file: resources by id, settings, operations, series, requests.

It must not know what a resource means. One thread uses it: handlers run one at a time, and workers post back to it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
BATCH = 100  # rows that are read at once
LAST = 2**63 - 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT UNIQUE NOT NULL, parent TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resources_parent ON resources (parent, kind, sequence);
CREATE INDEX IF NOT EXISTS resources_name ON resources (kind, name COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS operations (
  id TEXT PRIMARY KEY, resource TEXT NOT NULL, status TEXT NOT NULL, due REAL, reads INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS operations_status ON operations (status, resource);
CREATE TABLE IF NOT EXISTS metrics (
  run TEXT NOT NULL, name TEXT NOT NULL, value REAL, step INTEGER NOT NULL, at REAL NOT NULL); -- NULL is NaN
CREATE INDEX IF NOT EXISTS metrics_run ON metrics (run, name, at);
CREATE TABLE IF NOT EXISTS requests (
  endpoint TEXT NOT NULL, deployment TEXT NOT NULL, at REAL NOT NULL, status INTEGER NOT NULL,
  model_status INTEGER NOT NULL, milliseconds REAL NOT NULL, mirrored INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS requests_endpoint ON requests (endpoint, at);
CREATE TABLE IF NOT EXISTS traffic (endpoint TEXT NOT NULL, at REAL NOT NULL, shares TEXT NOT NULL); -- as JSON
CREATE TABLE IF NOT EXISTS blobs (
  account TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (account, container, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob_blocks (
  account TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL, block TEXT NOT NULL, file TEXT NOT NULL,
  size INTEGER NOT NULL, PRIMARY KEY (account, container, name, block)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Resource:
    """One stored document. `id` keeps the case it was created with; look-ups ignore case, as ARM does."""

    id: str
    parent: str
    kind: str
    name: str
    body: dict[str, Any]
    sequence: int


class Store:
    """A document store with a parent index, and the few tables that are series rather than documents."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._remembered: dict[str, Any] = {}
        self.database = sqlite3.connect(folder / "emulator.sqlite", isolation_level=None, check_same_thread=False)
        self.database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + SCHEMA)

    def close(self) -> None:
        """Flush and close; the file can be opened again by another process."""
        self.database.close()

    def begin(self) -> None:
        """Start the transaction of one request."""
        self.database.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what the request wrote."""
        self.database.execute("COMMIT")

    def rollback(self) -> None:
        """Forget what the request wrote."""
        self._remembered.clear()
        self.database.execute("ROLLBACK")

    def put(self, id: str, body: dict[str, Any], *, parent: str, kind: str, name: str) -> Resource:
        """Create or replace; a replaced resource keeps its place in the order of creation."""
        self.database.execute(
            "INSERT INTO resources (id, parent, kind, name, body) VALUES (?,?,?,?,?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (id.lower(), parent.lower(), kind, name, json.dumps({"_id": id, **body})),
        )
        found = self.get(id)
        assert found is not None
        return found

    def get(self, id: str) -> Resource | None:
        """The resource of that id, or None."""
        row = self.database.execute(
            "SELECT id, parent, kind, name, body, sequence FROM resources WHERE id = ?", (id.lower(),)
        ).fetchone()
        return _resource(row) if row else None

    def update(self, id: str, body: dict[str, Any]) -> None:
        """Replace the body of a resource that exists."""
        self.database.execute(
            "UPDATE resources SET body = ? WHERE id = ?", (json.dumps({"_id": id, **body}), id.lower())
        )

    def delete(self, id: str) -> None:
        """Remove a resource and all below it."""
        children = [row[0] for row in self.database.execute("SELECT id FROM resources WHERE parent = ?", (id.lower(),))]
        for child in children:
            self.delete(child)
        self.database.execute("DELETE FROM resources WHERE id = ?", (id.lower(),))

    def children(
        self, parent: str, kind: str, *, newest_first: bool = False, after: int | None = None
    ) -> Iterator[Resource]:
        """Resources of one kind below a parent, in order of creation; those after a sequence where one is given.

        They are read as they are asked for, so that a page costs what it shows.
        """
        beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
        at = after if after is not None else LAST if newest_first else -1
        query = (
            "SELECT id, parent, kind, name, body, sequence FROM resources "  # noqa: S608 - of two constants
            f"WHERE parent = ? AND kind = ? AND sequence {beyond} ? ORDER BY sequence {order} LIMIT {BATCH}"
        )
        while rows := self.database.execute(query, (parent.lower(), kind, at)).fetchall():
            yield from map(_resource, rows)
            if len(rows) < BATCH:
                return
            at = rows[-1][-1]

    def names(self, parent: str, kind: str) -> list[str]:
        """The names of resources of one kind below a parent, in order of creation, without reading what they hold."""
        rows = self.database.execute(
            "SELECT name FROM resources WHERE parent = ? AND kind = ? ORDER BY sequence", (parent.lower(), kind)
        )
        return [name for (name,) in rows]

    def every(self, kind: str, *, within: str = "") -> Iterator[Resource]:
        """All resources of one kind, in order of creation; of them those that have a text within their id."""
        rows = self.database.execute(
            "SELECT id, parent, kind, name, body, sequence FROM resources WHERE kind = ? AND instr(id, ?) "
            "ORDER BY sequence",
            (kind, within.lower()),
        ).fetchall()
        return map(_resource, rows)

    def newest(self, kind: str, most: int) -> list[Resource]:
        """The resources of one kind that were made last, newest first."""
        rows = self.database.execute(
            "SELECT id, parent, kind, name, body, sequence FROM resources WHERE kind = ? "
            "ORDER BY sequence DESC LIMIT ?",
            (kind, most),
        ).fetchall()
        return [_resource(row) for row in rows]

    def named(self, kind: str, name: str) -> Iterator[Resource]:
        """Resources of one kind and name, whatever they are part of; case is ignored."""
        rows = self.database.execute(
            "SELECT id, parent, kind, name, body, sequence FROM resources "
            "WHERE kind = ? AND name = ? COLLATE NOCASE ORDER BY sequence",
            (kind, name),
        ).fetchall()
        return map(_resource, rows)

    def setting(self, name: str, default: str) -> str:
        """A named string, or the default."""
        return self._settings().get(name, default)

    def set_setting(self, name: str, value: str) -> None:
        """Remember a named string."""
        self._settings()[name] = value
        self.database.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))

    def forget_setting(self, name: str) -> None:
        """Go back to the default of a named string."""
        self._settings().pop(name, None)
        self.database.execute("DELETE FROM settings WHERE name = ?", (name,))

    def _settings(self) -> dict[str, str]:
        """All of them: they are few, and each call asks for some."""
        return self.remember("settings", lambda: dict(self.database.execute("SELECT name, value FROM settings")))

    def remember(self, name: str, read: Callable[[], T]) -> T:
        """What was read before; it is true until it is forgotten by whoever writes it, or by a rollback."""
        if name not in self._remembered:
            self._remembered[name] = read()
        found: T = self._remembered[name]
        return found

    def forget(self, name: str) -> None:
        """Read it anew when it is asked for."""
        self._remembered.pop(name, None)


def _resource(row: tuple[str, str, str, str, str, int]) -> Resource:
    body = json.loads(row[4])
    return Resource(id=body.pop("_id"), parent=row[1], kind=row[2], name=row[3], body=body, sequence=row[5])
