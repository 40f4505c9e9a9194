"""Entra's sign-in, and the issuer of GitHub's OIDC tokens."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import SUBSCRIPTION, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.entra import login, permissions
from azureml_emulator.services.entra.login import LOGIN

GITHUB_RUNTIME = "pipelines.actions.githubusercontent.com"
PERMISSIONS = "/providers/Microsoft.Authorization/permissions"
SCOPES = (SUBSCRIPTION, SUBSCRIPTION + "/resourceGroups/{rg}", WS)
RESOURCE = SUBSCRIPTION + "/resourceGroups/{rg}/providers/{provider}/{kind}/{name}"
CONFIGURATION = "/{tenant}/v2.0/.well-known/openid-configuration"
GIVES_TOKENS = "/{tenant}/oauth2/v2.0/token"
OTHER_CLOUDS = tuple(f"login.{{zone}}.{end}" for end in ("com", "us", "cn"))  # the own one has its rows before
ROUTES = (
    Route(LOGIN, "GET", CONFIGURATION, login.openid_configuration),
    Route(LOGIN, "GET", "/common/discovery/instance", login.instance_discovery),
    Route(LOGIN, "POST", GIVES_TOKENS, login.token),
    Route(LOGIN, "POST", "/{tenant}/oauth2/token", login.token_v1),
    *(
        Route(host, method, path, login.of_another_cloud)
        for host in OTHER_CLOUDS
        for method, path in (("GET", CONFIGURATION), ("POST", GIVES_TOKENS))
    ),
    *(Route(ARM, "GET", scope + PERMISSIONS, permissions.list_all) for scope in (*SCOPES, RESOURCE)),
    Route(GITHUB_RUNTIME, "GET", "/{path...}", login.github_token),
)
