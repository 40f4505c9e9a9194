"""How alike two conversations are: one measure for curated and public rows, whatever script they are in.

A shingle is a run of 16 bytes of the text in UTF-8, from any byte on; a line feed counts as a space, and letters as
those of one case (of ASCII, and of the scripts whose cases differ in that bit). So a shingle is about three English
words, a cell and its neighbours of a table, five Chinese characters, or a piece of a line of code. Two texts are as
alike as the Jaccard index of their sets of shingles. Text of system messages does not count: many rows share it.

It must not decide what happens to what is alike.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlops import jsons

Hashes: TypeAlias = NDArray[np.uint64]
Bytes: TypeAlias = NDArray[np.uint8]

SHINGLE_BYTES = 16
_FIRST, _SECOND, _MIX = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))
_SPACE, _FEED = np.uint8(0x20), np.uint8(0x0A)  # a line feed with the bit of a space, and without its own, is a space


def compared(messages: Any) -> bytes:
    """What of a conversation is compared: its turns without the system message."""
    return "".join(message["content"] for message in messages if message["role"] != "system").encode()


def of_line(line: bytes) -> bytes:
    """The same for a row's line."""
    return compared(jsons.read(line)["messages"])


def fold(text: Bytes, out: Bytes) -> Bytes:
    """The bytes as they are compared. numpy has no vector instructions for what would be shorter, such as a maximum."""
    feeds = np.equal(text, _FEED).view(np.uint8)
    feeds *= _FEED
    np.bitwise_or(text, _SPACE, out=out)
    out ^= feeds
    return out


def hashes(text: Bytes, starts: NDArray[Any] | slice) -> Hashes:
    """A hash of each run of 16 bytes of a text that begins at one of the places; all must have 16 bytes."""
    eight: Hashes = np.ndarray((len(text) - 7,), dtype="<u8", buffer=text, strides=(1,))
    if isinstance(starts, slice):
        first, second = eight[:-8].astype(np.uint64), eight[8:].astype(np.uint64)
    else:
        first, second = eight[starts], eight[starts + 8]
    for part in (first, second):
        fold(part.view(np.uint8), part.view(np.uint8))
    return mixed(first, second)


def mixed(first: Hashes, second: Hashes) -> Hashes:
    """The hash of a run from its two halves, which are used up."""
    first *= _FIRST
    second *= _SECOND
    first ^= second
    first ^= first >> np.uint64(33)
    first *= _MIX
    return first


def shingles(text: bytes) -> Hashes:
    """The set of a text's shingles, in order; empty for a text of less than 16 bytes."""
    if len(text) < SHINGLE_BYTES:
        return np.empty(0, dtype=np.uint64)
    return _distinct(hashes(np.frombuffer(text, dtype=np.uint8), slice(None)))


def similarity(one: bytes, other: bytes) -> float:
    """The Jaccard index of the shingles of two texts, 0 to 1; 0 when either is too short to compare."""
    return jaccard(shingles(one), shingles(other))


def jaccard(first: Hashes, second: Hashes) -> float:
    """The share of what two sets have in common of what either has."""
    if not len(first) or not len(second):
        return 0.0
    common = len(first) + len(second) - len(_distinct(np.concatenate([first, second])))
    return common / (len(first) + len(second) - common)


def _distinct(found: Hashes) -> Hashes:
    """Sorted in place, each once: some five times as fast as `np.unique`, which hashes."""
    found.sort()
    first = np.ones(len(found), dtype=bool)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    return found[first]
