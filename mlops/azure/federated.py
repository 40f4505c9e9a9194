"""The credential of a workflow job: azure-identity's client assertion, and words for what Entra refuses.

It must not show a token; of the assertion only issuer, subject and audience are told, which Entra compares.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mlops.azure.entra_codes import code_of, known
from mlops.domain.federated_credential import Presented, presented
from mlops.errors import AzureRefused, Problem

TO_CREATE = (70021, 700211, 700212, 700213, 7002138)  # codes that a further federated credential ends


class Federated:
    """A token credential; `fetch` gives a fresh OIDC token, and is called each time that Entra is asked."""

    def __init__(self, tenant: str, client: str, fetch: Callable[[], str], options: Mapping[str, Any]) -> None:
        from azure.identity import ClientAssertionCredential

        self._tenant, self._client, self._fetch = tenant, client, fetch
        self._last: Presented | None = None
        self._inner = ClientAssertionCredential(tenant, client, self._assert, **options)

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """An access token. Raises AzureRefused that says what was presented and what to create."""
        return self._asked(self._inner.get_token, scopes, options)

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """The same for newer clients."""
        return self._asked(self._inner.get_token_info, scopes, {"options": options})

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _asked(self, ask: Callable[..., Any], scopes: tuple[str, ...], options: Mapping[str, Any]) -> Any:
        from azure.core.exceptions import ClientAuthenticationError

        try:
            return ask(*scopes, **options)
        except ClientAuthenticationError as error:
            raise AzureRefused(explain(str(error), self._tenant, self._client, self._last)) from error

    def _assert(self) -> str:
        token = self._fetch()
        self._last = None
        with suppress(ValueError):
            self._last = presented(token)
        return token


def explain(said: str, tenant: str, client: str, shown: Presented | None) -> Problem:
    """Entra's refusal as a problem: its code, what was presented, and the federated credential to create."""
    code, meaning = code_of(said), known(said)
    name = f"AADSTS{code}" if code else ""
    sentence = (said[said.index(name) :].splitlines() or [""])[0]
    why = [sentence.split(" Trace ID:")[0][:500], *([meaning.cause] if meaning else [])]
    if shown:
        why += ["the job presented", *_claims(shown)]
    fix = meaning.fix if meaning else "look the code up in Entra's sign-in log of the identity"
    if shown and code in TO_CREATE:
        fix = f"{fix}; create one, with the same issuer and audience:\n{_creation(shown.subject, shown)}"
        if shown.other_subject:
            fix += "\nand this one too, if the repository changes to the other form of subjects:\n"
            fix += _creation(shown.other_subject, shown)
    what = f"sign-in as {client} in tenant {tenant} failed {name}".rstrip()
    return Problem(what, "Entra", why="\n".join(why), fix=fix)


def _claims(shown: Presented) -> list[str]:
    return [f"  issuer    {shown.issuer}", f"  subject   {shown.subject}", f"  audience  {shown.audience}"]


def _creation(subject: str, shown: Presented) -> str:
    name = re.sub(r"[^A-Za-z0-9]+", "-", subject.partition(":")[2]).strip("-")[:100]
    return (
        f"`az identity federated-credential create --identity-name IDENTITY --resource-group GROUP --name {name} "
        f"--issuer {shown.issuer} --subject {subject} --audiences {shown.audience}`"
    )
