"""Sign-in of a workflow job: a fresh OIDC token each time, and words that help when Entra refuses."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3

from mlops import clock
from mlops.azure import auth
from mlops.azure.federated import explain
from mlops.clouds import PUBLIC
from mlops.domain.federated_credential import Presented, presented
from mlops.errors import AzureRefused, BadInput
from mlops.render import explain as shown

ISSUER = "https://token.actions.githubusercontent.com"
CLASSIC = "repo:octo/app:environment:staging"
IMMUTABLE = "repo:octo@11/app@22:environment:staging"
IDS = {"repository": "octo/app", "repository_owner_id": "11", "repository_id": "22"}


def jwt(**claims: Any) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.signature"


@pytest.mark.parametrize(("subject", "other"), [(CLASSIC, IMMUTABLE), (IMMUTABLE, CLASSIC), ("custom:x", "")])
def test_both_forms_of_a_subject_are_known_from_the_claims(subject: str, other: str) -> None:
    found = presented(jwt(iss=ISSUER, aud=PUBLIC.audience, sub=subject, **IDS))
    assert found == Presented(ISSUER, subject, PUBLIC.audience, other)


def test_without_ids_the_other_form_is_not_guessed() -> None:
    assert not presented(jwt(iss=ISSUER, aud=["a", "b"], sub=CLASSIC, repository="octo/app")).other_subject


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "a.W10.c"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        presented(text)


def test_a_missing_credential_is_told_with_what_was_presented_and_both_to_create() -> None:
    said = "Authentication failed: AADSTS700213: No matching federated identity record found for presented assertion "
    said += f"subject '{CLASSIC}'. Trace ID: x Correlation ID: y"
    text = shown(
        AzureRefused(explain(said, "tenant", "client", Presented(ISSUER, CLASSIC, PUBLIC.audience, IMMUTABLE)))
    )
    assert "sign-in as client in tenant tenant failed AADSTS700213" in text
    for claim in (f"issuer    {ISSUER}", f"subject   {CLASSIC}", f"audience  {PUBLIC.audience}"):
        assert claim in text
    commands = [line.strip() for line in text.splitlines() if line.strip().startswith("az identity")]
    assert [f"--subject {subject} " in command for subject, command in zip((CLASSIC, IMMUTABLE), commands, strict=True)]
    assert all(f"--issuer {ISSUER} " in command and PUBLIC.audience in command for command in commands)
    assert "Trace ID" not in text


@pytest.mark.parametrize(
    ("code", "words"),
    [("AADSTS700016", "not its object id"), ("AADSTS90002", "no tenant"), ("AADSTS700024", "run the job again")],
)
def test_other_refusals_name_their_own_way_out(code: str, words: str) -> None:
    problem = explain(f"{code}: no", "t", "c", Presented(ISSUER, CLASSIC, PUBLIC.audience, IMMUTABLE))
    assert words in f"{problem.why} {problem.fix}"
    assert "federated-credential create" not in problem.fix
    assert CLASSIC in problem.why


class GitHub:
    """GitHub's token endpoint on loopback; `failing` answers that many requests with 503 first."""

    def __init__(self) -> None:
        self.failing, self.status, self.url = 0, 200, ""
        self.asked: list[str] = []


@pytest.fixture
def github() -> Iterator[GitHub]:
    """It gives a different token each time."""
    made = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(f"{self.path} {self.headers['Authorization']}")
            status = 503 if len(made.asked) <= made.failing else made.status
            token = jwt(iss=ISSUER, aud=PUBLIC.audience, sub=CLASSIC, jti=len(made.asked), **IDS)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"value": token}).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def environment(github: GitHub) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": github.url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        "AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001",
        "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000002",
    }


