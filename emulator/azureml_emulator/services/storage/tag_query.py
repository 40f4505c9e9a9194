"""What is asked of the tags of blobs: the condition of one call, and the search for blobs by their tags.

It must not read a blob: it is given tags.
Source: the Blob service REST API, "Specifying conditional headers" (x-ms-if-tags) and Find Blobs by Tags.
"""

import operator
import re
from collections.abc import Callable, Mapping

Test = Callable[[Mapping[str, str]], bool]
CONTAINER = "@container"
_WORD = re.compile(
    r"""\s*(?:"(?P<key>[^"]*)"|'(?P<text>[^']*)'|(?P<sign><>|<=|>=|=|<|>)|(?P<bare>@?[A-Za-z_][A-Za-z0-9_]*)|(?P<end>$))"""
)
_SIGNS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def condition(text: str) -> Test:
    """Of `x-ms-if-tags`: every comparison, with AND and OR, AND first. Raises ValueError."""
    groups = [[_comparison(one, tuple(_SIGNS)) for one in group] for group in _grouped(_words(text))]
    return lambda tags: any(all(test(tags) for test in group) for group in groups)


def search(text: str) -> Test:
    """Of `where`: comparisons with AND only, and none that excludes. The container is the tag `@container`.

    Raises ValueError.
    """
    groups = _grouped(_words(text))
    if len(groups) > 1:
        raise ValueError("OR is not known")
    tests = [_comparison(one, ("=", "<", "<=", ">", ">=")) for one in groups[0]]
    return lambda tags: all(test(tags) for test in tests)


def _comparison(words: list[tuple[str, str]], signs: tuple[str, ...]) -> Test:
    """A key, a sign and a text; a blob without the key never fits."""
    if [kind for kind, _ in words] != ["key", "sign", "text"] or words[1][1] not in signs:
        raise ValueError("no comparison of a tag with a text")
    key, wanted, compare = words[0][1], words[2][1], _SIGNS[words[1][1]]
    return lambda tags: key in tags and compare(tags[key], wanted)


def _grouped(words: list[tuple[str, str]]) -> list[list[list[tuple[str, str]]]]:
    """Alternatives, of comparisons that must all hold."""
    groups: list[list[list[tuple[str, str]]]] = [[[]]]
    for kind, word in words:
        if kind == "bare" and word.upper() == "OR":
            groups.append([[]])
        elif kind == "bare" and word.upper() == "AND":
            groups[-1].append([])
        else:
            groups[-1][-1].append(("key", word) if kind == "bare" else (kind, word))
    return groups


def _words(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        match = _WORD.match(text, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"not understood from {text[at : at + 20]!r} on")
        if match.lastgroup == "end":
            return found
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
