"""Truth tables that several places of the workflow files share, and what they are made of."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.workflows.expressions import Case

ENDED = ("success", "failure", "cancelled", "skipped")
FLAGS = ("true", "false")
TYPED = (None, False, True)  # an input that is a boolean; there is none where the event is not a dispatch


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
