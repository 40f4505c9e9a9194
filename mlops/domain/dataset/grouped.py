"""Many faults as few problems: the same thing wrong in many rows of a file is told once, with its count and places."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlops.domain.dataset.rows import Fault, Place
from mlops.errors import Problem

MOST = 7  # problems that are told; each takes up to six lines of a terminal
MOST_WARNINGS = 20
FIRST = 3  # places of a group
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def grouped(faults: Iterable[tuple[Place, Fault]], rest: str) -> list[Problem]:
    """At most eight problems, those with most rows first. `rest` says where the whole list is."""
    groups = _groups(faults)
    told = sorted((_told(members) for members in groups), key=lambda pair: -pair[0])
    few = told if len(told) <= MOST + 1 else told[:MOST]
    problems = [problem for _, problem in few]
    left = told[len(few) :]
    if left:
        rows = sum(count for count, _ in left)
        problems.append(Problem(f"and {rows:,} more rows, wrong in {len(left):,} other ways", fix=rest))
    elif any(len(members) > FIRST for members in groups):
        last = problems[-1]
        problems[-1] = replace(last, fix=f"{rest}; {last.fix}" if last.fix else rest)
    return problems


def warnings(found: Iterable[tuple[Place, Fault]], why: str) -> list[Problem]:
    """The same for what is only told."""
    told = sorted((_told(members) for members in _groups(found)), key=lambda pair: -pair[0])
    few = told if len(told) <= MOST_WARNINGS else told[: MOST_WARNINGS - 1]
    problems = [replace(problem, why=why) for _, problem in few]
    if rest := told[len(few) :]:
        problems.append(Problem(f"and {sum(count for count, _ in rest):,} more rows in {len(rest):,} groups", why=why))
    return problems


def _groups(faults: Iterable[tuple[Place, Fault]]) -> list[list[tuple[Place, Fault]]]:
    groups: dict[tuple[str, ...], list[tuple[Place, Fault]]] = {}
    for place, fault in faults:
        key = (place.path, fault.reason, _NUMBER.sub("#", fault.what), _NUMBER.sub("#", fault.fix))
        groups.setdefault(key, []).append((place, fault))
    return list(groups.values())


def _told(members: Sequence[tuple[Place, Fault]]) -> tuple[int, Problem]:
    place, fault = members[0]
    problem = fault.problem(place)
    if len(members) == 1:
        return 1, problem
    kind = "lines" if place.line else "rows"
    places = ", ".join(str(where.line or where.row) for where, _ in members[:FIRST])
    more = ", ..." if len(members) > FIRST else ""
    why = f"rejected as `{fault.reason}`; {kind} {places}{more}"
    return len(members), replace(problem, what=f"{len(members):,} rows: {fault.what}", why=why)