def entra(asked: list[str], refusal: str = "") -> Any:
    """The network of azure-identity, with Entra at its other end."""
    from azure.core.pipeline.transport import RequestsTransport
    from requests import PreparedRequest, Response
    from requests.adapters import BaseAdapter
    from requests.sessions import Session

    class Entra(BaseAdapter):
        def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
            answer = Response()
            answer.request, answer.url = request, str(request.url)
            asked.append(str(request.body))
            said = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"access-{len(asked)}"}
            refused = {"error": "invalid_client", "error_description": refusal, "error_codes": [700213]}
            answer.status_code = 401 if refusal else 200
            body = io.BytesIO(json.dumps(refused if refusal else said).encode())
            answer.raw = urllib3.HTTPResponse(body, status=answer.status_code, preload_content=False)
            answer.headers["Content-Type"] = "application/json"
            return answer

        def close(self) -> None:
            """Nothing is open."""

    session = Session()
    session.mount("https://", Entra())
    return RequestsTransport(session=session, session_owner=False)


def test_each_acquisition_presents_a_token_of_its_own_and_a_cached_one_none(github: GitHub) -> None:
    asked: list[str] = []
    made = auth.credential(environment(github), interactive=False, transport=entra(asked))
    for scope in ("https://management.azure.com/.default", "https://ml.azure.com/.default") * 2:
        made.get_token(scope)
    assert len(github.asked) == 2, "one for each audience, the rest from the cache"
    assert github.asked[0] == "/token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange bearer of-the-job"
    presented_tokens = {body.partition("client_assertion=")[2].partition("&")[0] for body in asked}
    assert len(presented_tokens) == 2


@pytest.mark.parametrize("newer", [False, True])
def test_threads_that_want_the_same_token_at_once_ask_entra_once(github: GitHub, newer: bool) -> None:
    asked: list[str] = []
    made = auth.credential(environment(github), interactive=False, transport=entra(asked))
    start, found = threading.Barrier(8), list[str]()

    def want() -> None:
        start.wait()
        found.append((made.get_token_info if newer else made.get_token)("https://management.azure.com/.default").token)

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, len(asked), len(github.asked)) == (["access-1"] * 8, 1, 1)


def test_a_refusal_of_entra_says_what_this_job_presented(github: GitHub) -> None:
    made = auth.credential(environment(github), interactive=False, transport=entra([], "AADSTS700213: No matching"))
    with pytest.raises(AzureRefused, match="AADSTS700213") as caught:
        made.get_token("https://management.azure.com/.default")
    problem = caught.value.problems[0]
    assert CLASSIC in problem.why
    assert IMMUTABLE in problem.fix
    assert "signature" not in f"{problem}", "of a token only claims are shown"


def test_a_hiccup_of_github_is_tried_again(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    github.failing = 2
    assert presented(auth.assertion(environment(github))()).subject == CLASSIC
    assert len(github.asked) == 3


@pytest.mark.parametrize(("status", "asked"), [(403, 1), (429, 3), (503, 3)])
def test_a_refusal_of_github_is_a_matter_of_permissions(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, status: int, asked: int
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    github.status = status
    with pytest.raises(BadInput, match=f"{status}(.|\n)*id-token: write"):
        auth.assertion(environment(github))()
    assert len(github.asked) == asked


def test_a_job_without_the_permission_is_told_and_never_opens_a_browser() -> None:
    with pytest.raises(BadInput, match="id-token: write"):
        auth.credential({"GITHUB_ACTIONS": "true"}, interactive=True)


def test_identifiers_that_are_missing_are_all_named(github: GitHub) -> None:
    with pytest.raises(BadInput, match="AZURE_TENANT_ID, AZURE_CLIENT_ID"):
        auth.credential({"ACTIONS_ID_TOKEN_REQUEST_URL": github.url}, interactive=False)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_browser_is_the_last_resort_and_only_where_somebody_watches(terminal: bool) -> None:
    from azure.identity import DefaultAzureCredential

    made = auth.credential({}, interactive=terminal)
    chain = made.credential
    assert isinstance(chain, DefaultAzureCredential)
    names = [type(one).__name__ for one in chain.credentials]
    assert ("InteractiveBrowserCredential" in names) is terminal
    if terminal:
        assert names.index("InteractiveBrowserCredential") > names.index("AzureCliCredential")
    made.close()
