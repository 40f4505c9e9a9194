"""The name of an environment's endpoint, made from what params.yaml says of it.

Azure takes 32 characters and has each name once in a region, whoever's it is.
"""

import hashlib
import re

LONGEST = 32
_DIGEST = 4  # hexadecimal digits of the whole project name, where only its beginning has room


def endpoint_name(pattern: str, *, project: str, environment: str, workspace_hash: str) -> str:
    """The name with its placeholders filled in. Two projects, environments or workspaces never get the same default.

    `{project}` is the model's name as far as there is room for it.
    """
    rest = pattern.replace("{workspace_hash}", workspace_hash).replace("{environment}", _plain(environment))
    room = LONGEST - len(rest.replace("{project}", ""))
    return rest.replace("{project}", _short(project, room))


def _short(project: str, room: int) -> str:
    name = _plain(project)
    name = name if name[:1].isalpha() else f"m-{name}"
    if len(name) <= room and name in {project, f"m-{project}"}:
        return name
    digest = hashlib.sha256(project.encode()).hexdigest()[:_DIGEST]
    kept = name[: max(2, room - _DIGEST - 1)].rstrip("-")
    return f"{kept}-{digest}"


def _plain(text: str) -> str:
    """Letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
