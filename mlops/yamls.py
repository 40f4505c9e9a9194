"""Reads YAML that anybody may have written: fast, by libyaml, and within bounds that keep time and memory small.

Whatever is wrong with a text is a yaml.YAMLError with its place. It must not know what a file is for.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

# PyYAML's wheels bring libyaml, which takes a tenth of the time; one that was built without it has to do without.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LONGEST = 1 << 20  # characters
DEEPEST = 40  # blocks in blocks; libyaml's composer calls itself for each, and the process ends where its stack does
LARGEST_BITS = 64  # of a whole number
MOST = 50_000  # values, those of an alias counted wherever it stands
# What the constructors of PyYAML raise for a text that its tag does not fit, such as `!!int abc` or 2026-13-45.
_UNFIT = (ValueError, KeyError, AttributeError, TypeError, IndexError, OverflowError)


class _TooMuch(yaml.MarkedYAMLError):
    """What no text of ours needs."""


class _Loader(LOADER):  # type: ignore[misc, valid-type]
    """The same, with the place of a value that does not fit its tag."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """What a node says."""
        try:
            found = super().construct_object(node, deep)
            if isinstance(found, int) and found.bit_length() > LARGEST_BITS:
                raise OverflowError(f"it has more than {LARGEST_BITS} bits")
            return found
        except _UNFIT as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"no {kind}: {error}", node.start_mark) from None


def read(text: str | bytes) -> Any:
    """What a document says. Raises yaml.YAMLError."""
    _bounded(text)
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe one


@lru_cache(maxsize=4)  # each problem is given its place in the same text
def compose(text: str) -> yaml.Node | None:
    """The nodes of a document, each with line and column, which nobody changes. Raises yaml.YAMLError."""
    return own_nodes(text)


def own_nodes(text: str) -> yaml.Node | None:
    """The same for who changes them. Raises yaml.YAMLError."""
    _bounded(text)
    return yaml.compose(text, Loader=LOADER)


@dataclass
class _Sizes:
    """How many values a document has, as they come; what is counted of an anchor is added wherever it is named."""

    values: int = 0
    open: list[tuple[str | None, int]] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def take(self, event: yaml.Event) -> str:
        """Count what an event says; what is too much in it, empty where nothing is."""
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == one for one, _ in self.open):
                return f"*{anchor} stands inside of what it names"
            self.values += self.known.get(str(anchor), 0)
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = self.open.pop()
            self._keep(name, before)
        elif isinstance(event, yaml.NodeEvent):
            self.values += 1
            if isinstance(event, yaml.CollectionStartEvent):
                self.open.append((anchor, self.values - 1))
            else:
                self._keep(anchor, self.values - 1)
        if len(self.open) > DEEPEST:
            return f"more than {DEEPEST} blocks or lists in one another"
        return f"more than {MOST:,} values" if self.values > MOST else ""

    def _keep(self, anchor: str | None, before: int) -> None:
        if anchor is not None:
            self.known[anchor] = self.values - before


@lru_cache(maxsize=4)
def _bounded(text: str | bytes) -> None:
    """Raise yaml.YAMLError for a text that would cost too much, before anything is made of it."""
    if len(text) > LONGEST:
        raise _TooMuch(problem=f"longer than {LONGEST >> 20} MiB")
    try:
        _measure(text, LOADER)
    except _TooMuch:
        raise
    except yaml.YAMLError:
        _measure(text, yaml.SafeLoader)  # the parser in pure Python says better what is wrong
        raise


def _measure(text: str | bytes, loader: type[yaml.SafeLoader]) -> None:
    sizes = _Sizes()
    for event in yaml.parse(text, Loader=loader):
        if wrong := sizes.take(event):
            mark: Any = event.start_mark  # libyaml's has another class with the same fields
            raise _TooMuch(problem=wrong, problem_mark=mark)
