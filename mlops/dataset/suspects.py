"""Which rows of a frame hold something that is looked for: personal data, control tokens, questions of the evaluation.

It must not decide what becomes of them: the rules of `mlops.domain` do, and they meet every row that is named here.
Most rows are let go by a few searches over all texts at once. polars remembers 32 compiled expressions; there must be
fewer, or each is compiled for each frame again, which took a quarter of the time (docs/decisions/0034).
"""

import re
from itertools import groupby

import numpy as np

from mlops.dataset.minhash import BLOCK, Integers, sparse
from mlops.dataset.parts import ROLES, Parts
from mlops.domain.dataset import lost_meaning, personal
from mlops.domain.dataset.policies import Policies
from mlops.domain.evaluation.probes.leaks import EDGES, ENDS, Questions


def _group(pattern: personal.Pattern) -> tuple[str, tuple[str, ...]]:
    return pattern.sieve, pattern.marks if pattern.sieve == "letter" else ()


# Marks by their length: each of the three becomes one search by the processor's vector instructions, much faster than a
# search for all of them.
SIEVES = {
    kind: "|".join(
        re.escape(mark)
        for mark in sorted({mark for one in personal.PATTERNS if one.sieve == kind for mark in one.marks} | extra)
    )
    for kind, extra in (("letter", set[str]()), ("sign", {"://"}), ("word", set[str]()))
}
# Every number that means a person has so many times two digits side by side, and none is longer.
PAIRS, LONGEST = 3, 48
CONTROL_SIEVE = "|".join(re.escape(mark) for mark in lost_meaning.CONTROL_MARKS)
# Patterns that are looked for together; those of a frequent letter are apart from those of another.
_GROUPS = [(key[0], list(patterns)) for key, patterns in groupby(sorted(personal.PATTERNS, key=_group), key=_group)]
_CONTROL = f"(?-u){lost_meaning.CONTROL_TOKENS.pattern}"


def may_ask(parts: Parts, plain: Integers, questions: Questions) -> None:
    """Rows that may ask a question of the evaluation are plain no longer."""
    short = parts.characters <= questions.longest
    users = np.flatnonzero((parts.code == ROLES["user"]) & short & plain[parts.row])
    bare = parts.content.gather(users).str.strip_chars(EDGES).str
    ends = bare.head(ENDS).append(bare.tail(ENDS)).str.to_lowercase()
    held = ends.is_in(questions.ends).to_numpy().reshape(2, -1).any(axis=0)
    plain[parts.row[users[held]]] = False


def told(parts: Parts, plain: Integers, policies: Policies) -> dict[int, tuple[str, ...]]:
    """Row -> what is only told of it. Rows that hold anything else that is looked for are plain no longer."""
    if policies.control_tokens != "ignore":
        marked = parts.content.str.contains(CONTROL_SIEVE).fill_null(False).to_numpy()
        places = np.flatnonzero(marked & plain[parts.row])
        held = parts.content.gather(places).str.contains(_CONTROL).to_numpy()
        plain[parts.row[places[held]]] = False
    kinds = _personal(parts, plain, policies) if policies.looks else {}
    closer = [row for row, names in kinds.items() if any(policies.of(name) != "warn" for name in names)]
    plain[closer] = False
    return {row: names for row, names in kinds.items() if plain[row]}


def _personal(parts: Parts, plain: Integers, policies: Policies) -> dict[int, tuple[str, ...]]:
    """Row -> the kinds of secrets and personal data in it that are not ignored, for rows that are plain."""
    marked = {kind: parts.content.str.contains(sieve).fill_null(False).to_numpy() for kind, sieve in SIEVES.items()}
    marked["number"] = _numbers(parts)
    suspects = {sieve: np.flatnonzero(held & plain[parts.row]) for sieve, held in marked.items()}
    texts = {sieve: parts.content.gather(places) for sieve, places in suspects.items()}
    found: dict[int, set[str]] = {}
    for sieve, group in _GROUPS:
        patterns = [pattern for pattern in group if policies.of(pattern.kind) != "ignore"]
        if not len(texts[sieve]) or not patterns:
            continue
        held = np.flatnonzero(texts[sieve].str.contains(_any_of(patterns)).to_numpy())
        for place, text in zip(suspects[sieve][held].tolist(), texts[sieve].gather(held).to_list(), strict=True):
            if kinds := {pattern.kind for pattern in patterns if personal.holds(pattern, text)}:
                found.setdefault(int(parts.row[place]), set()).update(kinds)
    return {row: tuple(kinds) for row, kinds in found.items()}


def _numbers(parts: Parts) -> Integers:
    """Which messages hold a number that may mean a person. Digits side by side are looked for first: most have few."""
    found_at = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(parts.data), BLOCK):
        digit = (parts.data[start : start + BLOCK + 1] - np.uint8(ord("0"))) < 10
        found_at.append(sparse(digit[:-1] & digit[1:]) + start)
    places = np.concatenate(found_at)
    first = places[: max(0, len(places) - PAIRS + 1)]
    some = parts.owners(first[places[PAIRS - 1 :] - first <= LONGEST])
    found = np.zeros(len(parts.code), dtype=bool)
    found[some] = parts.content.gather(some).str.contains(f"(?-u){personal.NUMBER.pattern}").fill_null(False).to_numpy()
    return found


def _any_of(patterns: list[personal.Pattern]) -> str:
    """One expression for all of them, for polars, whose words and digits are those of ASCII as well."""
    return "(?-u)" + "|".join(f"(?:{one.expression.pattern})" for one in patterns)
