"""The text of a pull request's comment, from reports that anybody may have written.

Nothing of a report is markup, a link or a mention: its texts stand in code blocks only, its numbers are numbers.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from mlops.domain.numbers import number
from mlops.domain.release.change_report import LONGEST, ChangeReport, HourlyCost
from mlops.domain.training.costs import Estimate, amount
from mlops.render import fenced

MARKER = "<!-- mlops: what this pull request changes -->"
LARGEST = 60_000  # characters; GitHub takes 65,536
MOST_REPORTS = 10


def text(reports: Sequence[ChangeReport], sha: str, run_url: str, estimate: Estimate | None = None) -> str:
    """The whole comment for the commit `sha`, whose check is at `run_url`; `estimate` is that of the last site."""
    source = f"By the check of {sha[:8]}, as the code of this pull request told it: [all of it]({run_url})."
    intro = f"{MARKER}\n### What merging this changes\n\n{source}"
    known = [_estimate(estimate)] if estimate and any(one.trains for one in reports) else []
    parts = [intro, *known, *("\n\n".join(_sections(one)) for one in reports[:MOST_REPORTS])]
    if len(reports) > MOST_REPORTS:
        parts.append(f"{len(reports) - MOST_REPORTS} more projects change.")
    whole = ""
    for part in parts:  # a part that does not fit is left out whole: half of one could leave a code block open
        if len(whole) + len(part) > LARGEST:
            return f"{whole}\n\nThe rest is too long for a comment.\n"
        whole += f"{part}\n\n"
    return whole


def _estimate(found: Estimate) -> str:
    """By the runs that this project made before, on its data of then."""
    cost = f", {found.cost:,.2f} {found.currency[:3]}" if found.cost is not None else ""
    runs = f"{found.runs} completed run{'s' * (found.runs > 1)}"
    return f"**A training takes** about {number(found.hours)} hours on the clock{cost}, by {runs} on the data of then."


def _sections(one: ChangeReport) -> Iterator[str]:
    yield _quoted([f"model {one.model}", f"base model {one.base_model}"])
    yield _trains(one)
    if one.parameters:
        yield f"**Parameters**: {len(one.parameters) + one.more_parameters} changed"
        yield _quoted(
            [line for it in one.parameters for line in (f"- {it.key}: {it.before}", f"+ {it.key}: {it.after}")], "diff"
        )
    yield (
        f"**Conversations**: {one.added} added, {one.removed} removed, {one.edited} edited, {one.unchanged} unchanged"
    )
    if one.added or one.removed or one.edited:
        yield _details("Examples and numbers", _quoted(list(_examples(one)), "diff"))
    yield "**Findings**" + ("" if one.findings else ": none, of leakage and personal data too")
    if one.findings:
        more = [f"and {one.more_findings} more"] if one.more_findings else []
        yield _quoted([*one.findings, *more])
    yield from _costs(one)


def _trains(one: ChangeReport) -> str:
    if one.trains is None:
        return "What it changes is not known: the commit to compare with is not there."
    if not one.trains:
        return f"**Training**: none starts, for neither parameters nor conversations change ({one.files} files do)."
    asked = "" if one.answers is None else f" At most {one.answers} answers are asked to judge it."
    return f"**Training**: merging starts `train`, which trains what was not trained before.{asked}"


def _examples(one: ChangeReport) -> Iterator[str]:
    for count in one.numbers:
        yield f"  {count.name}: {count.before} -> {count.after}"
    for sign, rows in (("+", one.shown_added), ("-", one.shown_removed)):
        for row in rows:
            yield f"{sign} {row.place}: {row.begins}"
    for edit in one.shown_edited:
        yield f"! {edit.place}"
        for words in edit.words:
            yield f"    {words}"


def _costs(one: ChangeReport) -> Iterator[str]:
    if one.costs:
        yield "**Cost**: what the machines cost while they are up"
        yield _quoted([_cost(each) for each in one.costs])


def _cost(one: HourlyCost) -> str:
    what = f"endpoint of {one.what}" if one.what else "training"
    price = "no price given" if one.an_hour is None else f"{amount(one.an_hour, one.currency)} an hour"
    return f"{what}: {one.count} x {one.size}, {price}"


def _details(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _quoted(lines: Sequence[str], language: str = "text") -> str:
    """A code block, of one line each, in which no letter turns the direction or hides."""
    return fenced("\n".join(map(_plain, lines)), language)


def _plain(line: str) -> str:
    """Blanks at the beginning stay: they set an example apart."""
    shown = "".join(letter for letter in line if letter in "\t\n\r" or unicodedata.category(letter)[0] != "C")
    flat = " ".join(shown.split())
    blanks = len(shown) - len(shown.lstrip(" "))
    return (" " * min(blanks, 4) + flat)[: 2 * LONGEST]
