"""Judges old versions of models and data, and old evaluation jobs: archived, never what a model in use rests on.

It must not look anything up. Archiving hides a version from listings; it deletes nothing and can be undone.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mlops.domain.cleanup.marks import asked_to_keep
from mlops.domain.cleanup.plan import Because, Cause, Item, ItemState, Kind
from mlops.domain.promote.endpoint import age
from mlops.domain.registry.aliases import ROLES, Aliases, alias_tag, history_tag
from mlops.domain.tags import DATA_TAG, EVALUATES_TAG, EVALUATION_TAG, JOB_TAG

TEST = "test"
_CAUSES = {Kind.MODEL: Cause.OLD_MODELS, Kind.DATA: Cause.OLD_DATA, Kind.EVALUATION: Cause.OLD_EVALUATIONS}


@dataclass(frozen=True)
class VersionFacts:
    """A version of a model or of a data asset; or an evaluation job, which is `shown` by its name."""

    name: str
    version: str
    ours: bool
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    protected_by: str = ""
    archived: bool = False
    shown: str = ""

    @property
    def label(self) -> str:
        """`name:version`, or the name of a job."""
        return self.shown or f"{self.name}:{self.version}"


@dataclass(frozen=True)
class RetentionPolicy:
    """How many newest versions of a name are kept, and for how long any is."""

    keep_newest: int
    keep_for: timedelta


@dataclass(frozen=True)
class Needs:
    """What must stay: labels by reason. `unknown` says why the reasons are not all known; then everything stays."""

    labels: Mapping[str, str]
    unknown: str = ""


def candidates(versions: Sequence[VersionFacts], policy: RetentionPolicy, now: datetime) -> list[VersionFacts]:
    """Those that would be archived if nothing needed them: whether to find out what needs them at all."""
    judged = zip(versions, judge(versions, Kind.MODEL, policy, Needs({}), now), strict=True)
    return [one for one, item in judged if item.state is ItemState.ARCHIVE]


def judge(
    versions: Sequence[VersionFacts], kind: Kind, policy: RetentionPolicy, needs: Needs, now: datetime
) -> list[Item]:
    """Judge versions, in the order given."""
    newest = _newest(versions, policy.keep_newest)
    return [_item(one, kind, policy, needs, now, is_newest=one.label in newest) for one in versions]


def roles(name: str, aliases: Aliases) -> dict[str, str]:
    """The versions of a model that have a role somewhere, by label, with the role."""
    return {
        f"{name}:{version}": f"it is the {role} of {environment}"
        for environment, held in aliases.environments.items()
        for role in ROLES
        if (version := getattr(held, role))
    }


def lineage(
    models: Sequence[VersionFacts], served: Collection[str], job_tags: Sequence[Mapping[str, str]], roles: Sequence[str]
) -> Needs:
    """What data must stay: that of every model version which is not archived or is served, and of every job under way.

    `models` are those of the whole workspace, since others reuse data that is there already. A tag names the data of
    all roles; each is an asset of its own, `name-role`. A model of ours that does not say what it was made from could
    need any version.
    """
    labels: dict[str, str] = {}
    unknown = ""
    for model in models:
        if model.archived and model.label not in served:
            continue
        if stated := model.tags.get(DATA_TAG):
            labels |= dict.fromkeys(_assets(stated, roles), f"{model.label} was made from it")
        elif model.ours:
            unknown = f"{model.label} does not say what data it was made from"
    for tags in job_tags:
        labels |= dict.fromkeys(_assets(tags.get(DATA_TAG, ""), roles), "a job under way uses it")
    return Needs(labels, unknown)


def questions(asked: Sequence[VersionFacts], needs: Needs) -> Needs:
    """The files of questions besides: each is needed for as long as the test file that it was made from."""
    labels = dict(needs.labels)
    for one in asked:
        stated = one.tags.get(DATA_TAG, "")
        made_from = _assets(stated, (TEST,))
        if not made_from:
            labels[one.label] = "it does not say what it was made from"
        elif why := labels.get(made_from[0]):
            labels[one.label] = f"it was made from {made_from[0]}: {why}"
    return replace(needs, labels=labels)


def evaluations(jobs: Sequence[VersionFacts], models: Sequence[VersionFacts], served: Collection[str]) -> Needs:
    """The evaluation jobs that the record of a model rests on which is not archived or is served."""
    labels: dict[str, str] = {}
    for model in (one for one in models if not one.archived or one.label in served):
        known = {model.label, model.tags.get(JOB_TAG, "-")}
        for job in jobs:
            if job.label == model.tags.get(EVALUATION_TAG) or job.tags.get(EVALUATES_TAG) in known:
                labels[job.label] = f"{model.label} was judged by it"
    return Needs(labels)


def _assets(stated: str, roles: Sequence[str]) -> list[str]:
    name, _, version = stated.rpartition(":")
    return [f"{name}-{role}:{version}" for role in roles] if name else []


def _released(tags: Mapping[str, str]) -> str:
    """Whether a version has a role in an environment, or once had all of its traffic; empty when it never did."""
    for name, value in sorted(tags.items()):
        if name.startswith(alias_tag("")) and value in ROLES:
            return f"it is the {value} of {name.removeprefix(alias_tag(''))}"
        if name.startswith(history_tag("")) and ROLES[0] in value:
            return f"it was released to {name.removeprefix(history_tag(''))}"
    return ""


def _newest(versions: Sequence[VersionFacts], count: int) -> Collection[str]:
    by_name: dict[str, list[VersionFacts]] = defaultdict(list)
    for one in versions:
        if one.created:
            by_name[one.name].append(one)
    kept: set[str] = set()
    for group in by_name.values():
        group.sort(key=lambda one: (one.created, one.version), reverse=True)
        kept |= {one.label for one in group[:count]}
    return kept


def _item(
    one: VersionFacts, kind: Kind, policy: RetentionPolicy, needs: Needs, now: datetime, *, is_newest: bool
) -> Item:
    state, because, reason = _verdict(one, policy, needs, now, is_newest)
    return Item(
        name=one.label,
        environment=None,
        state=state,
        reason=reason,
        ours=one.ours,
        kind=kind,
        because=because,
        cause=_CAUSES[kind] if state is ItemState.ARCHIVE else None,
    )


def _verdict(
    one: VersionFacts, policy: RetentionPolicy, needs: Needs, now: datetime, is_newest: bool
) -> tuple[ItemState, Because, str]:
    keep = ItemState.KEEP
    if not one.ours:
        return keep, Because.NOT_OURS, "not ours: it has no tag of this repository"
    if one.protected_by:
        return keep, Because.PROTECTED, f"protected by {one.protected_by}"
    if asked := asked_to_keep(one.tags, now):
        return keep, Because.PROTECTED, asked
    if why := needs.labels.get(one.label):
        return keep, Because.NEEDED, why
    if released := _released(one.tags):
        return keep, Because.NEEDED, released
    if one.created is None:
        return keep, Because.NO_DATA, "its age is not known"
    if now - one.created < policy.keep_for:
        return keep, Because.TOO_YOUNG, f"made {age(one.created, now)} ago"
    if is_newest:
        return keep, Because.NEEDED, f"one of the newest {policy.keep_newest}"
    if needs.unknown:
        return keep, Because.NO_DATA, needs.unknown
    return ItemState.ARCHIVE, Because.OLD, f"made {age(one.created, now)} ago, and nothing in use needs it"
