"""The recipe digest: what can be known of prepared data without downloading anything.

It must not import what reads or judges rows, so that `mlops plan` stays fast.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

# Raise it when the same inputs would give other files than before: a rule, the division, the order, the encoding.
PREPARATION_VERSION = 3

# Keys of the `data` block that say where things are and what is told of the rows, not what becomes of them.
NOT_INPUTS = frozenset({"name", "curated", "tokenizer"})


def recipe_digest(
    data_params: Mapping[str, object], curated: Iterable[tuple[str, bytes]], asked: Iterable[str] = ()
) -> str:
    """30 hex digits over the data parameters, the curated files' bytes, what is `asked` and PREPARATION_VERSION.

    `data_params` is the effective `data` block (defaults filled in); `curated` are (path, bytes). The order of keys and
    files, `1` for `1.0`, and the name of a file up to its ending do not count, because the rows do not depend on them.
    With `weights` or `sources`, which go by name, they do.
    """
    params = {key: _plain(value) for key, value in data_params.items() if key not in NOT_INPUTS}
    named = bool(data_params.get("weights") or data_params.get("sources"))
    files = sorted(
        [path if named else PurePosixPath(path).suffix.lower(), hashlib.sha256(data).hexdigest()]
        for path, data in curated
    )
    parts = [PREPARATION_VERSION, params, files, *([questions] if (questions := sorted(asked)) else [])]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:30]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
