"""Federated credentials: which assertion of which issuer and subject an application accepts.

It must not know tokens' form (`tokens`). Source: Entra's AADSTS codes; matching is exact and minds the case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from azureml_emulator.core import clouds
from azureml_emulator.core.errors import bad_request

AUDIENCE = "api://AzureADTokenExchange"
ISSUER = "https://token.actions.githubusercontent.com"
MOST = 20  # federated credentials of one identity
_ADVICE = (
    "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. "
    "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
)


@dataclass(frozen=True)
class Credential:
    """What one application (`client`) accepts."""

    client: str
    subject: str
    issuer: str = ISSUER
    audience: str = AUDIENCE

    def show(self) -> dict[str, str]:
        """As it is stated."""
        return asdict(self)


def from_json(stated: object) -> Credential:
    """A credential from its fields. Raises a 400 that says what is wrong with it."""
    known = {"client", "subject", "issuer", "audience"}
    if not isinstance(stated, dict) or not {"client", "subject"} <= set(stated) <= known:
        raise bad_request(
            "A federated credential has client, subject and, where they are others, issuer and audience; "
            f"not {stated!r}."
        )
    given = {name: str(value) for name, value in stated.items()}
    return Credential(**{"audience": clouds.here(AUDIENCE), **given})


def refusal(stated: Sequence[Credential], client: str, claims: Mapping[str, Any]) -> tuple[int, str] | None:
    """AADSTS code and sentence for an assertion that no credential of the application fits; None where one does."""
    own = [one for one in stated if one.client.lower() == client.lower()]
    if not own:
        return 700016, f"Application with identifier '{client}' was not found in the directory."
    issuer, subject, audience = (str(claims.get(name, "")) for name in ("iss", "sub", "aud"))
    if any((one.issuer, one.subject, one.audience) == (issuer, subject, audience) for one in own):
        return None
    found = "No matching federated identity record found for presented assertion"
    at_issuer = [one for one in own if one.issuer == issuer]
    if not at_issuer:
        return 700211, f"{found} issuer '{issuer}'. {_ADVICE}"
    with_subject = [one for one in at_issuer if one.subject == subject]
    if not with_subject:
        if any(one.subject.lower() == subject.lower() for one in at_issuer):
            return 7002138, (
                f"{found} subject '{subject}'. The subject matches with case-insensitive comparison, but not with "
                f"case-sensitive comparison. {_ADVICE}"
            )
        return 700213, f"{found} subject '{subject}'. {_ADVICE}"
    return 700212, f"{found} audience '{audience}'. {_ADVICE}"
