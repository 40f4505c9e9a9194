"""Truth tables of every condition and every choice in the workflow files, as act's reading of expressions decides them.

act has a port of GitHub's expression library. All cases of all tables are evaluated in one run: the values themselves
stand in the expressions, so that each case has its own.
"""

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops import actions

FILES = sorted((Path(__file__).resolve().parents[2] / ".github" / "workflows").glob("*.yml"))
STATUS = re.compile(r"\b(success|failure|cancelled|always)\(\)")
READS = re.compile(r"\b(needs|github|vars|inputs|steps|matrix)(\.[\w-]+)+")
CHOOSES = re.compile(r"&&|\|\||[=!]=|!|contains\(|fromJSON\(")
LINES_OF_A_STEP = 100  # act's time grows with the square of a step's length
ENDED = ("success", "failure", "cancelled", "skipped")
FLAGS = ("true", "false")
TYPED = (None, False, True)  # an input that is a boolean; there is none where the event is not a dispatch
Case = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """What an expression reads, with the values that each can have, and what it is meant to say."""

    reads: Mapping[str, Sequence[Any]]
    meant: Callable[[Case], Any]

    def cases(self) -> Iterator[dict[str, Any]]:
        for values in itertools.product(*self.reads.values()):
            yield dict(zip(self.reads, values, strict=True))


def well(case: Case, *jobs: str, also: tuple[str, ...] = ()) -> bool:
    """Nobody canceled the run, and what was needed ended well (or as `also` says)."""
    return not case["canceled"] and all(case[f"needs.{job}.result"] in ("success", *also) for job in jobs)


def passed_or_not_due(case: Case, job: str, output: str) -> bool:
    """The job ended well, or was left out because the check said that it is not due."""
    result = case[f"needs.{job}.result"]
    return bool(result == "success" or (result == "skipped" and case[f"needs.check.outputs.{output}"] == "false"))


def unattended_failure(*jobs: str) -> Table:
    reads = {"github.event_name": ("schedule", "repository_dispatch", "workflow_dispatch"), "canceled": (False, True)}
    reads |= {f"needs.{job}.result": ENDED for job in jobs}
    return Table(
        reads,
        lambda case: (
            any(case[f"needs.{job}.result"] == "failure" for job in jobs)
            and case["github.event_name"] != "workflow_dispatch"
        ),
    )


def configured(attended: str) -> Table:
    events = ("push", "schedule", "repository_dispatch", "workflow_dispatch")
    return Table(
        {"github.event_name": events, "vars.AZURE_ML_WORKSPACE": ("", "w"), "canceled": (False,)},
        lambda case: case["vars.AZURE_ML_WORKSPACE"] == "w" or case["github.event_name"] == attended,
    )


def choice(reads: Mapping[str, Sequence[Any]], meant: Callable[[Case], Any]) -> Table:
    return Table(reads, meant)


HOLD = choice(
    {"inputs.release-hold": TYPED},
    lambda case: "--release-hold" if case["inputs.release-hold"] else "--keep-hold",
)
OLDER = choice(
    {"inputs.allow-older": TYPED}, lambda case: "--allow-older" if case["inputs.allow-older"] else "--no-allow-older"
)
SKIP = choice(
    {"inputs.skip-earlier": TYPED},
    lambda case: "--skip-earlier" if case["inputs.skip-earlier"] else "--no-skip-earlier",
)
OWNER = choice(
    {"inputs.take-over": TYPED}, lambda case: "--take-over" if case["inputs.take-over"] else "--no-take-over"
)
BUDGET = choice(
    {"inputs.over-budget": TYPED}, lambda case: "--over-budget" if case["inputs.over-budget"] else "--within-budget"
)
FORCE = choice({"inputs.force": TYPED}, lambda case: "--force" if case["inputs.force"] else "--no-force")
WATCHED = choice(
    {"needs.plan.outputs.train": FLAGS, "needs.train.outputs.job": ("", "new"), "needs.plan.outputs.job": ("", "old")},
    lambda case: (
        case["needs.train.outputs.job"] or case["needs.plan.outputs.job"]
        if case["needs.plan.outputs.train"] == "true"
        else case["needs.plan.outputs.job"]
    ),
)
DUE = {"needs.plan.result": ENDED, "inputs.dry-run": TYPED, "canceled": (False, True)}
KEPT = {"status": ("success", "failure", "cancelled"), "files": ("", "a1b2")}


