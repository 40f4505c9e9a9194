"""What a pull request would change, in a form that one job writes and another, which may do more, reads.

Anybody may write it: each text and number has a bound here, and nothing of it is to be shown but as a quotation.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

FILE = "change.json"  # the one file of the artifact
ARTIFACT = "change"  # its name, with `-<project>` where there are several projects
LARGEST = 256 * 1024  # bytes
LONGEST = 500  # characters of a text
MOST = 20  # of a list
MOST_PARAMETERS = 100
Text = Annotated[str, Field(max_length=LONGEST)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Signed = Annotated[int, Field(ge=-(10**12), le=10**12)]
Money = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]


@dataclass(frozen=True)
class ChangedParameter:
    """A key of params.yaml with another value."""

    key: Text
    before: Text
    after: Text


@dataclass(frozen=True)
class ChangedCount:
    """A number of the conversations then and now."""

    name: Text
    before: Signed
    after: Signed


@dataclass(frozen=True)
class ShownConversation:
    """A conversation that came or went: its place and how it begins."""

    place: Text
    begins: Text


@dataclass(frozen=True)
class ShownEdit:
    """An edited conversation: its place, and of each changed message the words, [-gone-] {+new+}."""

    place: Text
    words: Annotated[tuple[Text, ...], Field(max_length=MOST)]


@dataclass(frozen=True)
class HourlyCost:
    """Machines with their price an hour, null where params.yaml has none."""

    what: Text
    count: Count
    size: Text
    an_hour: Money | None
    currency: Annotated[str, Field(max_length=3)]


@dataclass(frozen=True)
class ChangeReport:
    """All of it. The examples are the first few of `added`, `removed` and `edited`.

    `trains` is null where nothing could be compared. `rows` are the team's own conversations after the change.
    """

    form: Literal[1]
    model: Text
    base_model: Text
    trains: bool | None
    files: Count
    parameters: Annotated[tuple[ChangedParameter, ...], Field(max_length=MOST_PARAMETERS)]
    more_parameters: Count
    added: Count
    removed: Count
    edited: Count
    unchanged: Count
    numbers: Annotated[tuple[ChangedCount, ...], Field(max_length=MOST)]
    shown_added: Annotated[tuple[ShownConversation, ...], Field(max_length=MOST)]
    shown_removed: Annotated[tuple[ShownConversation, ...], Field(max_length=MOST)]
    shown_edited: Annotated[tuple[ShownEdit, ...], Field(max_length=MOST)]
    costs: Annotated[tuple[HourlyCost, ...], Field(max_length=MOST)]
    answers: Count | None
    findings: Annotated[tuple[Text, ...], Field(max_length=MOST)]
    more_findings: Count


_FORM = TypeAdapter(ChangeReport)


def read(content: bytes) -> ChangeReport | None:
    """What stands in a file; None where it is too large, or anything in it is not of this form."""
    if len(content) > LARGEST:
        return None
    try:
        return _FORM.validate_json(content)
    except (ValidationError, RecursionError):
        return None


def written(report: ChangeReport) -> bytes:
    """The file."""
    return _FORM.dump_json(report, indent=2)


def cut(text: str) -> str:
    """A text within its bound."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
