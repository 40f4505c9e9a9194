"""Says which format a row has, and converts rows of any of them. The order of `FORMATS` decides where two would fit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from mlops.domain.dataset.formats import chat, pairs, transcript, trees
from mlops.domain.dataset.formats.turns import Converted, Row, fault
from mlops.domain.dataset.rows import Fault, Place, Read

LOOKED_AT = 50  # rows by which a file's format is told


@dataclass(frozen=True)
class Format:
    """One format: its name for `--format`, what people call it, and how a row is recognised and converted."""

    name: str
    title: str
    fits: Callable[[Row], bool]
    convert: Callable[[Row], Converted | Fault]


FORMATS = (
    Format("messages", "OpenAI chat (messages, role, content)", chat.fits_messages, chat.of_messages),
    Format("sharegpt", "ShareGPT (conversations, from, value)", chat.fits_sharegpt, chat.of_sharegpt),
    Format("oasst", "a tree of replies (OpenAssistant)", trees.fits_tree, trees.of_tree),
    Format("preference", "preference data (chosen, rejected)", pairs.fits_preference, pairs.of_preference),
    Format("alpaca", "Alpaca (instruction, input, output)", pairs.fits_alpaca, pairs.of_alpaca),
    Format("pairs", "a question and an answer (prompt, completion)", pairs.fits_pairs, pairs.of_pairs),
    Format("transcript", "marked turns in one text", transcript.fits, transcript.convert),
)
GROUPED = "oasst-messages"  # one message in each row: rows must be seen together
UNKNOWN_FIX = "name its columns (--columns user=...,assistant=...), or write a mapping file (--mapping)"


def recognise(row: object) -> Format | None:
    """The format of one row."""
    if not isinstance(row, Mapping):
        return None
    return next((one for one in FORMATS if one.fits(row)), None)


def find(rows: Iterable[object]) -> Format | str | None:
    """The format that most of the first rows have; `GROUPED` for messages that have to be put together."""
    seen = [row for row in islice(rows, LOOKED_AT) if isinstance(row, Mapping)]
    if any(trees.fits_message(row) for row in seen):
        return GROUPED
    found = [one for row in seen if (one := recognise(row)) is not None]
    return max(found, key=found.count) if found else None


def convert(rows: Iterable[Read], wanted: str | None = None) -> Iterator[tuple[Place, str, Converted | Fault]]:
    """Each row with the name of its format: the wanted one, or the one that it is recognised by."""
    for place, row in rows:
        if isinstance(row, Fault):
            yield place, "", row
            continue
        if not isinstance(row, Mapping):
            yield place, "", fault("a row must be an object with named values", UNKNOWN_FIX)
            continue
        known = next((one for one in FORMATS if one.name == wanted), None) if wanted else recognise(row)
        if known is None or not known.fits(row):
            yield place, "", unknown(row, known)
            continue
        yield place, known.name, known.convert(row)


def unknown(row: Row, wanted: Format | None = None) -> Fault:
    """A row that no format explains, or not the wanted one."""
    keys = ", ".join(f"`{str(key)[:40]}`" for key in list(row)[:8]) or "none"
    if wanted:
        return fault(f"this row is not {wanted.title}; its keys are {keys}", "name another format, or none")
    return fault(f"no known format has the keys {keys}", UNKNOWN_FIX)
