"""What people protect in the parameters: rules by kind and name, and environments that count as production.

It must not judge what is not protected. A rule that fits nothing is an error, for a slip must not lessen protection.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mlops.domain.cleanup.plan import Kind
from mlops.domain.environments.order import PromotionOrder
from mlops.errors import Problem

_PRODUCTION = re.compile(r"^(prod|live)", re.IGNORECASE)


@dataclass(frozen=True)
class ProtectionRule:
    """Protects what is of a kind and fits a name with `*` and `?`; `may_be_absent` lets it fit nothing."""

    kind: Kind
    name: str
    may_be_absent: bool = False

    def fits(self, kind: Kind, name: str) -> bool:
        """Azure's names are compared without case. An endpoint's rule covers its deployments."""
        if kind is Kind.DEPLOYMENT and self.kind is Kind.ENDPOINT:
            name = name.partition("/")[0]
        elif kind is not self.kind:
            return False
        return fnmatchcase(name.casefold(), self.name.casefold())


def production(order: PromotionOrder) -> frozenset[str]:
    """Those that count as production: named so, and those that none comes after where there are several."""
    named = {name for name in order.names if _PRODUCTION.match(name)}
    return frozenset(named | (set(order.last) if len(order.names) > 1 else set()))


def protection(
    environment: str | None,
    protected: Mapping[str, bool],
    production: Collection[str],
    include_production: Collection[str],
) -> str:
    """Why an endpoint of an environment is protected; empty when it is not.

    One whose environment is not in the parameters any more has lost the word that protected it, so it is kept.
    """
    if environment is None or environment not in protected:
        return "its environment, which is not in the parameters"
    if protected[environment]:
        return "its environment"
    if environment in production and environment not in include_production:
        return "counting as production; cleanup.include_production does not name it"
    return ""


def problems(
    rules: Sequence[ProtectionRule],
    found: Mapping[Kind, Collection[str]],
    where: str,
    read: Collection[Kind] | None = None,
) -> list[Problem]:
    """Rules that fit nothing of what was found, of the kinds that were read."""
    wrong = []
    for index, rule in enumerate(rules):
        if rule.may_be_absent or (read is not None and rule.kind not in read):
            continue
        names = found.get(rule.kind, ())
        if any(rule.fits(rule.kind, name) for name in names):
            continue
        from difflib import get_close_matches  # of a rule that fits nothing

        close = get_close_matches(rule.name, list(names), n=1, cutoff=0.6)
        meant = f"did you mean {close[0]!r}? " if close else ""
        wrong.append(
            Problem(
                f"the protect rule {rule.kind} {rule.name!r} fits nothing",
                where,
                why="a misspelt rule would protect less than was meant, so nothing is changed",
                fix=f"{meant}Correct it, remove it, or say may_be_absent: true",
                key=f"cleanup.protect.{index}",
            )
        )
    return wrong


def protected_by(rules: Sequence[ProtectionRule], kind: Kind, name: str) -> str:
    """The first rule that fits, for people; empty when none does."""
    rule = next((rule for rule in rules if rule.fits(kind, name)), None)
    return f"the rule {rule.kind} {rule.name!r}" if rule else ""
