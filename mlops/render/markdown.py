"""Puts any text into GitHub's Markdown so that it is shown as it is written. It must not know what is reported."""

import re

_URL = re.compile(r"https?://[^\s<>|`\"]*[^\s<>|`\".,;:!?')\]]")
_SPECIAL = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])")
_BLOCK = re.compile(r"^(\d*)([-+=#.)])")  # a list, a numbered list, a heading and what underlines one
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"


def clean(text: str) -> str:
    """The text without control characters, which could move a terminal's cursor; every line break becomes a newline."""
    return re.sub(_CONTROL, "", re.sub(r"\r\n?|[\u2028\u2029]", "\n", text))


def inline(text: str) -> str:
    """Text for a table's cell or a heading: nothing in it is markup, web addresses become links, breaks are `<br>`."""
    return "<br>".join(_line(line) for line in clean(text).replace("\t", " ").split("\n"))


def paragraph(text: str) -> str:
    """Text that starts a block: as `inline`, and it makes no list, heading or quotation."""
    return "<br>".join(_start(_line(line)) for line in clean(text).replace("\t", " ").strip("\n").split("\n"))


def fenced(text: str, language: str = "") -> str:
    """A code block, with a fence longer than any in the text."""
    body = clean(text)
    longest = max((len(found) for found in re.findall(r"`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _line(line: str) -> str:
    parts, end = [], 0
    for found in _URL.finditer(line):
        parts += [_escape(line[end : found.start()]), f"<{found[0]}>"]
        end = found.end()
    return "".join([*parts, _escape(line[end:])]).strip()


def _escape(text: str) -> str:
    escaped = _SPECIAL.sub(lambda found: "\\" + found[0], text)
    # GitHub reads $…$ as mathematics; its documentation gives the span as the way out.
    return escaped.replace("$", "<span>$</span>")


def _start(line: str) -> str:
    return _BLOCK.sub(r"\1\\\2", line)
