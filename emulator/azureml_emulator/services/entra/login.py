"""Microsoft Entra's token endpoint and discovery, and the OIDC issuer of GitHub Actions.

It must not judge what a token is good for (`azureml_emulator.services.entra`).
Source: the v2.0 protocol as msal and azure-identity speak it; AADSTS codes from Entra's published error list.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from azureml_emulator.core import clouds, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import federation
from azureml_emulator.services.entra.assignments import Access
from azureml_emulator.services.entra.tokens import claims_of, object_id, sign

LOGIN = "login.microsoftonline.com"
ACCESS_SECONDS = 3599
CONTINUOUS_SECONDS = 86399  # of a client that says it is told when its access ends, by the claim CP1
RENEWED_HALFWAY = 7200  # tokens that live longer say when to ask for the next one
ASSERTION_SECONDS = 300  # GitHub's tokens live five minutes
ACCESS_SETTING, ASSERTION_SETTING = "entra.token_seconds", "github.token_seconds"
SUBJECT_SETTING, IMMUTABLE = "github.subject", "immutable"


def openid_configuration(request: Request, emulator: Emulator) -> Reply:
    """`/{tenant}/v2.0/.well-known/openid-configuration`."""
    base = clouds.here(f"https://{LOGIN}") + f"/{request.params['tenant']}"
    graph = clouds.here("graph.microsoft.com")
    return Reply(
        200,
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "issuer": f"{base}/v2.0",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "NA",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"https://{graph}/oidc/userinfo",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "tid", "ver", "at_hash", "email"],
            "kerberos_endpoint": f"{base}/kerberos",
            "cloud_instance_name": clouds.here(LOGIN).removeprefix("login."),
            "cloud_graph_host_name": clouds.here("graph.windows.net"),
            "msgraph_host": graph,
            "rbac_url": clouds.here("https://pas.windows.net"),
        },
    )


def of_another_cloud(request: Request, emulator: Emulator) -> Reply:
    """The same at the Entra of another cloud, which does not know the tenant; in its words."""
    text = (
        f"Tenant '{request.params['tenant']}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. Check with your subscription administrator, this may happen if there are no "
        "active subscriptions for the tenant."
    )
    return _refuse(400, 90002, "invalid_tenant", text)


def instance_discovery(request: Request, emulator: Emulator) -> Reply:
    """`/common/discovery/instance`, which msal asks to learn whether an authority is to be trusted."""
    own, older, issuer = (clouds.here(host) for host in (LOGIN, "login.windows.net", "sts.windows.net"))
    aliases = [own, older, issuer]
    metadata = [{"preferred_network": own, "preferred_cache": older, "aliases": aliases}]
    endpoint = f"https://{own}/{defaults.TENANT_ID}/v2.0/.well-known/openid-configuration"
    return Reply(200, {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata})


def token(request: Request, emulator: Emulator) -> Reply:
    """`/{tenant}/oauth2/v2.0/token` for client credentials: a secret, or an assertion of a federated identity."""
    form = request.form()
    if form.get("grant_type") != "client_credentials":
        return _refuse(
            400,
            70003,
            "unsupported_grant_type",
            f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
        )
    if "client_assertion" in form:
        refusal = _check_assertion(emulator, form.get("client_id", ""), form["client_assertion"])
        if refusal:
            return refusal
    elif not form.get("client_secret"):
        return _refuse(
            401,
            7000218,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    audience = form.get("scope", "").split(" ")[0].removesuffix("/.default").rstrip("/")
    now, client = int(time.time()), form.get("client_id", "")
    usual = CONTINUOUS_SECONDS if '"CP1"' in form.get("claims", "") else ACCESS_SECONDS
    lives = int(emulator.store.setting(ACCESS_SETTING, str(usual)))
    claims = {
        "aud": audience,
        "iss": clouds.here(f"https://sts.windows.net/{request.params['tenant']}/"),
        "iat": now,
        "nbf": now,
        "exp": now + lives,
        "appid": client,
        "oid": object_id(client),
        "sub": object_id(client),
        "tid": request.params["tenant"],
        "idtyp": "app",
    }
    answer = {
        "token_type": "Bearer",
        "expires_in": lives,
        "ext_expires_in": lives,
        **({"refresh_in": lives // 2} if lives > RENEWED_HALFWAY else {}),
        "access_token": sign(claims),
    }
    return Reply(200, answer)


def token_v1(request: Request, emulator: Emulator) -> Reply:
    """`/{tenant}/oauth2/token`, the older form: `resource` instead of `scope`, and numbers as text."""
    form = request.form()
    body = urlencode({**form, "scope": f"{form.get('resource', '')}/.default"}).encode()
    reply = token(replace(request, body=body), emulator)
    if reply.status != 200:
        return reply
    begun = int(time.time())
    times = {"not_before": str(begun), "expires_on": str(begun + reply.body["expires_in"])}
    texts = {key: str(value) for key, value in reply.body.items()}
    return Reply(200, {**texts, **times, "resource": form.get("resource", "")})


def github_token(request: Request, emulator: Emulator) -> Reply:
    """GitHub's `ACTIONS_ID_TOKEN_REQUEST_URL`: a token about the workflow run, for the audience asked for.

    The request token is base64 JSON of the claims that GitHub would state. One that names a `client` asks for a job
    that this application trusts, whichever that is. GitHub's address says which job asks; here `environment` in its
    query does, where jobs of several environments show the same request token.
    """
    bearer = request.headers.get("authorization", "").partition(" ")[2]
    try:
        stated: dict[str, Any] = json.loads(base64.urlsafe_b64decode(bearer + "=="))
    except ValueError as error:
        raise ServiceError(401, "Unauthorized", "The request token is not one that this emulator gave out.") from error
    if asking := request.query.get("environment"):
        stated = {**stated, "environment": asking}
    now = int(time.time())
    lives = int(emulator.store.setting(ASSERTION_SETTING, str(ASSERTION_SECONDS)))
    repository = str(stated.get("repository", "owner/repository"))
    immutable = emulator.store.setting(SUBJECT_SETTING, "classic") == IMMUTABLE
    claims = {
        **stated,
        "iss": federation.ISSUER,
        "aud": request.query.get("audience", f"https://github.com/{repository.split('/', maxsplit=1)[0]}"),
        "sub": _trusted(emulator, stated) or _subject(stated, repository, immutable=immutable),
        "iat": now,
        "nbf": now,
        "exp": now + lives,
    }
    return Reply(200, {"count": len(claims), "value": sign(claims)})


def _trusted(emulator: Emulator, stated: dict[str, Any]) -> str:
    """The first subject that the application accepts; empty where none is named, or where any is accepted."""
    own = [one.subject for one in emulator.part(Access).credentials if one.client == stated.get("client")]
    return next(iter(own), "")


def _subject(stated: dict[str, Any], repository: str, *, immutable: bool) -> str:
    """Who the job is: `repo:OWNER/NAME:CONTEXT`, or with the ids that outlive a rename `repo:OWNER@ID/NAME@ID:CONTEXT`.

    Source: GitHub's OIDC reference; a job of an environment never presents its branch.
    """
    if immutable:
        repository = repository_in_subject(repository, stated)
    if stated.get("environment"):
        return f"repo:{repository}:environment:{stated['environment']}"
    if stated.get("event_name") in ("pull_request", "pull_request_target"):
        return f"repo:{repository}:pull_request"
    return f"repo:{repository}:ref:{stated.get('ref', 'refs/heads/main')}"


def repository_in_subject(repository: str, stated: Mapping[str, Any]) -> str:
    """A repository with the ids that outlive a rename; those that are not stated are made of the names."""
    owner, _, name = repository.partition("/")
    named = (("repository_owner_id", owner), ("repository_id", repository))
    ids = [stated.get(claim) or number(one) for claim, one in named]
    return f"{owner}@{ids[0]}/{name}@{ids[1]}"


def number(name: str) -> int:
    """The id that GitHub has for a user, an organization or a repository: the same each time."""
    return uuid5(NAMESPACE_URL, name.lower()).int % 10**9


def _check_assertion(emulator: Emulator, client: str, assertion: str) -> Reply | None:
    try:
        claims = claims_of(assertion)
    except ValueError:
        return _refuse(401, 50027, "invalid_client", "JWT token is invalid or malformed.")
    stated = emulator.part(Access).credentials
    if stated and (found := federation.refusal(stated, client, claims)):
        return _refuse(401 if found[0] != 700016 else 400, found[0], "invalid_client", found[1])
    if claims.get("aud") != clouds.here(federation.AUDIENCE) and not stated:
        return _refuse(
            401,
            700212,
            "invalid_client",
            f"No matching federated identity record found for presented assertion audience '{claims.get('aud')}'.",
        )
    if not float(claims.get("nbf", 0)) - 300 <= time.time() <= float(claims.get("exp", 0)):
        return _refuse(401, 700024, "invalid_client", "Client assertion is not within its valid time range.")
    return None


def _refuse(status: int, code: int, error: str, text: str) -> Reply:
    return Reply(status, {"error": error, "error_description": f"AADSTS{code}: {text}", "error_codes": [code]})
