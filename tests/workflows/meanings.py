"""Place in a workflow file -> what its condition or choice reads, and what it is meant to say."""

from tests.workflows.truth_tables import (
    BASE,
    BUDGET,
    CHECKED,
    DOCS_ON_PAGES,
    DUE,
    ENDED,
    FLAGS,
    FORCE,
    HOLD,
    KEEP,
    LOCK,
    NIGHTLY,
    OLDER,
    OWNER,
    RUNNER,
    RUNNER_OF_CHANGES,
    SKIP,
    SOME,
    STILL_DUE,
    TYPED,
    WATCHED,
    Table,
    choice,
    configured,
    finished,
    passed_or_not_due,
    unattended_failure,
    wave,
    well,
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
