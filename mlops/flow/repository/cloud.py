"""`mlops init cloud`: sets up subscription and repository for a first release; shows each step before it does it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from mlops.azure import arm, at_once
from mlops.azure.workspace import Workspace
from mlops.domain.repository import cloud
from mlops.domain.repository.cloud import CloudSpec
from mlops.domain.tags import MADE_BY_TAG
from mlops.errors import CapRefused, Problem
from mlops.flow.outcome import Outcome
from mlops.flow.repository.cloud_account import Account
from mlops.flow.repository.cloud_settings import Settings
from mlops.flow.repository.cloud_steps import Service, SetUpState, SetUpStep, template
from mlops.github_setup import RepositorySettings

Confirm = Callable[[str], bool]


class SetUpMode(StrEnum):
    """What is to be done."""

    MAKE = "make"
    SHOW = "show"  # the commands, and nothing is changed
    UNDO = "undo"


class SetUpChange(StrEnum):
    """What became of a step."""

    NONE = "nothing to do"
    MADE = "made"
    CHANGED = "changed"
    LEFT = "not done"
    REMOVED = "removed"


@dataclass(frozen=True)
class SetUpLine:
    """One step, how it stood, and what became of it. `commands` are what does the same by hand."""

    service: Service
    what: str
    found: SetUpState
    change: SetUpChange
    commands: tuple[str, ...]
    predicted: tuple[str, ...] = ()  # what it would change, as Azure says (what-if)


@dataclass(frozen=True)
class SetUpResult:
    """What is set up where. `variables` are what a person's shell needs to work with the workspace."""

    mode: SetUpMode
    repository: str
    workspace: str
    steps: tuple[SetUpLine, ...]
    variables: dict[str, str]

    @property
    def changes(self) -> int:
        """How many steps changed something, or would."""
        return sum(one.change is not SetUpChange.NONE for one in self.steps)


def run(
    spec: CloudSpec,
    workspace: Workspace,
    github: RepositorySettings,
    mode: SetUpMode,
    confirm: Confirm,
) -> Outcome[SetUpResult]:
    """Do what lacks, in order.

    `confirm` is asked once for all, with what would be changed; where it says no, nothing is.
    """
    about = github.about()
    prefixes = cloud.prefixes(spec.repository, github.subject_prefix(), about["owner"]["id"], about["id"])
    account = Account(spec, workspace, prefixes)
    settings = Settings(spec, github, account.client)
    if mode is SetUpMode.UNDO:
        lines = _undo(account, settings, confirm)
    else:
        lines = _make([*account.steps(), *settings.steps()], mode, confirm)
    shell = {name: value for name, value in spec.variables("").items() if value}
    return Outcome(SetUpResult(mode, spec.repository, spec.workspace, tuple(lines), shell))


def _make(steps: list[SetUpStep], mode: SetUpMode, confirm: Confirm) -> list[SetUpLine]:
    states = [step.look() for step in steps]
    due = [(step, state) for step, state in zip(steps, states, strict=True) if state is not SetUpState.THERE]
    told = at_once.each(lambda one: one[0].predict(), due)  # ARM takes some seconds for each
    predicted = {step.what: lines for (step, _), lines in zip(due, told, strict=True)}
    plan = "\n".join(
        line
        for step, state in due
        for line in (
            f"{step.service.value}: {step.what}: {state.value}",
            *(f"  {change}" for change in predicted[step.what]),
        )
    )
    go = mode is SetUpMode.MAKE and bool(due) and confirm(f"{plan}\nMake or change these {len(due)}?")
    lines = []
    for step, state in zip(steps, states, strict=True):
        change = SetUpChange.NONE if state is SetUpState.THERE else SetUpChange.LEFT
        if go:
            now = step.look()  # what stands before it may have changed it
            if now is not SetUpState.THERE:
                step.do()
                change = SetUpChange.MADE if now is SetUpState.MISSING else SetUpChange.CHANGED
        lines.append(SetUpLine(step.service, step.what, state, change, step.commands, predicted.get(step.what, ())))
    return lines


