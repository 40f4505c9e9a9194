"""The part of GitHub's REST interface that sets a repository up."""

from azureml_emulator.http.routing import Route
from azureml_emulator.services.github import settings
from azureml_emulator.services.github.settings import Handler, signed

GITHUB = "api.github.com"
REPOSITORY = "/repos/{owner}/{repo}"
ENVIRONMENT = REPOSITORY + "/environments/{environment}"
CALLS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", REPOSITORY, settings.repository),
    ("GET", "/users/{login}", settings.user),
    ("GET", "/orgs/{owner}/teams/{team}", settings.team),
    ("GET", REPOSITORY + "/environments", settings.environments),
    ("GET PUT DELETE", ENVIRONMENT, settings.environment),
    ("GET POST", ENVIRONMENT + "/deployment-branch-policies", settings.branches),
    ("GET POST", ENVIRONMENT + "/variables", settings.variables),
    ("GET PATCH DELETE", ENVIRONMENT + "/variables/{name}", settings.variable),
    ("GET POST", REPOSITORY + "/actions/variables", settings.variables),
    ("GET PATCH DELETE", REPOSITORY + "/actions/variables/{name}", settings.variable),
    ("GET", REPOSITORY + "/actions/oidc/customization/sub", settings.subject),
    ("GET PUT", REPOSITORY + "/actions/permissions/workflow", settings.permissions),
    ("GET", REPOSITORY + "/actions/workflows", settings.workflows),
)
ROUTES = tuple(Route(GITHUB, methods, path, signed(handler)) for methods, path, handler in CALLS)
