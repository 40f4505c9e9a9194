"""Reads text files that a person wrote: in UTF-8, or told which encoding they have and how to change it."""

import codecs
import stat
from pathlib import Path

from mlops.errors import BadInput, Problem

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
LARGEST = 256 << 20  # bytes
_FIX = "save it as UTF-8; PowerShell's `>` writes UTF-16: use `Out-File -Encoding utf8`"


def read(path: Path) -> str:
    """The text of a file. Raises BadInput for one that is no UTF-8 text; FileNotFoundError where there is none."""
    return decode(content(path), str(path))


def content(path: Path) -> bytes:
    """The bytes of a file. Raises as `read`; a pipe that nobody writes to, or a device without an end, is not read."""
    try:
        found = path.stat()
        kind = found.st_mode
        handed_over = path.parent.as_posix() in ("/dev", "/dev/fd") and not stat.S_ISCHR(
            kind
        )  # `<(command)` of a shell
        if not (stat.S_ISREG(kind) or handed_over):
            what = next((name for test, name in _KINDS if test(kind)), "no file")
            raise BadInput(Problem(f"is {what}", str(path), fix="name a file"))
        if found.st_size > LARGEST:
            raise BadInput(Problem(f"is larger than {LARGEST >> 20} MiB", str(path), fix="name a smaller file"))
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path that holds NUL
        raise BadInput(Problem("cannot be read", str(path), why=str(error))) from None


def decode(raw: bytes, name: str) -> str:
    """The text of bytes that `name` holds. Raises BadInput."""
    encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), "")
    if not encoding and raw[:200].count(0) > len(raw[:200]) // 4:
        encoding = "UTF-16"  # without its mark
    if encoding:
        raise BadInput(Problem(f"is {encoding} and not UTF-8", name, fix=_FIX))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"the byte 0x{raw[error.start]:02x} does not stand so in UTF-8; it may be Latin-1 or Windows-1252"
        raise BadInput(Problem("is not UTF-8", name, line, why=why, fix="save it as UTF-8")) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadInput(Problem("holds the character NUL", name, line, fix="remove it; an editor may show it as ^@"))
    return text
