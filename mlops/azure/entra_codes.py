"""What Entra's refusals to sign in mean, and what ends them.

Source: the published list of AADSTS codes, and the issues of azure/login, azure-cli and azure-identity.
"""

import re
from dataclasses import dataclass

_CODE = re.compile(r"AADSTS(\d+)")
_AGAIN = "run the job again"
_LOGIN = "`az login` again"
_FEDERATED = "compare issuer, subject and audience with the federated credential of the identity"


@dataclass(frozen=True)
class EntraCode:
    """Why Entra refuses, and what to do."""

    cause: str
    fix: str


CODES: dict[int, EntraCode] = {
    50020: EntraCode(
        "the account is of another directory and no guest of this one",
        "`az login --tenant TENANT` with an account of the tenant, or have it invited as a guest",
    ),
    50034: EntraCode(
        "the account does not exist in this directory",
        "sign in with an account of the tenant, or correct AZURE_TENANT_ID",
    ),
    50076: EntraCode("the directory asks for a second factor", f"{_LOGIN}, in a browser"),
    50079: EntraCode("the directory asks to register a second factor", f"{_LOGIN}, in a browser"),
    50105: EntraCode(
        "the account is not assigned to the application",
        "have it assigned in Entra: Enterprise applications, Users and groups",
    ),
    50126: EntraCode("user name or password are wrong", "sign in without a password: `az login`"),
    50173: EntraCode("the sign-in was revoked, for example by a new password", _LOGIN),
    53000: EntraCode("Conditional Access asks for a device that fits its rules", "sign in on a managed device"),
    53003: EntraCode(
        "Conditional Access blocks this sign-in, for example from this network or device",
        "sign in from where it is allowed, or ask the directory's administrator for a rule for workload identities",
    ),
    65001: EntraCode(
        "nobody has consented that this application acts for the account",
        f"consent once: {_LOGIN}, or ask the directory's administrator to grant it",
    ),
    70043: EntraCode("the sign-in is older than Conditional Access allows", _LOGIN),
    70021: EntraCode("the identity has no federated credential that matches", _FEDERATED),
    90002: EntraCode(
        "AZURE_TENANT_ID is no tenant of this cloud",
        "give the Directory (tenant) ID: `az account show`; for a cloud other than the public one, set AZURE_CLOUD too",
    ),
    500011: EntraCode(
        "the service asked for is not known in this directory", "use the tenant that the subscription belongs to"
    ),
    530003: EntraCode("Conditional Access asks for a registered device", "sign in on a registered device"),
    700016: EntraCode(
        "AZURE_CLIENT_ID is no identity of the tenant AZURE_TENANT_ID",
        "give the client id of the identity, not its object id",
    ),
    700024: EntraCode("the OIDC token was presented outside of its five minutes", _AGAIN),
    700027: EntraCode("the signature of the OIDC token was not accepted", _AGAIN),
    700082: EntraCode("the sign-in expired, because it was not used for long", _LOGIN),
    700211: EntraCode("the issuer is not the one of the federated credential", _FEDERATED),
    700212: EntraCode("the audience is not the one of the federated credential", _FEDERATED),
    700213: EntraCode("the identity has no federated credential with exactly this subject", _FEDERATED),
    700223: EntraCode(
        "the directory does not allow federated credentials", "ask the directory's administrator to allow them"
    ),
    700238: EntraCode(
        "the directory does not take tokens of this issuer for federated credentials",
        "ask the directory's administrator to allow https://token.actions.githubusercontent.com",
    ),
    900023: EntraCode(
        "AZURE_TENANT_ID is neither an id nor a domain name",
        "give the Directory (tenant) ID, without quotes, blanks or line breaks: `az account show`",
    ),
    900382: EntraCode(
        "the application is asked for a token in another cloud than its own",
        "set AZURE_CLOUD to the cloud of the subscription: `az cloud list` has the names",
    ),
    7000215: EntraCode(
        "the client secret is wrong",
        "give the secret's value, not its id; in a workflow unset AZURE_CLIENT_SECRET, which needs none",
    ),
    7000218: EntraCode(
        "the application must prove itself by a secret or an assertion",
        "let the job write id-token, or make the application a public client",
    ),
    7000222: EntraCode("the client secret has expired", "use a federated credential, which needs no secret"),
    7002138: EntraCode(
        "the subject differs from the federated credential's in upper and lower case",
        "write organisation, repository and environment there as GitHub does",
    ),
    7002381: EntraCode(
        "the directory takes only repositories of certain GitHub enterprises: the token has no such `enterprise` claim",
        "use a repository of such an enterprise, or an identity in a directory without this rule; no credential helps",
    ),
}


def code_of(said: str) -> int | None:
    """The first code in a text of Entra's; None without any."""
    found = _CODE.search(said)
    return int(found[1]) if found else None


def known(said: str) -> EntraCode | None:
    """What a text of Entra's means; None for a code that is not among ours."""
    code = code_of(said)
    return CODES.get(code) if code is not None else None
