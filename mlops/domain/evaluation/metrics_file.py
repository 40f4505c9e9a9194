"""Reads metrics from the text of a file, and says where it is wrong.

It must not judge them.
"""

import json
import math
import re
from collections import Counter
from itertools import zip_longest
from typing import Any

from mlops.domain.numbers import as_float, from_plain
from mlops.errors import BadInput, Problem

PLACED = 100  # problems whose place is looked for, which reads the whole text each time


def read_metrics(text: str, name: str = "metrics.json") -> dict[str, float]:
    """Metrics from a file: a JSON object of numbers, or MLflow's `{"metrics": [{"key": …, "value": …, "step": …}]}`.

    Of several values of one key in MLflow's form the one of the last step counts. NaN is read as NaN: the gate decides.
    Raises BadInput with every problem and, where it can be found, its line and column; `name` is what problems call it.
    """
    try:
        data = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise BadInput(Problem("not valid JSON", name, error.lineno, error.colno, why=error.msg)) from None
    except (ValueError, RecursionError) as error:
        raise BadInput(Problem("not readable JSON", name, why=str(error))) from None
    if not isinstance(data, _Pairs):
        raise BadInput(Problem("must be a JSON object of metric names and numbers", name, 1, 1))
    points = dict(data).get("metrics")
    pairs, problems = _points(points, name) if isinstance(points, list) else (data.pairs, _repeated(data, text, name))
    found: dict[str, float] = {}
    for key, raw in pairs:
        value = from_plain(raw)
        if value is None:
            place = _place(text, key) if len(problems) < PLACED else ()
            problems.append(Problem(f"{key} is {_shown(raw)}, which is no number", name, *place))
        else:
            found[key] = value
    if problems:
        raise BadInput(problems)
    return found


class _Pairs(dict[str, Any]):
    """A JSON object that remembers its pairs, so that a repeated name is seen."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _repeated(data: _Pairs, text: str, name: str) -> list[Problem]:
    twice = sorted(key for key, count in Counter(key for key, _ in data.pairs).items() if count > 1)
    places = [_place(text, key) for key in twice[:PLACED]]
    spread = zip_longest(twice, places, fillvalue=())
    return [Problem(f"{key} is given more than once", name, *place) for key, place in spread]


def _points(points: list[Any], name: str) -> tuple[list[tuple[str, Any]], list[Problem]]:
    """MLflow's points in the order of their steps."""
    good, problems = [], []
    for index, point in enumerate(points):
        step = as_float(point.get("step", 0)) if isinstance(point, dict) else None
        if step is None or math.isnan(step) or not isinstance(point.get("key"), str) or "value" not in point:
            problems.append(
                Problem(f"metrics[{index}] must be an object with a key and a value, and its step a number", name)
            )
        else:
            good.append((step, point["key"], point["value"]))
    return [(key, value) for _, key, value in sorted(good, key=lambda item: item[0])], problems


def _place(text: str, key: str) -> tuple[int, int] | tuple[()]:
    """Line and column (from 1) of the first place where this name is written as a key or as MLflow's `key`."""
    quoted = re.escape(json.dumps(key, ensure_ascii=False))
    written = re.search(rf'{quoted}(?=\s*:)|(?<="key":){quoted}|(?<="key": ){quoted}', text)
    if written is None:
        return ()
    start = written.start()
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _shown(raw: object) -> str:
    text = json.dumps(raw)
    return text if len(text) <= 40 else f"{text[:40]}…"
