"""`mlops init cloud`."""

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from mlops import clock, clouds, product
from mlops.cli.session import Session
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from mlops.azure.workspace import Workspace
    from mlops.domain.repository.cloud import CloudSpec
    from mlops.flow.outcome import Outcome
    from mlops.flow.repository.cloud import SetUpResult

TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
REQUIRED = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_ML_WORKSPACE")
WORKSPACE_LENGTH = 33  # Azure takes no longer name of a workspace


@click.command("cloud", short_help="Set up Azure and GitHub for a first release.")
@click.option("--subscription", metavar="ID", help="Subscription.  [default: AZURE_SUBSCRIPTION_ID]")
@click.option("--group", metavar="NAME", help="Resource group.  [default: rg-MODEL]")
@click.option("--workspace", metavar="NAME", help="Workspace.  [default: mlw-MODEL]")
@click.option("--location", metavar="REGION", help="Region, such as eastus.")
@click.option("--repository", metavar="OWNER/REPO", help="Whose workflows sign in.  [default: that of the checkout]")
@click.option("--reviewer", "reviewers", multiple=True, metavar="LOGIN", help="Who approves; or ORGANIZATION/TEAM.")
@click.option("--lock", is_flag=True, help="Let nobody delete the workspace before the lock is taken away.")
@click.option(
    "--isolation", type=click.Choice(["Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"]),
    default="Disabled", show_default=True, help="Managed network of the workspace.",
)  # fmt: skip
@click.option("--built-in-roles", is_flag=True, help="Monitoring Reader in the place of a smaller role of its own.")
@click.option("--budget", type=click.IntRange(0), default=0, help="Money a month at which somebody is told; 0: none.")
@click.option("--contact", "contacts", multiple=True, metavar="ADDRESS", help="Who is told of the budget; repeatable.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what lacks, and the az and gh commands for it.")
@click.option("--undo", is_flag=True, help="Delete what this command made, and nothing else.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: what is not given takes its default.")
@click.pass_obj
def command(session: Session, /, *, dry_run: bool, undo: bool, yes: bool, **said: Any) -> None:
    """Set up Azure and GitHub for a first release: workspace, identities, roles; environments, variables.

    Each step is shown before anything is done. What is there already stays; run it again at any time.
    """
    session.read_params()
    from mlops.flow.repository import cloud
    from mlops.views import init_cloud as view

    if dry_run and undo:
        raise click.UsageError("--dry-run and --undo cannot be combined")
    mode = cloud.SetUpMode.UNDO if undo else cloud.SetUpMode.SHOW if dry_run else cloud.SetUpMode.MAKE
    if not (yes or dry_run or session.interactive):
        fix = "give --yes, or --dry-run to see what would be done"
        raise BadInput(Problem("init cloud asks before it changes anything, and this is no terminal", fix=fix))

    def confirm(plan: str) -> bool:
        head, _, question = plan.rpartition("\n")
        session.view.note(head)
        return yes or click.confirm(question, err=True)

    def work() -> "Outcome[SetUpResult]":
        from mlops.github_setup import RepositorySettings

        spec, workspace = _stated(session, said, asks=session.interactive and not (yes or dry_run))
        named = {**session.environ, "GITHUB_REPOSITORY": spec.repository, "GITHUB_TOKEN": _token(session)}
        return cloud.run(spec, workspace, RepositorySettings.of_repository(named), mode, confirm)

    session.answer_alone(work, view)


def _stated(session: Session, said: Mapping[str, Any], *, asks: bool) -> "tuple[CloudSpec, Workspace]":
    """What was given or asked, and the workspace that it names, whether it is there or not."""
    from mlops.azure import arm, target
    from mlops.domain.environments.workspace_name import WorkspaceName
    from mlops.domain.repository.cloud import TRAINING, CloudSpec

    def asked(name: str, question: str, default: str) -> str:
        given = said[name] or (click.prompt(question, default=default or None, err=True) if asks else default)
        if not given:
            raise BadInput(Problem(f"the {question.lower()} is not known", fix=f"give --{name}"))
        return str(given)

    params, environ = session.params, session.environ
    model = params.model.name
    repository = asked("repository", "Repository", environ.get("GITHUB_REPOSITORY") or product.github_repository())
    place = WorkspaceName(
        asked("workspace", "Workspace", environ.get("AZURE_ML_WORKSPACE") or f"mlw-{model}"[:WORKSPACE_LENGTH]),
        asked("group", "Resource group", environ.get("AZURE_RESOURCE_GROUP") or f"rg-{model}"),
        asked("subscription", "Subscription", environ.get("AZURE_SUBSCRIPTION_ID") or ""),
    )
    cloud, location = target.cloud_of(environ), asked("location", "Region", "")
    if not cloud.has_region(location):
        there = clouds.of_region(location).name
        fix = f"set {clouds.VARIABLE} to {there}, and sign in there; or choose a region of {cloud.name}"
        raise BadInput(Problem(f"{location} is a region of {there}, not of {cloud.name}", "--location", fix=fix))
    if cloud.regions and location not in cloud.regions:
        known = ", ".join(cloud.regions)
        session.view.note(f"Azure Machine Learning is published for {known} of {cloud.name}, not for {location}")
    approved = frozenset(name for name, one in params.environments.items() if one.approval == "github")
    reviewers = said["reviewers"]
    if approved and not reviewers and asks:
        reviewers = (click.prompt(f"Who approves {', '.join(sorted(approved))} (login)", err=True),)
    if approved and not reviewers:
        fix = "give --reviewer LOGIN, or set its approval to command or none in params.yaml"
        raise BadInput(Problem(f"nobody is named to approve {', '.join(sorted(approved))}", "--reviewer", fix=fix))
    for name, one in params.environments.items():
        if one.workspace or one.resource_group or one.subscription:
            session.view.note(f"{name} has a workspace of its own: give its identity roles there (docs/promotion.md)")
    names = (place.subscription, place.resource_group, place.workspace)
    environ.update({name: value or "" for name, value in zip(REQUIRED, names, strict=True)})
    workspace = session.context().workspace.at(place)
    spec = CloudSpec(
        cloud=cloud.name,
        subscription=place.subscription or "",
        tenant=arm.tenant(workspace, place.subscription or ""),
        group=place.resource_group or "",
        workspace=place.workspace or "",
        location=location,
        repository=repository,
        environments=(TRAINING, *params.environments),
        approved=approved,
        reviewers=tuple(reviewers),
        lock=said["lock"],
        isolation=said["isolation"],
        built_in_roles=said["built_in_roles"],
        budget=said["budget"],
        contacts=said["contacts"],
        budget_start=f"{clock.now():%Y-%m-01}",
    )
    return spec, workspace


def _token(session: Session) -> str:
    """A token for GitHub: of the environment, else of GitHub's own command line. Raises BadInput."""
    if found := next((session.environ[name] for name in TOKENS if session.environ.get(name)), ""):
        return found
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(["gh", "auth", "token"], capture_output=True, text=True, check=True)  # noqa: S607
        if token := done.stdout.strip():
            return token
    fix = "gh auth login, or set GITHUB_TOKEN to a token that may administer the repository"
    raise BadInput(Problem("there is no token for GitHub", "the environment", fix=fix))