def wave(before: str, own: str) -> Table:
    """A job of promote.yml: all of the wave before serve the model, and there is somewhere to go."""
    return Table(
        {
            f"needs.{before}.result": ENDED,
            f"needs.{before}.outputs.stops": ("", "true"),
            f"needs.environments.outputs.{own}": ("[]", '["production"]'),
            "canceled": (False, True),
        },
        lambda case: (
            well(case, before)
            and case[f"needs.{before}.outputs.stops"] != "true"
            and case[f"needs.environments.outputs.{own}"] != "[]"
        ),
    )


def finished(step: str) -> Table:
    return Table(
        {"status": ("success", "failure", "cancelled"), f"steps.{step}.outputs.finished": ("", *FLAGS)},
        lambda case: case["status"] == "success" and case[f"steps.{step}.outputs.finished"] == "true",
    )


STILL_DUE = Table(
    {"status": ("success", "failure", "cancelled"), "steps.plan.outputs.train": ("", *FLAGS)},
    lambda case: case["status"] == "success" and case["steps.plan.outputs.train"] == "true",
)
KEEP = Table(KEPT, lambda case: case["status"] != "cancelled" and case["files"] != "")
BASE = choice(
    {
        "github.event_name": ("push", "pull_request", "merge_group"),
        "github.event.before": (None, "abc"),
        "github.event.merge_group.base_sha": (None, "def"),
    },
    lambda case: (
        "HEAD^1"
        if case["github.event_name"] == "pull_request"
        else case["github.event.merge_group.base_sha"] or case["github.event.before"]
    ),
)
OF_A_PULL_REQUEST = Table(
    {"status": ("success", "failure", "cancelled"), "github.event_name": ("push", "pull_request", "merge_group")},
    lambda case: case["status"] == "success" and case["github.event_name"] == "pull_request",
)
CHECKED = {  # the same in CI and in what a team's own repository calls
    "check.check.BASE": BASE,
    "check.mlops plan --offline.BASE": BASE,
    **{f"check.{step}.if": OF_A_PULL_REQUEST for step in ("change", "keep what changes for the comment")},
    "rehearse.if": Table(
        {"needs.check.result": ENDED, "needs.check.outputs.rehearse": ("", *FLAGS), "canceled": (False, True)},
        lambda case: well(case, "check") and case["needs.check.outputs.rehearse"] == "true",
    ),
}
LOCK = choice({"inputs.project": (None, ".", "models/chat")}, lambda case: case["inputs.project"] or ".")
SOME = Table(
    {
        "needs.projects.result": ENDED,
        "needs.projects.outputs.projects": ("[]", '["."]', '["models/a", "models/b"]'),
        "canceled": (False, True),
    },
    lambda case: well(case, "projects") and case["needs.projects.outputs.projects"] != "[]",
)
NIGHTLY = Table(
    {
        "github.event_name": ("schedule", "workflow_dispatch"),
        "vars.AZURE_ML_WORKSPACE": ("", "w"),
        "canceled": (False,),
    },
    lambda case: case["github.event_name"] == "workflow_dispatch" or case["vars.AZURE_ML_WORKSPACE"] == "w",
)
OWN, LABELS = "in-our-network", ["self-hosted", "in-our-network"]


def own_runner(case: Case) -> Any:
    """One label as it is, JSON as what it says; GitHub's where there is none."""
    stated = case["vars.MLOPS_RUNNER"]
    return LABELS if stated == json.dumps(LABELS) else stated or "ubuntu-24.04"


