"""What merging the files as they are here would change and start, told without any cloud.

It must not know what the workspace holds: whether a run is really needed is for `mlops plan` after the merge.
"""

from typing import Any

import yaml

from mlops import actions, history, yamls
from mlops.domain.release.changes import conversations, only_documents, parameters
from mlops.flow.context import Context
from mlops.render import Section, table

MAIN = "refs/heads/main"
OF_NOBODY = {"train": "", "code": "true"}  # without a base nothing is known, so nothing may be left out
SHOWN = 50


def against(context: Context, base: str) -> tuple[Section | None, dict[str, str]]:
    """A section for the report, and outputs: whether a push of this starts `train`, and whether programs changed."""
    if not base:
        return None, dict(OF_NOBODY)
    top = history.top(context.root)
    if not history.known(top, base):
        return Section("What merging changes", (f"this clone does not have {base}, so nothing is compared",)), dict(
            OF_NOBODY
        )
    paths = history.changed(top, base)
    started = [flow.path.stem for flow in actions.started_by(top, "push", ref=MAIN, changed=paths)]
    trains = "train" in started
    rows = conversation_rows(context, base, paths)
    tables = [_parameters(context, base), table("Conversations", ("file", "added", "removed"), rows)]
    lines = (
        f"{len(paths)} files differ from {base}",
        "merging starts `train`, which plans against the workspace and trains what was not trained before"
        if trains
        else "merging starts no training: neither params.yaml nor conversations changed",
    )
    section = Section("What merging changes", lines, tuple(item for item in tables if item.rows))
    return section, {"train": _flag(trains), "code": _flag(not only_documents(paths))}


def _parameters(context: Context, base: str) -> Any:
    found = parameters(parameters_at(context, base), values(context.params_path.read_bytes()))
    rows = [(item.key, item.before, item.after) for item in found[:SHOWN]]
    if len(found) > SHOWN:
        rows.append((f"and {len(found) - SHOWN} more", "", ""))
    return table("Parameters", ("key", "before", "after"), rows)


def conversation_rows(context: Context, base: str, paths: list[str]) -> list[tuple[str, int | None, int | None]]:
    """File, lines added, lines removed of each curated file among the paths that differ from a commit."""
    top = history.top(context.root)
    root = context.root.resolve()
    rows: list[tuple[str, int | None, int | None]] = []
    for path in paths:
        here = top / path
        if root not in here.parents or not context.params.is_curated(here.relative_to(root).as_posix()):
            continue
        after = here.read_bytes() if here.is_file() else b""
        # A Parquet file has no lines to compare.
        counts = conversations(history.content(top, base, path), after) if path.endswith(".jsonl") else (None, None)
        if counts != (0, 0):  # the same lines in another order, or a file that git does not follow here
            rows.append((path, *counts))
    return rows


def parameters_at(context: Context, commit: str) -> Any:
    """What the parameters' file said at a commit."""
    top = history.top(context.root)
    return values(history.content(top, commit, (context.root / context.params_path.name).relative_to(top).as_posix()))


def values(text: bytes) -> Any:
    """What a file of YAML says; None where it cannot be read."""
    try:
        return yamls.read(text)
    except yaml.YAMLError:  # of the base, where it is no business of this change
        return None


def _flag(value: bool) -> str:
    return "true" if value else "false"
