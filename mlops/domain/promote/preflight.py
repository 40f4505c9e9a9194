"""What Azure would refuse of an endpoint: its name, and more deployments than it takes.

Source: how-to-manage-quotas of the Azure ML documentation.
"""

import re

from mlops.domain.machines import Finding
from mlops.errors import AzureRefused, Problem

NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
SHORTEST, LONGEST = 3, 32
MOST_DEPLOYMENTS = 20


def check_name(name: str, where: str, key: str) -> Finding | None:
    """An endpoint's or deployment's name."""
    if SHORTEST <= len(name) <= LONGEST and NAME.fullmatch(name):
        return None
    rule = f"Azure takes {SHORTEST} to {LONGEST} characters: a letter, then letters, digits and hyphens, no hyphen last"
    return Finding(
        Problem(
            f"{key} {name!r} is no name that Azure takes ({len(name)} characters)", where, why=rule, fix="change it"
        )
    )


def check_room(endpoint: str, deployments: int) -> Finding | None:
    """Whether an endpoint takes one deployment more."""
    if deployments < MOST_DEPLOYMENTS:
        return None
    what = f"{endpoint} has {deployments} deployments, as many as Azure takes"
    return Finding(Problem(what, fix="delete some that have no traffic"), AzureRefused)
