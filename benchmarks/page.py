"""What a person waits for, in a few lines before the tables of docs/performance.md; each is read from those tables."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence

STARTS = (
    ("`--version`", "the version"),
    ("`plan --help`", "help of a verb"),
    ("`gate --from-file`", "a verdict on a file"),
    ("`plan --offline`", "a plan without a cloud"),
)
WAITED = ("plan", "status", "gate", "register", "promote production")
Rows = dict[str, list[str]]


def summary(parts: Mapping[str, str]) -> str:
    """The lines; what was not measured has none."""
    beside = parts.get("The emulator beside moto and Azurite", "")
    told = [
        *starts(rows(parts.get("Commands and a rehearsal", ""), "times")),
        *waits(rows(parts.get("How long a command waits for Azure", ""), "seconds waited")),
        *rehearsal(rows(parts.get("Where the time of a rehearsal goes", ""), "share")),
        *growth(table(parts.get("A workspace that grows", ""), "workspace")),
        *emulator(parts.get("The emulator", ""), table(beside, "call")),
        *blobs(rows(beside, "blobs")),
    ]
    lines = "".join(textwrap.fill(line, 118, initial_indent="- ", subsequent_indent="  ") + "\n" for line in told)
    return f"\n## What a person waits for\n{lines}" if told else ""


def starts(found: Rows) -> Iterator[str]:
    """What needs no cloud."""
    empty = found.get("`python -c pass`")
    each = [f"{name} {found[command][0]}" for command, name in STARTS if command in found]
    if empty and each:
        yield f"At a prompt, in ms of CPU where `python -c pass` takes {empty[0]}: {', '.join(each)}."


def waits(found: Rows) -> Iterator[str]:
    """What Azure is waited for."""
    each = [f"`{verb}` {found[f'`{verb}`'][2]}" for verb in WAITED if f"`{verb}`" in found]
    if each:
        yield f"For Azure's answers, in seconds at 0.2 s each, beside its own operations: {', '.join(each)}."


def rehearsal(found: Rows) -> Iterator[str]:
    """The whole road on this machine."""
    if "all" in found:
        dearest = max((name for name in found if name != "all"), key=lambda name: float(found[name][0]))
        largest = f"the largest part is {dearest} ({found[dearest][1]})"
        yield f"A rehearsal of the whole road: {found['all'][0]} s; {largest}."


def growth(found: Sequence[Sequence[str]]) -> Iterator[str]:
    """The smallest size of each kind of workspace beside 10 and 100 times as much."""
    by_kind: dict[tuple[str, str], dict[int, Sequence[str]]] = {}
    for workspace, verb, *figures in found:
        size, kind = workspace.split(", ")[0].split(" ")  # what else grows with it stands behind a comma
        by_kind.setdefault((kind, verb), {})[int(size.replace(",", ""))] = figures
    for (kind, verb), sizes in by_kind.items():
        least = min(sizes)
        shown = [size for size in sorted(sizes) if size in (least, 10 * least, 100 * least)]
        steps = [f"{sizes[size][0]} calls at {size:,}" for size in shown]
        if len(steps) > 1:
            yield f"{verb} as {kind} grow: {', '.join(steps)}."


def emulator(text: str, found: Sequence[Sequence[str]]) -> Iterator[str]:
    """How soon it is there, and how it stands beside others."""
    if begun := re.search(r"Start from empty: (\S+ s(?:, \S+ of them CPU)?)", text):
        yield f"The emulator starts in {begun[1]}."
    seen = {(call, of): figures for call, of, clients, *figures in found if clients == "8"}
    both = {
        call: (seen[call, "the emulator"], seen[call, "moto"])
        for call in ("PUT", "GET")
        if {(call, "the emulator"), (call, "moto")} <= seen.keys()
    }
    if both:
        rates = [
            f"{float(ours[0]) / float(theirs[0]):.1f} times moto's {call}s" for call, (ours, theirs) in both.items()
        ]
        costs = [f"{float(theirs[-1]) / float(ours[-1]):.1f}" for ours, theirs in both.values()]
        yield (
            f"With 8 clients it answers {' and '.join(rates)} a second; one costs moto {' and '.join(costs)} times the "
            "processor time."
        )


def blobs(found: Rows) -> Iterator[str]:
    """How its storage stands beside Azurite's, asked over TLS and not."""
    ours = found.get("the emulator, TLS")
    for name in ("Azurite, TLS", "Azurite, in the clear"):
        if ours and (theirs := found.get(name)):
            put, get = (float(ours[at]) / float(theirs[at]) for at in (0, 1))
            put_cpu, get_cpu = (float(theirs[at]) / float(ours[at]) for at in (2, 3))
            rate = f"Blobs of 8 MiB beside {name}: {put:.1f} times its PUT and {get:.1f} times its GET"
            yield f"{rate}; one costs Azurite {put_cpu:.1f} and {get_cpu:.1f} times the processor time."


def rows(text: str, head: str) -> Rows:
    """The rows of the table whose heading has these words, by their first cell."""
    return {first: rest for first, *rest in table(text, head)}


def table(text: str, head: str) -> list[list[str]]:
    """The rows of the first table whose heading has these words."""
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if lines and head in lines[0]:
            return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return []
