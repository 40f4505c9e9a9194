"""Calls GitHub's REST interface with the token of a job: what failed in a run, and the issues about it.

It must not decide what an issue says, and it must not print the token.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, Self, TypeVar

from mlops import clock, jsons
from mlops.errors import BadInput, GithubNotFound, GithubRefused, Problem

VERSION = "2022-11-28"
NOT_GITHUB = "what answered is not GitHub: its answer has another form"
TIMEOUT_SECONDS = 30
PAGE = 100
TRIES, PAUSE_SECONDS, LONGEST_PAUSE = 4, 2.0, 60.0
Answer = TypeVar("Answer")
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
# What a refused call lacked; GitHub answers 404 as well where a token may not see something.
NEEDS = {
    "/comments": "pull-requests: write",
    "/pulls": "pull-requests: write",
    "/issues": "issues: write",
    "/enable": "actions: write",
    "/disable": "actions: write",
    "/actions/": "actions: read",
    "/check-runs/": "checks: read",
}


class GitHub:
    """One repository. `run` is the workflow run that this job belongs to."""

    def __init__(self, api: str, repository: str, run: str, token: str) -> None:
        self.run = run
        self._root = f"{api}/repos/{repository}"
        self._token = token
        self._open = urllib.request.build_opener(_Redirects).open

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Raises BadInput where this is no step of a workflow that was given its token."""
        names = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_TOKEN")
        missing = [name for name in names if not environ.get(name)]
        if missing:
            fix = "run this as a step of a workflow, with GITHUB_TOKEN in its `env`"
            raise BadInput(Problem(f"not set: {', '.join(missing)}", "the environment", fix=fix))
        return cls(environ.get("GITHUB_API_URL") or "https://api.github.com", *(environ[name] for name in names))

    @classmethod
    def of_repository(cls, environ: Mapping[str, str]) -> Self:
        """The same for a person at a machine, who belongs to no run."""
        return cls.from_environment({"GITHUB_RUN_ID": "none", **environ})

    def failed_jobs(self) -> list[dict[str, Any]]:
        """The failed jobs of the run's latest attempt, as GitHub shows them."""
        found = self._pages(f"{self._root}/actions/runs/{self.run}/jobs?filter=latest&per_page={PAGE}", "jobs")
        return [job for job in found if job.get("conclusion") in ("failure", "timed_out")]

    def rejections(self) -> list[dict[str, Any]]:
        """The approvals of the run that were refused: who did it, for which environments, with which comment."""
        return [review for review in self._reviews() if review.get("state") == "rejected"]

    def approvers(self, environment: str) -> list[str]:
        """Who approved an environment in the run, each once; nobody where it has no reviewers."""
        approved = (one for one in self._reviews() if one.get("state") == "approved")
        ours = (one for one in approved if environment in {place.get("name") for place in one.get("environments", ())})
        return list(dict.fromkeys(str(user["login"]) for one in ours if (user := one.get("user"))))

    def _reviews(self) -> Iterator[dict[str, Any]]:
        return self._pages(f"{self._root}/actions/runs/{self.run}/approvals")

    def annotations(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What was annotated in a job; a job is a check run of the same number."""
        return list(self._pages(f"{self._root}/check-runs/{job['id']}/annotations?per_page={PAGE}"))

    def issues(self, label: str) -> list[dict[str, Any]]:
        """Every issue with a label, open or closed; pull requests, which GitHub lists as well, are left out."""
        found = self._pages(f"{self._root}/issues?labels={label}&state=all&per_page={PAGE}")
        return [issue for issue in found if "pull_request" not in issue]

    def open_issue(self, title: str, body: str, label: str) -> str:
        """The address of a new issue. A label that does not exist yet is made by GitHub."""
        made = self._call("POST", f"{self._root}/issues", {"title": title, "body": body, "labels": [label]})[0]
        return str(made["html_url"])

    def update_issue(self, number: int, body: str, *, reopen: bool = False) -> str:
        """The address of an issue whose text was replaced; nobody is notified unless it is opened again."""
        change = {"body": body, **({"state": "open"} if reopen else {})}
        return str(self._call("PATCH", f"{self._root}/issues/{number}", change)[0]["html_url"])

    def workflow(self, file: str) -> dict[str, Any] | None:
        """A workflow by the name of its file, with its `state`; None where the repository has none."""
        try:
            found: dict[str, Any] = self._call("GET", f"{self._root}/actions/workflows/{file}")[0]
        except GithubNotFound:
            return None
        return found

    def workflows(self) -> list[dict[str, Any]]:
        """Every workflow, with `path` and `state`."""
        return list(self._pages(f"{self._root}/actions/workflows?per_page={PAGE}", "workflows"))

    def default_permissions(self) -> dict[str, Any]:
        """What a workflow that asks for nothing may do. No token of a job may read it."""
        found: dict[str, Any] = self._call("GET", f"{self._root}/actions/permissions/workflow")[0]
        return found

    def about(self) -> dict[str, Any]:
        """The repository itself, with `private`."""
        found: dict[str, Any] = self._call("GET", self._root)[0]
        return found

    def subject(self) -> dict[str, Any]:
        """How the subject of a job's OIDC token is made, with `use_default`."""
        found: dict[str, Any] = self._call("GET", f"{self._root}/actions/oidc/customization/sub")[0]
        return found

    def environment(self, name: str) -> dict[str, Any] | None:
        """An environment with its `protection_rules`; None where there is none."""
        known = self._pages(f"{self._root}/environments?per_page={PAGE}", "environments")
        return next((one for one in known if one.get("name") == name), None)

    def variables(self, environment: str = "") -> set[str]:
        """The names of the repository's variables, or of an environment's. No token of a job may read them."""
        place = f"environments/{environment}" if environment else "actions"
        return {str(one["name"]) for one in self._pages(f"{self._root}/{place}/variables?per_page={PAGE}", "variables")}

    def switch(self, file: str, *, on: bool) -> None:
        """Turn a workflow on or off; one that is so already stays so."""
        self._call("PUT", f"{self._root}/actions/workflows/{file}/{'enable' if on else 'disable'}")

    def this_run(self) -> dict[str, Any]:
        """The workflow run of this job."""
        found: dict[str, Any] = self._call("GET", f"{self._root}/actions/runs/{self.run}")[0]
        return found

    def runs(self, file: str, most: int) -> list[dict[str, Any]]:
        """The newest runs of a workflow; none where the repository has no such file."""
        if self.workflow(file) is None:
            return []
        found = self._call("GET", f"{self._root}/actions/workflows/{file}/runs?per_page={most}")[0]
        return list(found["workflow_runs"])

    def waiting_runs(self, most: int) -> list[dict[str, Any]]:
        """The newest workflow runs that wait for somebody's approval."""
        found = self._call("GET", f"{self._root}/actions/runs?status=waiting&per_page={most}")[0]
        return list(found["workflow_runs"])

    def pending_deployments(self, run: object) -> list[dict[str, Any]]:
        """The environments that a workflow run waits for, each with its `environment`."""
        return list(self._call("GET", f"{self._root}/actions/runs/{run}/pending_deployments")[0])

    def workflow_run(self, run: int) -> dict[str, Any]:
        """A workflow run by its number."""
        found: dict[str, Any] = self._call("GET", f"{self._root}/actions/runs/{run}")[0]
        return found

    def pull_requests(self, head: str) -> list[dict[str, Any]]:
        """The open pull requests of a branch, named as `owner:branch`."""
        query = urllib.parse.urlencode({"state": "open", "head": head, "per_page": PAGE})
        return list(self._pages(f"{self._root}/pulls?{query}"))

    def comments(self, pull_request: int) -> list[dict[str, Any]]:
        """The comments in the conversation of a pull request."""
        return list(self._pages(f"{self._root}/issues/{pull_request}/comments?per_page={PAGE}"))

    def comment(self, pull_request: int, body: str) -> str:
        """The address of a new comment."""
        made = self._call("POST", f"{self._root}/issues/{pull_request}/comments", {"body": body})[0]
        return str(made["html_url"])

    def update_comment(self, number: int, body: str) -> str:
        """The address of a comment whose text was replaced; nobody is notified."""
        return str(self._call("PATCH", f"{self._root}/issues/comments/{number}", {"body": body})[0]["html_url"])

    def artifacts(self, run: int) -> list[dict[str, Any]]:
        """What a workflow run kept, with `id` and `name`; what has expired is left out."""
        found = self._pages(f"{self._root}/actions/runs/{run}/artifacts?per_page={PAGE}", "artifacts")
        return [one for one in found if not one.get("expired")]

    def artifact(self, number: int, most: int) -> bytes | None:
        """What was kept, as a ZIP; None where that is larger than `most` bytes."""
        url = f"{self._root}/actions/artifacts/{number}/zip"
        found = self._ask("GET", url, None, lambda answer: bytes(answer.read(most + 1)))
        return found if len(found) <= most else None

    def _pages(self, url: str, key: str = "") -> Iterator[dict[str, Any]]:
        following: str | None = url
        while following:
            body, link = self._call("GET", following)
            items = body.get(key) if key and isinstance(body, dict) else body
            if not isinstance(items, list):
                raise GithubRefused(Problem("GET " + url, why=NOT_GITHUB, fix="run the job again"))
            yield from items
            found = _NEXT.search(link)
            following = found[1] if found else None

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": VERSION,
            "Content-Type": "application/json",
        }

    def _call(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> tuple[Any, str]:
        return self._ask(
            method,
            url,
            json.dumps(body).encode() if body is not None else None,
            lambda answer: (jsons.read(answer.read() or b"null"), str(answer.headers.get("Link") or "")),
        )

    def _ask(self, method: str, url: str, data: bytes | None, read: Callable[[Any], Answer]) -> Answer:
        """What `read` makes of the answer; asked again where GitHub was busy or the network failed."""
        request = urllib.request.Request(url, data, self._headers(), method=method)  # noqa: S310 - the runner's own address
        what = f"{method} {url.removeprefix(self._root).partition('?')[0]}"
        for again in range(1, TRIES + 1):
            try:
                with self._open(request, timeout=TIMEOUT_SECONDS) as answer:
                    return read(answer)
            except urllib.error.HTTPError as error:
                pause = _pause(error, again, repeatable=method != "POST")
                if pause is None or again == TRIES:
                    kind = GithubNotFound if error.code == 404 else GithubRefused
                    raise kind(_refusal(what, url, error)) from None
                error.close()
            except (OSError, ValueError, HTTPException) as error:  # HTTPException: an answer that was cut off
                if method == "POST" or again == TRIES:  # it may have been done, and the answer lost
                    raise GithubRefused(Problem(what, why=str(error), fix="run the job again")) from None
                pause = PAUSE_SECONDS * again
            clock.sleep(pause)
        raise AssertionError("the last try gives an answer or raises")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Another host, such as the store of artifacts, is asked without the token: its address is signed."""

    def redirect_request(self, req: urllib.request.Request, *args: Any, **kwargs: Any) -> urllib.request.Request | None:
        made = super().redirect_request(req, *args, **kwargs)
        if made is not None and made.host != req.host:
            made.remove_header("Authorization")
        return made


def _pause(error: urllib.error.HTTPError, again: int, *, repeatable: bool) -> float | None:
    """Seconds to wait before the same call; None where it is refused for good.

    What is over a rate limit was not done, so it may be asked again; of what failed with 5xx that is not known.
    """
    asked = error.headers.get("Retry-After")
    if error.code == 429 or (error.code == 403 and (asked or error.headers.get("X-RateLimit-Remaining") == "0")):
        wanted = float(asked) if asked and asked.isdecimal() else PAUSE_SECONDS * again
        return min(wanted, LONGEST_PAUSE)
    return PAUSE_SECONDS * again if error.code >= 500 and repeatable else None


def _refusal(what: str, url: str, error: urllib.error.HTTPError) -> Problem:
    try:
        with error:
            why = str(jsons.read(error.read()).get("message") or error.reason)
    except (ValueError, AttributeError):
        why = str(error.reason)
    fix = "run the job again"
    if error.code == 410:
        fix = "turn issues on in the repository's settings, or remove the job that reports"
    elif error.code in (401, 403, 404):
        need = next((need for part, need in NEEDS.items() if part in url), "")
        of_people = "use a token of somebody who may administer the repository (`gh auth token`); no job has one"
        fix = f"give the job `permissions: {need}`" if need else of_people
    return Problem(f"{what}: {error.code}", why=why, fix=fix)