def _undo(account: Account, settings: Settings, confirm: Confirm) -> list[SetUpLine]:
    """Delete what carries our mark, GitHub first, so that no job signs in while the rest goes."""
    accounts = [*account.others(), account]
    for one in accounts:
        _refuse_locked(one)
    removals = [*_of_github(settings), *(found for one in accounts for found in _of_azure(one))]
    plan = "\n".join(f"{service.value}: {what}" for service, what, _ in removals)
    go = bool(removals) and confirm(f"{plan}\nDelete these {len(removals)}, with all that is in them?")
    change = SetUpChange.REMOVED if go else SetUpChange.LEFT
    for _, _, remove in removals if go else ():
        remove()
    return [SetUpLine(service, what, SetUpState.THERE, change, ()) for service, what, _ in removals]


Removal = tuple[Service, str, Callable[[], None]]


def _of_github(settings: Settings) -> list[Removal]:
    made, github = settings.made(), settings.github
    if not made:
        return []
    environments = [name for name in made if "/" not in name and github.environment(name) is not None]
    found: list[Removal] = [
        (Service.GITHUB, f"environment {name}", partial(github.remove_environment, name)) for name in environments
    ]
    for place, _, variable in (name.partition("/") for name in made if "/" in name):
        if place in environments or (place and github.environment(place) is None):
            continue
        if variable in github.values(place):
            what = f"variable {variable}" + (f" of {place}" if place else "")
            found.append((Service.GITHUB, what, partial(github.remove_variable, variable, place)))
    note = f"variable {cloud.MADE_VARIABLE}"
    return [*found, (Service.GITHUB, note, partial(github.remove_variable, cloud.MADE_VARIABLE))]


def _refuse_locked(account: Account) -> None:
    """Nothing is deleted where a lock would stop it half-way, ours or somebody else's."""
    workspace, group = account.workspace, account.spec.group_id
    if arm.group(workspace, group) is not None and (locks := arm.locks(workspace, group)):
        why = "somebody asked for it so that nobody deletes this by mistake, and so it holds for this command too"
        fix = f"az lock delete --ids {' '.join(locks)}, then run this again"
        raise CapRefused(Problem("a lock protects what would be deleted", ", ".join(locks), why=why, fix=fix))


def _of_azure(account: Account) -> list[Removal]:
    """Of each deployment of ours what it made, last first; then the group, where we made it and it holds no more."""
    workspace, spec = account.workspace, account.spec
    group = arm.group(workspace, spec.group_id)
    if group is None:
        return []
    tags = arm.held_by(workspace, spec.group_id)
    found: list[Removal] = []
    ours: set[str] = set()
    for what in account.deployments:
        deployed = account.deployment(what)
        if deployed is None or (deployed.get("tags") or {}).get(MADE_BY_TAG) != cloud.MADE_BY:
            continue
        file = "environment" if what in spec.environments else what
        versions = arm.api_versions(template(file))
        for id in arm.last_first(arm.made(deployed)):
            if id.lower() in tags and tags[id.lower()].get(MADE_BY_TAG) != cloud.MADE_BY:
                continue  # somebody took our mark away: it is theirs now
            ours.add(id.lower())
            name = f"{arm.type_of(id)} {id.rpartition('/')[2]}"
            version = versions[arm.type_of(id)]
            found.append((Service.AZURE, name, partial(arm.remove, workspace, id, version)))
        place, name = account.place(what), cloud.deployment_name(account.suffix(what))
        found.append((Service.AZURE, f"record {name}", partial(arm.forget, workspace, place, name)))
    if (group.get("tags") or {}).get(MADE_BY_TAG) == cloud.MADE_BY and not set(tags) - ours:
        remove = partial(arm.remove_group, workspace, spec.group_id)
        found.append((Service.AZURE, f"resource group {spec.group}", remove))
    return found