RUNNER = Table({"vars.MLOPS_RUNNER": (None, "", OWN, json.dumps(LABELS))}, own_runner)
RUNNER_OF_CHANGES = Table(
    {
        **RUNNER.reads,
        "github.event_name": ("push", "pull_request"),
        "github.event.pull_request.head.repo.full_name": (None, "me/it", "other/it"),
        "github.repository": ("me/it",),
    },
    lambda case: (
        "ubuntu-24.04"
        if case["github.event_name"] == "pull_request"
        and case["github.event.pull_request.head.repo.full_name"] != "me/it"
        else own_runner(case)
    ),
)
DOCS_ON_PAGES = Table(
    {
        "github.event_name": ("push", "pull_request", "workflow_dispatch"),
        "github.ref": ("refs/heads/main", "refs/heads/other"),
        "vars.MLOPS_DOCS": (None, "", "pages"),
        "vars.MLOPS_SITE": (None, "pages", "artifact"),
    },
    lambda case: (
        case["github.event_name"] != "pull_request"
        and case["github.ref"] == "refs/heads/main"
        and case["vars.MLOPS_DOCS"] == "pages"
        and case["vars.MLOPS_SITE"] != "pages"
    ),
)
TABLES: dict[str, Table] = {
    "the runner of a job": RUNNER,
    "the runner of a job that checks a change": RUNNER_OF_CHANGES,
    "auth-check.check.mlops doctor.MLOPS_DOCTOR_FOR": choice(
        {"matrix.environment": ("training", "staging", "production")},
        lambda case: "train cleanup" if case["matrix.environment"] == "training" else "promote",
    ),
    "ci.concurrency.group": choice(
        {"github.event.pull_request.number": (None, 7), "github.sha": ("abc",)},
        lambda case: case["github.event.pull_request.number"] or "abc",
    ),
    "ci.concurrency.cancel-in-progress": choice(
        {"github.event_name": ("push", "pull_request")}, lambda case: case["github.event_name"] == "pull_request"
    ),
    **{f"{flow}.{place}": found for flow in ("ci", "check") for place, found in CHECKED.items()},
    "ci.test.if": Table(
        {"needs.check.result": ENDED, "needs.check.outputs.product": ("", *FLAGS), "canceled": (False, True)},
        lambda case: well(case, "check") and case["needs.check.outputs.product"] == "true",
    ),
    "ci.required.if": Table({"needs.check.result": ENDED, "canceled": (False, True)}, lambda _: True),
    "ci.required.every job succeeded.SUCCEEDED": choice(
        {
            "needs.check.result": ENDED,
            "needs.test.result": ENDED,
            "needs.rehearse.result": ENDED,
            "needs.check.outputs.product": ("", *FLAGS),
            "needs.check.outputs.rehearse": ("", *FLAGS),
        },
        lambda case: (
            case["needs.check.result"] == "success"
            and passed_or_not_due(case, "test", "product")
            and passed_or_not_due(case, "rehearse", "rehearse")
        ),
    ),
    "cleanup.cleanup.if": NIGHTLY,
    "cleanup.cleanup.cleanup.APPLY": choice(
        {"github.event_name": ("schedule", "workflow_dispatch"), "inputs.apply": TYPED},
        lambda case: (
            "--apply" if case["github.event_name"] == "schedule" or case["inputs.apply"] is True else "--dry-run"
        ),
    ),
    "cleanup.report.if": unattended_failure("cleanup"),
    "parity.compare.keep the recording.if": Table(
        {"status": ("success", "failure", "cancelled")}, lambda case: case["status"] != "cancelled"
    ),
    "parity.report.if": Table({"needs.compare.result": ENDED}, lambda case: case["needs.compare.result"] == "failure"),
    "promote.second.if": wave("first", "second"),
    "promote.third.if": wave("second", "third"),
    "promote.fourth.if": wave("third", "fourth"),
    **{
        f"promote.{job}.promote.{name}": flag
        for job in ("first", "second", "third", "fourth")
        for name, flag in (("HOLD", HOLD), ("OLDER", OLDER), ("OWNER", OWNER), ("SKIP", SKIP), ("BUDGET", BUDGET))
    },
    "resume.resume.if": configured("workflow_dispatch"),
    "resume.resume.keep the verdicts.if": KEEP,
    "resume.promote.if": Table(
        {"needs.resume.result": ENDED, "needs.resume.outputs.model": ("", "m:1"), "canceled": (False, True)},
        lambda case: (
            not case["canceled"]
            and case["needs.resume.result"] != "skipped"
            and case["needs.resume.outputs.model"] != ""
        ),
    ),
    "resume.report.if": unattended_failure("resume"),
    "resume.report-promotion.if": Table(
        {
            "github.event_name": ("schedule", "repository_dispatch", "workflow_dispatch"),
            "needs.resume.result": ENDED,
            "needs.promote.result": ENDED,
            "canceled": (False, True),
        },
        lambda case: (
            not case["canceled"]
            and case["needs.promote.result"] == "failure"
            and case["github.event_name"] != "workflow_dispatch"
        ),
    ),
    "scorecard.analysis.if": Table(
        {
            "github.event.repository.fork": (False, True),
            "github.event.repository.private": (False, True),
            "canceled": (False,),
        },
        lambda case: not case["github.event.repository.fork"] and not case["github.event.repository.private"],
    ),
    "train.run-name": choice(
        {"inputs.reason": (None, "again"), "github.event_name": ("push",)}, lambda case: case["inputs.reason"] or "push"
    ),
    "comment.comment.if": Table(
        {"github.event.workflow_run.event": ("push", "pull_request", "merge_group"), "canceled": (False,)},
        lambda case: case["github.event.workflow_run.event"] == "pull_request",
    ),
    **{
        f"promote.{wave}.environment.url": choice(
            {"vars.MLOPS_SITE_URL": (None, "", "site"), "steps.promote.outputs.url": ("", "studio")},
            lambda case: case["vars.MLOPS_SITE_URL"] or case["steps.promote.outputs.url"],
        )
        for wave in ("first", "second", "third", "fourth")
    },
    "promote.run-name": choice(
        {"inputs.reason": (None, "", "asked for")},
        lambda case: f"({case['inputs.reason']})" if case["inputs.reason"] else "",
    ),
    "site.build.if": Table(
        {
            **NIGHTLY.reads,
            "github.event_name": ("schedule", "workflow_run", "workflow_dispatch"),
            "vars.MLOPS_SITE": ("", "pages", "artifact"),
        },
        lambda case: (
            case["github.event_name"] == "workflow_dispatch"
            or (case["vars.AZURE_ML_WORKSPACE"] == "w" and case["vars.MLOPS_SITE"] != "")
        ),
    ),
    "site.build.keep for GitHub Pages.if": Table(
        {"status": ("success", "failure", "cancelled"), "vars.MLOPS_SITE": ("", "pages", "artifact")},
        lambda case: case["status"] == "success" and case["vars.MLOPS_SITE"] == "pages",
    ),
    "site.publish.if": Table(
        {"needs.build.result": ENDED, "vars.MLOPS_SITE": ("", "pages", "artifact"), "canceled": (False, True)},
        lambda case: well(case, "build") and case["vars.MLOPS_SITE"] == "pages",
    ),
    "docs.concurrency.group": choice(
        {"github.event.pull_request.number": (None, 7)},
        lambda case: case["github.event.pull_request.number"] or "main",
    ),
    "docs.concurrency.cancel-in-progress": choice(
        {"github.event_name": ("push", "pull_request")}, lambda case: case["github.event_name"] == "pull_request"
    ),
    "docs.build.keep for GitHub Pages.if": DOCS_ON_PAGES,
    "docs.publish.if": Table(
        {**DOCS_ON_PAGES.reads, "needs.build.result": ENDED, "canceled": (False, True)},
        lambda case: well(case, "build") and DOCS_ON_PAGES.meant(case),
    ),
    "release.build.make release-files.TAG": choice(
        {"github.ref_type": ("tag", "branch"), "github.ref_name": ("v0.1.0", "main")},
        lambda case: case["github.ref_name"] if case["github.ref_type"] == "tag" else "",
    ),
    "release.attest.if": Table(
        {"github.event_name": ("push", "workflow_dispatch"), "needs.build.result": ENDED, "canceled": (False, True)},
        lambda case: well(case, "build") and case["github.event_name"] == "push",
    ),
    "release.pypi.if": Table(
        {"vars.MLOPS_PYPI": (None, "", "no", "yes"), "needs.attest.result": ENDED, "canceled": (False, True)},
        lambda case: well(case, "attest") and case["vars.MLOPS_PYPI"] == "yes",
    ),
    "check-models.check.if": SOME,
    "check-models.projects.projects.BASE": BASE,
    "cleanup-models.cleanup.if": SOME,
    "cleanup.concurrency.group": LOCK,
    "resume-models.resume.if": SOME,
    "poll-models.resume.if": SOME,
    "poll-models.stop.if": Table(
        {
            "needs.resume.result": ENDED,
            "needs.resume.outputs.open": ("", *FLAGS),
            "needs.resume.outputs.still-open": ("", "true"),
            "canceled": (False, True),
        },
        lambda case: (
            well(case, "resume")
            and case["needs.resume.outputs.open"] != ""
            and case["needs.resume.outputs.still-open"] != "true"
        ),
    ),
    "resume.resume.concurrency.group": LOCK,
    "train-models.projects.projects.BASE": choice(
        {"github.event_name": ("push", "workflow_dispatch"), "github.event.before": (None, "abc")},
        lambda case: (case["github.event.before"] or "") if case["github.event_name"] == "push" else "",
    ),
    "train-models.train.if": SOME,
    "train-models.summary.if": Table(
        {"needs.train.result": ENDED, "canceled": (False, True)},
        lambda case: not case["canceled"] and case["needs.train.result"] != "skipped",
    ),
    **{f"train.{job}.concurrency.group": LOCK for job in ("plan", "train", "release")},
    "train.plan.if": Table(
        {
            "github.event_name": ("push", "workflow_dispatch"),
            "vars.AZURE_ML_WORKSPACE": ("", "w"),
            "canceled": (False,),
        },
        lambda case: case["github.event_name"] == "workflow_dispatch" or case["vars.AZURE_ML_WORKSPACE"] == "w",
    ),
    "train.plan.plan.FORCE": FORCE,
    "train.train.if": Table(
        {**DUE, "needs.plan.outputs.train": ("", *FLAGS)},
        lambda case: (
            well(case, "plan") and case["needs.plan.outputs.train"] == "true" and case["inputs.dry-run"] is not True
        ),
    ),
    "train.train.plan.FORCE": FORCE,
    "train.train.outputs.job": choice(
        {"steps.submit.outputs.job": (None, "", "new"), "steps.plan.outputs.job": ("", "old")},
        lambda case: case["steps.submit.outputs.job"] or case["steps.plan.outputs.job"],
    ),
    "train.train.prepare.if": STILL_DUE,
    "train.train.mlops compute.if": STILL_DUE,
    "train.train.submit.if": STILL_DUE,
    "train.train.submit.BUDGET": BUDGET,
    "train.train.submit.FORCE": FORCE,
    "train.polling.if": Table(
        {"needs.train.result": ENDED, "needs.train.outputs.job": ("", "new"), "canceled": (False, True)},
        lambda case: well(case, "train") and case["needs.train.outputs.job"] == "new",
    ),
    "poll.resume.if": NIGHTLY,
    "poll.stop.if": Table(
        {"needs.resume.result": ENDED, "needs.resume.outputs.open": ("", *FLAGS), "canceled": (False, True)},
        lambda case: well(case, "resume") and case["needs.resume.outputs.open"] == "false",
    ),
    "train.release.if": Table(
        {
            **DUE,
            "needs.train.result": ENDED,
            "needs.plan.outputs.release": ("", *FLAGS),
            "needs.plan.outputs.train": FLAGS,
            "needs.plan.outputs.job": ("", "old"),
            "needs.train.outputs.job": ("", "new"),
        },
        # A canceled run is seen by `cancelled()`; a job that is canceled alone leaves no name of a run.
        lambda case: (
            well(case, "plan", also=("skipped", "cancelled"))
            and case["needs.plan.outputs.release"] == "true"
            and case["inputs.dry-run"] is not True
            and (
                (case["needs.train.result"] == "success" and case["needs.train.outputs.job"] != "")
                or (
                    case["needs.train.result"] == "skipped"
                    and case["needs.plan.outputs.train"] == "false"
                    and case["needs.plan.outputs.job"] != ""
                )
            )
        ),
    ),
    "train.release.watch.JOB": WATCHED,
    "train.release.evaluate.JOB": WATCHED,
    "train.release.evaluate.if": finished("watch"),
    "train.release.gate.JOB": WATCHED,
    "train.release.gate.if": finished("evaluate"),
    "train.release.keep the verdict.if": KEEP,
    "train.release.register.JOB": WATCHED,
    "train.release.register.if": finished("evaluate"),
    "train.promote.if": Table(
        {
            "canceled": (False, True),
            "inputs.dry-run": (None, True),
            "needs.plan.result": ("success", "failure"),
            "needs.release.result": ENDED,
            "needs.plan.outputs.promote": FLAGS,
            "needs.plan.outputs.release": FLAGS,
            "needs.plan.outputs.model": ("", "m:1"),
            "needs.release.outputs.model": ("", "m:2"),
        },
        lambda case: (
            well(case, "plan")
            and case["needs.plan.outputs.promote"] == "true"
            and case["inputs.dry-run"] is not True
            and (
                (case["needs.release.result"] == "success" and case["needs.release.outputs.model"] != "")
                or (
                    case["needs.release.result"] == "skipped"
                    and case["needs.plan.outputs.release"] == "false"
                    and case["needs.plan.outputs.model"] != ""
                )
            )
        ),
    ),
    "train.promote.over-budget": choice({"inputs.over-budget": TYPED}, lambda case: case["inputs.over-budget"] is True),
    "train.promote.reason": choice(
        {"inputs.over-budget": TYPED, "inputs.reason": ("", "a fair")},
        lambda case: case["inputs.reason"] if case["inputs.over-budget"] else "",
    ),
    "train.promote.environment": choice(
        {"needs.plan.outputs.release": FLAGS, "needs.plan.outputs.environment": ("all", "staging production")},
        lambda case: "all" if case["needs.plan.outputs.release"] == "true" else case["needs.plan.outputs.environment"],
    ),
    "train.promote.model": choice(
        {
            "needs.plan.outputs.release": FLAGS,
            "needs.release.outputs.model": ("", "m:2"),
            "needs.plan.outputs.model": ("", "m:1"),
        },
        lambda case: (
            case["needs.release.outputs.model"] or case["needs.plan.outputs.model"]
            if case["needs.plan.outputs.release"] == "true"
            else case["needs.plan.outputs.model"]
        ),
    ),
}


