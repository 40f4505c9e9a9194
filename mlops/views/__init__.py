"""One module a verb: its typed result as a report for people and as step outputs. Nothing is found out here."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from mlops.render import Report

R_contra = TypeVar("R_contra", contravariant=True)


class View(Protocol[R_contra]):
    """What a module of this package has."""

    def report(self, result: R_contra) -> Report:
        """The result for a terminal and for Markdown."""

    def outputs(self, result: R_contra) -> Mapping[str, str]:
        """What later steps of a workflow read: names with their values as text."""
