"""Entra's sign-in, and the issuer of GitHub's OIDC tokens."""

from azureml_emulator.http.routing import Route
from azureml_emulator.services.entra import login
from azureml_emulator.services.entra.login import LOGIN

GITHUB_RUNTIME = "pipelines.actions.githubusercontent.com"
ROUTES = (
    Route(LOGIN, "GET", "/{tenant}/v2.0/.well-known/openid-configuration", login.openid_configuration),
    Route(LOGIN, "GET", "/common/discovery/instance", login.instance_discovery),
    Route(LOGIN, "POST", "/{tenant}/oauth2/v2.0/token", login.token),
    Route(LOGIN, "POST", "/{tenant}/oauth2/token", login.token_v1),
    Route(GITHUB_RUNTIME, "GET", "/{path...}", login.github_token),
)
