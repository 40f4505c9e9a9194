"""The identifiers that a person pastes into variables, looked at before any of them is used."""

import re
from collections.abc import Iterable, Mapping

from mlops.errors import Problem

# Compiled when they are needed: each command imports this, and most look at none.
UUID = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
DOMAIN = r"(?i)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
# Source: "Naming rules and restrictions for Azure resources", and the pattern of workspaces in Azure's API.
GROUP = r"[\w().-]{0,89}[\w()-]"
WORKSPACE = r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"
WHERE_IDS_STAND = "`az account show` prints the subscription (id) and the tenant (tenantId)"


def problems(names: Iterable[str], environ: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the values of these variables; of one that is not set nothing is said."""
    found = (_problem(name, environ[name]) for name in names if environ.get(name))
    return [problem for problem in found if problem]


def _problem(name: str, value: str) -> Problem | None:
    if said := _surrounded(value):
        return Problem(f"{name} {said}", "the environment", fix="set it again without: it was pasted with too much")
    if name in ("AZURE_SUBSCRIPTION_ID", "AZURE_CLIENT_ID") and not re.fullmatch(UUID, value):
        fix = f"give its id, not its name: {WHERE_IDS_STAND}"
        if name == "AZURE_CLIENT_ID":
            fix = "give the client id of the identity: `az identity show` prints it as clientId"
        return Problem(f"{name} {value!r} is no id", "the environment", why="an id is a UUID", fix=fix)
    if name == "AZURE_TENANT_ID" and not re.fullmatch(UUID, value) and not re.fullmatch(DOMAIN, value):
        why = "a tenant is named by its id, a UUID, or by a domain"
        return Problem(f"{name} {value!r} is no tenant", "the environment", why=why, fix=WHERE_IDS_STAND)
    if name == "AZURE_RESOURCE_GROUP" and not re.fullmatch(GROUP, value):
        why = "Azure takes 1 to 90 letters, digits, underscores, hyphens, periods and brackets, no period last"
        return Problem(f"{name} {value!r} is no name of a resource group", "the environment", why=why, fix="correct it")
    if name == "AZURE_ML_WORKSPACE" and not re.fullmatch(WORKSPACE, value):
        why = "Azure takes 3 to 33 letters, digits, hyphens and underscores, the first a letter or digit"
        fix = "give the workspace's name alone, not its address and not its ARM id"
        return Problem(f"{name} {value!r} is no name of a workspace", "the environment", why=why, fix=fix)
    return None


def _surrounded(value: str) -> str:
    """What stands around or in a value and is not seen; empty when nothing does."""
    if value[0] in "'\"" and value[-1] == value[0] and len(value) > 1:
        return "stands in quotes"
    for side, character in (("begins", value[0]), ("ends", value[-1])):
        if character in "\r\n":
            return f"{side} with a line break"
        if not character.isprintable() or character.isspace() or character == "\ufeff":
            return f"{side} with a blank or a character that is not seen"
    hidden = next((character for character in value if not character.isprintable()), "")
    return f"holds the character U+{ord(hidden):04X}, which is not seen" if hidden else ""
