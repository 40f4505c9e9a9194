"""`mlops init cloud`."""

import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from mlops import clock, clouds, product
from mlops.cli.session import Session
from mlops.errors import BadInput, Problem

if TYPE_CHECKING:
    from mlops.azure.workspace import Workspace
    from mlops.domain.environments.workspace_name import WorkspaceName
    from mlops.domain.repository.cloud import CloudSpec, ClusterSpec
    from mlops.flow.outcome import Outcome
    from mlops.flow.repository.cloud import SetUpResult
    from mlops.params import Params

Asked = Callable[[str, str, str], str]  # option, question, default: what was said
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
@click.option("--lock", is_flag=True, help="Lock storage, key vault and registry against deletion.")
@click.option(
    "--isolation", type=click.Choice(["Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"]),
    default="Disabled", show_default=True, help="Managed network of the workspace.",
)  # fmt: skip
@click.option("--subnet", default="", metavar="ID", help="Subnet for private endpoints; public access goes off.")
@click.option("--dns-zone", "zones", multiple=True, metavar="ID", help="Private DNS zone for them; repeatable.")
@click.option("--cluster", is_flag=True, help="Make the cluster of params.yaml, too.")
@click.option("--built-in-roles", is_flag=True, help="Azure's own roles, which allow more, in the place of ours.")
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
    from mlops.azure import arm
    from mlops.domain.repository.cloud import TRAINING, CloudSpec

    def asked(name: str, question: str, default: str) -> str:
        given = said[name] or (click.prompt(question, default=default or None, err=True) if asks else default)
        if not given:
            raise BadInput(Problem(f"the {question.lower()} is not known", fix=f"give --{name}"))
        return str(given)

    params, environ = session.params, session.environ
    repository = asked("repository", "Repository", environ.get("GITHUB_REPOSITORY") or product.github_repository())
    place = _place(asked, environ, params.model.name)
    cloud, location = _region(session, asked)
    approved = frozenset(name for name, one in params.environments.items() if one.approval == "github")
    scaled = frozenset(name for name, one in params.environments.items() if one.autoscale)
    reviewers = _reviewers(said["reviewers"], approved, asks=asks)
    _check_network(said, cloud)
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
        reviewers=reviewers,
        scaled=scaled | {TRAINING} if scaled else frozenset(),  # whose `cleanup` deletes the settings
        lock=said["lock"],
        isolation=said["isolation"],
        subnet=said["subnet"],
        dns_zones=said["zones"],
        cluster=_cluster(params) if said["cluster"] else None,
        others=_others(params, place),
        registry=next((one.registry for one in params.environments.values() if one.registry), ""),
        built_in_roles=said["built_in_roles"],
        budget=said["budget"],
        contacts=said["contacts"],
        budget_start=f"{clock.now():%Y-%m-01}",
    )
    return spec, workspace


def _place(asked: Asked, environ: Mapping[str, str], model: str) -> "WorkspaceName":
    from mlops.domain.environments.workspace_name import WorkspaceName

    return WorkspaceName(
        asked("workspace", "Workspace", environ.get("AZURE_ML_WORKSPACE") or f"mlw-{model}"[:WORKSPACE_LENGTH]),
        asked("group", "Resource group", environ.get("AZURE_RESOURCE_GROUP") or f"rg-{model}"),
        asked("subscription", "Subscription", environ.get("AZURE_SUBSCRIPTION_ID") or ""),
    )


def _region(session: Session, asked: Asked) -> tuple[clouds.Cloud, str]:
    """The cloud and a region of it. Raises BadInput for one of another cloud."""
    from mlops.azure import target

    cloud, location = target.cloud_of(session.environ), asked("location", "Region", "")
    if not cloud.has_region(location):
        there = clouds.of_region(location).name
        fix = f"set {clouds.VARIABLE} to {there}, and sign in there; or choose a region of {cloud.name}"
        raise BadInput(Problem(f"{location} is a region of {there}, not of {cloud.name}", "--location", fix=fix))
    if cloud.regions and location not in cloud.regions:
        known = ", ".join(cloud.regions)
        session.view.note(f"Azure Machine Learning is published for {known} of {cloud.name}, not for {location}")
    return cloud, location


def _reviewers(named: Sequence[str], approved: Collection[str], *, asks: bool) -> tuple[str, ...]:
    """Who approves these environments. Raises BadInput where nobody does."""
    if named or not approved:
        return tuple(named)
    environments = ", ".join(sorted(approved))
    if asks:
        return (click.prompt(f"Who approves {environments} (login)", err=True),)
    fix = "give --reviewer LOGIN, or set its approval to command or none in params.yaml"
    raise BadInput(Problem(f"nobody is named to approve {environments}", "--reviewer", fix=fix))


def _check_network(said: Mapping[str, Any], cloud: clouds.Cloud) -> None:
    """Raise BadInput for what Azure would refuse, or leave open."""
    from mlops.domain.repository.cloud import zones

    if said["zones"] and not said["subnet"]:
        raise BadInput(Problem("a DNS zone is for private endpoints, and there are none", fix="give --subnet"))
    if said["subnet"] and said["isolation"] == "Disabled":
        why = "machines of a workspace without public access reach it by its managed network"
        fix = "give --isolation AllowInternetOutbound, or AllowOnlyApprovedOutbound"
        raise BadInput(Problem("--subnet needs a managed network", why=why, fix=fix))
    try:
        zones(said["zones"])
    except KeyError as error:
        fix = f"give the id of a zone such as privatelink.{cloud.regional} or privatelink.blob.{cloud.storage}"
        raise BadInput(Problem(f"no endpoint has a DNS zone {error.args[0]}", "--dns-zone", fix=fix)) from None


def _others(params: "Params", place: "WorkspaceName") -> "tuple[WorkspaceName, ...]":
    """The workspaces that environments have of their own."""
    from mlops.domain.environments.workspace_name import WorkspaceName

    named = [
        WorkspaceName(
            one.workspace or place.workspace,
            one.resource_group or place.resource_group,
            one.subscription or place.subscription,
        )
        for one in params.environments.values()
    ]
    return tuple(one for one in dict.fromkeys(named) if one != place)


def _cluster(params: "Params") -> "ClusterSpec | None":
    """The cluster that params.yaml names; None where the training is serverless."""
    from mlops.domain.repository.cloud import ClusterSpec

    stated = params.training
    if stated.serverless:
        return None
    idle, low = stated.idle_seconds_before_scale_down, stated.tier == "low_priority"
    return ClusterSpec(stated.compute, stated.instance_type, stated.max_nodes, idle, low)


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
