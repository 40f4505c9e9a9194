"""An imitation of GitHub's REST interface on loopback: issues, and what a run's jobs were annotated with.

Pages hold two items, so that whoever does not follow them misses some.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

PAGE = 2
PAGED = ("jobs", "environments", "variables", "workflows", "artifacts")  # lists that stand in an object
TOKEN = "of-the-job"
REPOSITORY = "/repos/owner/name"
RUN = "42"


@dataclass
class GitHubImitation:
    """What it holds; `refuse` maps a part of a path to the status that it is answered with.

    `first` maps one to answers, each a status and headers, that come before the right one.
    """

    jobs: list[dict[str, Any]] = field(default_factory=list)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    first: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    workflows: dict[str, str] = field(default_factory=dict)  # file -> state
    runs: list[dict[str, Any]] = field(default_factory=list)  # of any workflow
    pending: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # number of a run -> its deployments
    environments: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, set[str]] = field(default_factory=dict)  # environment, or "" for the repository -> names
    permissions: str = "read"
    private: bool = False
    subject: dict[str, Any] = field(default_factory=lambda: {"use_default": True})
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)  # of any pull request
    artifacts: dict[str, bytes] = field(default_factory=dict)  # name -> what is downloaded
    begun: str = "2026-11-28T12:00:00Z"
    calls: list[str] = field(default_factory=list)
    url: str = ""

    def environment(self) -> dict[str, str]:
        """What a runner gives to a step."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_RUN_ID": RUN,
            "GITHUB_TOKEN": TOKEN,
        }

    def answer(  # noqa: C901, PLR0912 - one case a route
        self, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        """Status and body; a list is divided into pages afterwards."""
        self.calls.append(f"{method} {path}")
        for part, status in self.refuse.items():
            if part in path:
                return status, {"message": "Resource not accessible by integration"}
        match method, path.removeprefix(REPOSITORY).strip("/").split("/"):
            case "GET", ["actions", "runs", run, "jobs"] if run == RUN:
                return 200, self.jobs
            case "GET", ["actions", "runs", run, "approvals"] if run == RUN:
                return 200, self.approvals
            case "GET", ["actions", "runs"]:
                found = [one for one in self.runs if one["status"] == query["status"][0]]
                return 200, {"total_count": len(found), "workflow_runs": found}
            case "GET", ["actions", "runs", run, "pending_deployments"]:
                return 200, self.pending.get(run, [])
            case "GET", ["actions", "runs", run, "artifacts"]:
                return 200, [{"id": number, "name": name} for number, name in enumerate(self.artifacts)]
            case "GET", ["pulls"]:
                return 200, [one for one in self.pulls if one["head"]["label"] == query["head"][0]]
            case "GET", ["issues", _, "comments"]:
                return 200, self.comments
            case "POST", ["issues", number, "comments"]:
                made = {"id": len(self.comments), "html_url": f"u{number}", "user": {"type": "Bot"}, **body}
                self.comments.append(made)
                return 201, made
            case "PATCH", ["issues", "comments", number]:
                self.comments[int(number)].update(body)
                return 200, self.comments[int(number)]
            case "GET", ["actions", "runs", run] if run == RUN:
                return 200, {"run_started_at": self.begun, **(self.runs[0] if self.runs else {})}
            case "GET", ["environments"]:
                return 200, self.environments
            case "GET", ["environments", name, "variables"]:
                return 200, [{"name": one} for one in sorted(self.variables.get(name, ()))]
            case "GET", ["actions", "variables"]:
                return 200, [{"name": one} for one in sorted(self.variables.get("", ()))]
            case "GET", [""]:
                return 200, {"private": self.private}
            case "GET", ["actions", "oidc", "customization", "sub"]:
                return 200, self.subject
            case "GET", ["actions", "permissions", "workflow"]:
                return 200, {"default_workflow_permissions": self.permissions}
            case "GET", ["actions", "workflows"]:
                return 200, [{"path": f".github/workflows/{f}", "state": state} for f, state in self.workflows.items()]
            case "GET", ["actions", "workflows", file] if file in self.workflows:
                return 200, {"path": f".github/workflows/{file}", "state": self.workflows[file]}
            case "PUT", ["actions", "workflows", file, "enable" | "disable" as how] if file in self.workflows:
                self.workflows[file] = "active" if how == "enable" else "disabled_manually"
                return 204, None
            case "GET", ["actions", "workflows", file, "runs"] if file in self.workflows:
                return 200, {"total_count": len(self.runs), "workflow_runs": self.runs}
            case "GET", ["check-runs", number, "annotations"]:
                return 200, self.annotations.get(int(number), [])
            case "GET", ["issues"]:
                label = query["labels"][0]
                state = query.get("state", ["open"])[0]
                return 200, [i for i in self.issues if label in i["labels"] and state in ("all", i["state"])]
            case "POST", ["issues"]:
                return 201, self._opened(body)
            case "PATCH", ["issues", number]:
                issue = self.issues[int(number) - 1]
                issue.update(body)
                return 200, issue
        return 404, {"message": "Not Found"}

    def _opened(self, body: dict[str, Any]) -> dict[str, Any]:
        number = len(self.issues) + 1
        url = f"https://github.example/owner/name/issues/{number}"
        self.issues.append({**body, "number": number, "state": "open", "state_reason": None, "html_url": url})
        return self.issues[-1]


@contextmanager
def serve(imitation: GitHubImitation) -> Iterator[GitHubImitation]:  # noqa: C901 - the handler stands in it
    """Serve it until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            split = urlsplit(self.path)
            query = parse_qs(split.query)
            sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
            head: dict[str, str] = {}
            first = next((found for part, found in imitation.first.items() if part in split.path and found), [])
            if not first and (split.path.startswith("/store/") or split.path.endswith("/zip")):
                self._artifact(split.path.split("/"))
                return
            if first:
                status, head = first.pop(0)
                imitation.calls.append(f"{self.command} {split.path}")
                body = {"message": "not now"}
            elif self.headers["Authorization"] != f"Bearer {TOKEN}":
                status, body = 401, {"message": "Bad credentials"}
            else:
                status, body = imitation.answer(self.command, split.path, query, sent)
            self.send_response(status)
            for name, value in head.items():
                self.send_header(name, value)
            if isinstance(body, list):
                page = int(query.get("page", ["1"])[0])
                rest = body[page * PAGE :]
                body = body[(page - 1) * PAGE : page * PAGE]
                if rest:
                    following = urlencode({**query, "page": [page + 1]}, doseq=True)
                    address = f"{imitation.url}{split.path}?{following}"
                    self.send_header("Link", f'<{address}>; rel="next", <{address}>; rel="last"')
                if (key := split.path.rpartition("/")[2]) in (
                    "jobs",
                    "environments",
                    "variables",
                    "workflows",
                    "artifacts",
                ):
                    body = {"total_count": len(imitation.jobs), key: body}
            self.end_headers()
            if status != 204:
                self.wfile.write(json.dumps(body).encode())

        def _artifact(self, path: list[str]) -> None:
            """A signed address in a store, which refuses a token; the second time what stands there."""
            stored = path[1] == "store"
            self.send_response((403 if self.headers["Authorization"] else 200) if stored else 302)
            if not stored:
                self.send_header("Location", f"{imitation.url.replace('127.0.0.1', 'localhost')}/store/{path[-2]}")
            self.end_headers()
            if stored:
                self.wfile.write(list(imitation.artifacts.values())[int(path[-1])])

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    imitation.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield imitation
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
