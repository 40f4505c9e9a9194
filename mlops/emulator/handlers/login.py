"""Microsoft Entra's token endpoint and discovery, and the OIDC issuer of GitHub Actions.

Tokens are signed with a key of this process: clients decode them, nobody verifies them but us.
Source: the v2.0 protocol as msal and azure-identity speak it; AADSTS codes from Entra's published error list.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from mlops.emulator import defaults
from mlops.emulator.errors import ServiceError
from mlops.emulator.request import Reply, Request
from mlops.emulator.state import Emulator

LOGIN = "login.microsoftonline.com"
GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
ACCESS_SECONDS = 3599
ASSERTION_SECONDS = 300  # GitHub's tokens live five minutes
_KEY = secrets.token_bytes(32)


def openid_configuration(request: Request, emulator: Emulator) -> Reply:
    """`/{tenant}/v2.0/.well-known/openid-configuration`."""
    base = f"https://{LOGIN}/{request.params['tenant']}"
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
        },
    )


def instance_discovery(request: Request, emulator: Emulator) -> Reply:
    """`/common/discovery/instance`, which msal asks to learn whether an authority is to be trusted."""
    aliases = [LOGIN, "login.windows.net", "sts.windows.net"]
    metadata = [{"preferred_network": LOGIN, "preferred_cache": "login.windows.net", "aliases": aliases}]
    endpoint = f"https://{LOGIN}/{defaults.TENANT_ID}/v2.0/.well-known/openid-configuration"
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
        refusal = _check_assertion(form["client_assertion"])
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
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{request.params['tenant']}/",
        "iat": now,
        "nbf": now,
        "exp": now + ACCESS_SECONDS,
        "appid": form.get("client_id", ""),
        "oid": defaults.OBJECT_ID,
        "sub": defaults.OBJECT_ID,
        "tid": request.params["tenant"],
        "idtyp": "app",
    }
    answer = {
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "ext_expires_in": ACCESS_SECONDS,
        "access_token": sign(claims),
    }
    return Reply(200, answer)


def github_token(request: Request, emulator: Emulator) -> Reply:
    """GitHub's `ACTIONS_ID_TOKEN_REQUEST_URL`: a token about the workflow run, for the audience asked for.

    The request token that the rehearsal hands to a job is base64 JSON of the claims that GitHub would state.
    """
    bearer = request.headers.get("authorization", "").partition(" ")[2]
    try:
        stated: dict[str, Any] = json.loads(base64.urlsafe_b64decode(bearer + "=="))
    except ValueError as error:
        raise ServiceError(401, "Unauthorized", "The request token is not one that this emulator gave out.") from error
    now = int(time.time())
    repository = str(stated.get("repository", "owner/repository"))
    context = (
        f"environment:{stated['environment']}"
        if stated.get("environment")
        else f"ref:{stated.get('ref', 'refs/heads/main')}"
    )
    claims = {
        **stated,
        "iss": GITHUB_ISSUER,
        "aud": request.query.get("audience", f"https://github.com/{repository.split('/', maxsplit=1)[0]}"),
        "sub": f"repo:{repository}:{context}",
        "iat": now,
        "nbf": now,
        "exp": now + ASSERTION_SECONDS,
    }
    return Reply(200, {"count": len(claims), "value": sign(claims)})


def sign(claims: dict[str, Any]) -> str:
    """A JWT with these claims."""
    head = _base64(json.dumps({"typ": "JWT", "alg": "HS256", "kid": "emulator"}).encode())
    body = _base64(json.dumps(claims).encode())
    return f"{head}.{body}.{_base64(hmac.digest(_KEY, f'{head}.{body}'.encode(), hashlib.sha256))}"


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, not verified. Raises ValueError when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not a JWT")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(claims, dict):
        raise ValueError("not a JWT")
    return claims


def _check_assertion(assertion: str) -> Reply | None:
    try:
        claims = claims_of(assertion)
    except ValueError:
        return _refuse(401, 50027, "invalid_client", "JWT token is invalid or malformed.")
    if claims.get("aud") != EXCHANGE_AUDIENCE:
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


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
