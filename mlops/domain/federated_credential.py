"""What a federated credential in Entra must say for the OIDC token that a workflow job presents.

Pure. It must not verify a token, and nothing but the claims that are meant to be seen may be taken from it.
Sources: GitHub's reference of OIDC claims; Entra's page on immutable subjects of GitHub Actions.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops import jsons


@dataclass(frozen=True)
class Presented:
    """The claims that Entra compares, exactly and with regard to case, and what else the subject may come to be."""

    issuer: str
    subject: str
    audience: str
    other_subject: str = ""  # the same job's subject in the other of the two forms; empty where it is not known


def presented(token: str) -> Presented:
    """The claims of a JWT. Raises ValueError when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not a JWT")
    claims: dict[str, Any] = jsons.read(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(claims, dict):
        raise ValueError("not a JWT")
    subject = str(claims.get("sub", ""))
    audience = claims.get("aud", "")
    shown = audience if isinstance(audience, str) else ", ".join(map(str, audience))
    return Presented(str(claims.get("iss", "")), subject, shown, _other(subject, claims))


def _other(subject: str, claims: Mapping[str, Any]) -> str:
    """The subject of the same job in the other form: with names alone, or with names and ids that never change."""
    owner, _, name = str(claims.get("repository", "")).partition("/")
    ids = (claims.get("repository_owner_id"), claims.get("repository_id"))
    if not (owner and name and all(ids)):
        return ""
    classic, immutable = f"repo:{owner}/{name}:", f"repo:{owner}@{ids[0]}/{name}@{ids[1]}:"
    if subject.startswith(classic):
        return immutable + subject.removeprefix(classic)
    if subject.startswith(immutable):
        return classic + subject.removeprefix(immutable)
    return ""  # a subject that somebody customised has one form