def expressions() -> dict[str, str]:
    """Where -> the expression, of every condition and of every value that chooses."""
    return {where: text for path in FILES for where, text in walk(path.stem, yaml.safe_load(path.read_text()))}


def walk(where: str, value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Places are named by what a reader looks for: jobs and steps by their id or name, not `jobs`, `steps`, `env`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "strategy":  # a matrix lists, and does not choose
                continue
            hidden = name in ("jobs", "steps", "env", "with")
            here = where if hidden else f"{where}.{name}"
            if name == "runs-on":  # one of two, as test_static knows
                here = "the runner of a job" + (" that checks a change" if "pull_request" in inner else "")
            yield from walk(here, inner, str(name))
    elif isinstance(value, list):
        for item in value:
            named = f"{where}.{item.get('id') or item.get('name')}" if isinstance(item, dict) else where
            yield from walk(named, item, key)
    elif isinstance(value, str):
        found = re.findall(r"\$\{\{(.*?)\}\}", value, re.DOTALL)
        if key == "if":
            yield where, found[0] if found else value
        else:
            yield from ((where, text) for text in found if CHOOSES.search(text))


def of(text: str, case: Case, *, condition: bool) -> str:
    """The expression with the values of a case; a condition that asks for no status means `success()` as well."""
    if condition:
        text = f"!!({text})" if STATUS.search(text) else f"!!(success() && ({text}))"
    status = said(case)
    text = re.sub(r"hashFiles\('[^']*'\)", "github.files", " ".join(text.split()))
    text = STATUS.sub(lambda found: str(status[found[1]]).lower(), text)
    known = {"github.files": case.get("files", ""), **case}
    return READS.sub(lambda found: literal(known[found[0]]), text)


def said(case: Case) -> dict[str, bool]:
    """What the functions of a status say in a case."""
    results = [value for name, value in case.items() if name.startswith("needs.") and name.endswith(".result")]
    status, canceled = case.get("status", "success"), bool(case.get("canceled"))
    return {
        "always": True,
        "cancelled": canceled or status == "cancelled",
        "failure": "failure" in results or status == "failure",
        "success": all(result == "success" for result in results) and not canceled and status == "success",
    }


def literal(value: Any) -> str:
    """As the expressions write it."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Where -> what act makes of each case, in one run of one step."""
    lines = [
        f"{where}|${{{{ toJSON({of(text, case, condition=where.endswith('.if'))}) }}}}"
        for where, text in expressions().items()
        for case in TABLES[where].cases()
    ]
    parts = [lines[start : start + LINES_OF_A_STEP] for start in range(0, len(lines), LINES_OF_A_STEP)]
    steps = [{"run": "cat <<'END'\n" + "\n".join(part) + "\nEND\n", "shell": "bash"} for part in parts]
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".github" / "workflows").mkdir(parents=True)
    flow = {"on": "push", "jobs": {"cases": {"runs-on": "ubuntu-24.04", "steps": steps}}}
    (folder / ".github" / "workflows" / "cases.yml").write_text(yaml.safe_dump(flow, width=1_000_000))
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=folder, check=True)
    told: list[str] = []

    def listen(event: actions.Event) -> None:
        if isinstance(event, actions.Text):
            told.extend(event.text.splitlines())

    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    done = actions.run(folder, "cases.yml", "push", {}, actions.RunnerSetup(path), listen, timeout=60)
    assert done.succeeded, done.cause()
    texts: dict[str, list[str]] = {}
    where = ""
    for line in told:
        begins, bar, text = line.partition("|")
        if bar and begins in TABLES:
            where = begins
            texts.setdefault(where, []).append(text)
        elif where:
            texts[where][-1] += line  # a list takes several lines
    return {where: [json.loads(text) for text in found] for where, found in texts.items()}


