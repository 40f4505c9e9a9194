"""GitHub's filter patterns for branches, tags and paths: `*`, `**`, `?`, `+`, `[]`, `!`.

It must not know which filter they stand in. Source: the "filter pattern cheat sheet" of GitHub's documentation.
"""

import re
from collections.abc import Iterable

TOKENS = re.compile(
    r"(?P<folders>\*\*/)|(?P<all>\*\*)|(?P<name>\*)|(?P<same>[?+]|\[[^\]]+\])|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL
)
MEANING = {"folders": "(?:.*/)?", "all": ".*", "name": "[^/]*"}


def matches(patterns: Iterable[str], text: str) -> bool:
    """Whether a list of patterns takes a name; a later `!pattern` takes it out again, and a later pattern back in."""
    taken = False
    for pattern in patterns:
        if _regex(pattern.removeprefix("!")).fullmatch(text):
            taken = not pattern.startswith("!")
    return taken


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_piece(token) for token in TOKENS.finditer(pattern)))


def _piece(token: re.Match[str]) -> str:
    """`?`, `+` and `[]` mean to GitHub what they mean in a regular expression."""
    kind = token.lastgroup or ""
    return MEANING.get(kind) or (token[kind] if kind == "same" else re.escape(token[kind]))