def test_every_condition_and_every_choice_has_its_table() -> None:
    assert sorted(expressions()) == sorted(TABLES)


@pytest.mark.parametrize("where", sorted(TABLES))
def test_it_is_decided_as_it_is_meant(decided: dict[str, list[Any]], where: str) -> None:
    cases = list(TABLES[where].cases())
    assert len(decided[where]) == len(cases)
    wrong = [(case, got) for case, got in zip(cases, decided[where], strict=True) if got != TABLES[where].meant(case)]
    assert not wrong


@pytest.mark.parametrize(
    "where", [where for where in sorted(TABLES) if where.endswith(".if") and where != "ci.required.if"]
)
def test_a_condition_is_neither_always_met_nor_never(where: str) -> None:
    assert {bool(TABLES[where].meant(case)) for case in TABLES[where].cases()} == {True, False}


RUNS_WORK = ("train.train.if", "train.release.if", "train.promote.if", "resume.promote.if", "promote.second.if")


@pytest.mark.parametrize("where", RUNS_WORK)
def test_nothing_goes_on_after_a_cancel_or_a_dry_run(decided: dict[str, list[Any]], where: str) -> None:
    for case, goes_on in zip(TABLES[where].cases(), decided[where], strict=True):
        assert not (goes_on and (case.get("canceled") or case.get("inputs.dry-run"))), case


@pytest.mark.parametrize("where", ["train.promote.if", "resume.promote.if"])
def test_nothing_is_promoted_without_a_registered_model(decided: dict[str, list[Any]], where: str) -> None:
    models = [name for name in TABLES[where].reads if name.endswith(".outputs.model")]
    for case, goes_on in zip(TABLES[where].cases(), decided[where], strict=True):
        assert not (goes_on and not any(case[name] for name in models)), case


def test_no_release_watches_a_run_without_a_name(decided: dict[str, list[Any]]) -> None:
    """`train` leaves none where a newer push has taken over."""
    for case, goes_on in zip(TABLES["train.release.if"].cases(), decided["train.release.if"], strict=True):
        named = case["needs.train.outputs.job"] or case["needs.plan.outputs.job"]
        assert not (goes_on and not named), case
