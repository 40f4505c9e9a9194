"""Decides the next step of a promotion from what an endpoint looks like at this moment.

Pure. The executor observes, asks, applies and asks again until it hears Done, RolledBack or Refuse, so whatever was
interrupted is carried on by running it again.

What was decided where the service leaves a choice:
- Traffic that another promotion left divided goes to the healthy deployment with most of it before anything else, the
  older one on a tie. Only the wanted deployment keeps its share: its own promotion goes on from there, after another
  smoke test, since this process did not see the first.
- A failed candidate is deleted once the traffic is back where it was.
- After success the one that was live before stays at 0 %; every other deployment of the endpoint is deleted.
- A last step that was interrupted before it was judged counts as good: judging what has been live for weeks would let
  one bad minute undo an old release.
- A deployment that mlops did not make is never deleted, and traffic that mlops did not set is never moved back.
- A deployment of other size than wanted is made anew while it has no traffic; beside one that has, another is made.
- The number of instances is changed in place, which keeps those that run; all other settings need a new deployment. A
  candidate has at least as many as what is live, and what somebody else scaled is never scaled down.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta

from mlops.domain.promote import audit, rollback_target
from mlops.domain.promote.endpoint import ALL, DeploymentFacts, EndpointFacts, EndpointState
from mlops.domain.promote.lease import Stopped
from mlops.domain.promote.refusals import busy, decided_otherwise, not_ours, unsafe
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    DesiredRollout,
    Done,
    Mirror,
    Progress,
    Refuse,
    Repair,
    RolledBack,
    SetTraffic,
    Skip,
    SmokeTest,
    Step,
    Wait,
)
from mlops.domain.serving import scale
from mlops.domain.serving.wanted import difference_of, missing
from mlops.domain.tags import PREVIOUS_TAG, PROMOTED_TAG, ROLLBACK_TARGET_SINCE_TAG, ROLLED_BACK_TAG
from mlops.errors import Problem, RemoteFailed

_PLAIN_VERSION = re.compile(r"[0-9a-z]([-0-9a-z]{0,24}[0-9a-z])?")


def deployment_name(model: str, version: str) -> str:
    """Name for a model version: 3-32 characters, letters, digits and hyphens, the same whenever it is asked."""
    if _PLAIN_VERSION.fullmatch(version):
        return f"model-{version}"
    return f"model-{hashlib.sha256(f'{model}:{version}'.encode()).hexdigest()[:24]}"


def next_step(facts: EndpointFacts, wanted: DesiredRollout, progress: Progress | None = None) -> Step:
    """Say the one thing to do now so that `wanted.model` comes to have all traffic, or the reason to stop."""
    progress = progress or Progress()
    if refused := not_ours(facts, wanted):
        return refused
    if frozen := audit.frozen(facts.tags):
        return _frozen(facts, wanted, frozen)
    if refused := decided_otherwise(facts, wanted) or unsafe(facts, wanted, progress):
        return refused
    if facts.state.broken:
        return Repair(facts.name, facts.live, f"endpoint {facts.name} is {facts.state}; its last change is repeated")
    if wait := busy(facts, wanted.now, {wanted.deployment, *facts.live}):
        return wait
    if failure := _failure(facts, wanted, progress):
        return _give_up(facts, wanted, failure)
    if facts.state is EndpointState.ABSENT:
        return CreateEndpoint(wanted.endpoint, "there is none of that name yet")
    return _settle(facts, wanted) or _make(facts, wanted, progress) or _advance(facts, wanted, progress)


def _frozen(facts: EndpointFacts, wanted: DesiredRollout, entry: audit.AuditEntry) -> Step:
    """Nothing but a rollback changes a frozen endpoint."""
    said = f"{wanted.environment} is frozen {entry}"
    if len(facts.live) < 2:
        return Skip(said)
    fix = f"`mlops rollback {wanted.environment}` gives all traffic back; after `mlops thaw` this promotion can go on"
    return Refuse((Problem(f"{said}; its traffic is divided", fix=fix),), Stopped)


def beside(facts: EndpointFacts, name: str) -> str | None:
    """The deployment that another one is to be compared with: live beside it, else the rollback target."""
    found = rollback_target.main(facts, name) or rollback_target.served_before(facts, name)
    return found.name if found else None


def _failure(facts: EndpointFacts, wanted: DesiredRollout, progress: Progress) -> str | None:
    new = facts.find(wanted.deployment)
    if progress.failure or not progress.created:
        return progress.failure
    if new is None:
        return f"deployment {wanted.deployment}, which this run made, is gone"
    return f"deployment {new.name} became {new.state}" if new.state.broken else None


def _give_up(facts: EndpointFacts, wanted: DesiredRollout, failure: str) -> Step:
    new = facts.find(wanted.deployment)
    if new is None:
        return RolledBack(failure)
    if not facts.share(new.name):
        return _remove(facts, new, failure, failed=True)
    target = rollback_target.main(facts, new.name) or rollback_target.served_before(facts, new.name)
    if target is None:
        problem = Problem(
            f"{new.name} failed and keeps its traffic: {failure}",
            why=f"{facts.name} has no other healthy deployment that served before",
            fix="promote another version: mlops promote ENVIRONMENT --model NAME:VERSION",
        )
        return Refuse((problem,), RemoteFailed)
    return SetTraffic({target.name: ALL}, f"back to {facts.label(target.name)}: {failure}")


def _settle(facts: EndpointFacts, wanted: DesiredRollout) -> SetTraffic | None:
    """All traffic on one healthy deployment besides the wanted one's share; None when it is so, or cannot be."""
    new = facts.find(wanted.deployment)
    share = facts.share(new.name) if new and new.state.healthy else 0
    main = rollback_target.main(facts, wanted.deployment)
    if main is None and facts.live:
        main = rollback_target.served_before(facts, wanted.deployment)
    target = _divide(main, wanted.deployment, share)
    if main and target != facts.live:
        return SetTraffic(target, f"{facts.label(main.name)} first takes over from {_others(facts, target)}")
    if facts.mirrored:
        return SetTraffic(facts.live, "ends mirroring; a deployment gets live or mirrored traffic, not both")
    return None


def _others(facts: EndpointFacts, target: Mapping[str, int]) -> str:
    names = sorted(name for name in facts.live if name not in target)
    found = [(name, facts.find(name)) for name in names]
    said = [f"{facts.label(name)}, {one.state if one else 'gone'}, at {facts.share(name)} %" for name, one in found]
    return " and ".join(said) or "nobody: the traffic does not sum to 100 %"


def _make(facts: EndpointFacts, wanted: DesiredRollout, progress: Progress) -> Step | None:
    """Towards a wanted deployment that is healthy and as it should be; None when it is."""
    new = facts.find(wanted.deployment)
    if new is None:
        if rollback_target.is_remembered(facts, wanted.deployment):
            # The one that served is gone; its successor of the same name must not count as tested before it is.
            tags = {PREVIOUS_TAG: rollback_target.previous(facts, None, wanted.deployment)}
            return SetTraffic(facts.live, f"moves nothing; forgets {wanted.deployment}, which is made anew", tags)
        main = rollback_target.main(facts, wanted.deployment)
        count = scale.candidate_count(main, wanted.instance_count)
        as_live = f"; {count} instances, as {main.name} has" if main and count > wanted.instance_count else ""
        # Leftovers go first, for they hold quota that the new one may need.
        return (_tidy(facts, wanted, main) if main else None) or CreateDeployment(
            wanted.deployment,
            wanted.model,
            wanted.instance_type,
            count,
            f"{missing(facts, wanted)}{as_live}",
            scale.candidate_statement(main, wanted.instance_count),
        )
    share = facts.share(new.name)
    if new.state.broken and share:
        problem = Problem(
            f"deployment {new.name} is {new.state} and has {share} % of the traffic",
            why=f"{facts.name} has no other healthy deployment that served before, so it cannot be made anew",
            fix=f"promote another version, or repair it: az ml online-deployment update -e {facts.name} -n {new.name}",
        )
        return Refuse((problem,), RemoteFailed)
    if new.state.broken:
        return _remove(facts, new, f"an earlier run left it {new.state}; it is made anew", failed=True)
    difference = difference_of(new, wanted)
    if difference and not share and not progress.created:
        return _remove(facts, new, f"it is made anew: {difference}")
    return None


def _advance(facts: EndpointFacts, wanted: DesiredRollout, progress: Progress) -> Step:
    new = facts.find(wanted.deployment)
    assert new is not None
    share = facts.share(new.name)
    if scaling := scale.step(facts, wanted, new, progress):
        return scaling
    if share == ALL:
        return _finish(facts, wanted, progress, new)
    if not progress.smoke_tested:
        return SmokeTest(new.name, f"it has {share} % and gets more only after a smoke test by this run")
    main = rollback_target.main(facts, new.name)
    if main and not share and wanted.mirror_percent and not progress.mirrored:
        return Mirror(
            new.name, wanted.mirror_percent, f"{facts.label(new.name)} hears what {facts.label(main.name)} does"
        )
    if main and progress.judged < share:
        return BakeCanary(new.name, share, f"{facts.label(new.name)} beside {facts.label(main.name)}")
    more = next((percent for percent in sorted(wanted.traffic_steps) if percent > share), ALL) if main else ALL
    beside = f"beside {facts.label(main.name)}" if main else "at once, since nothing healthy is live"
    return SetTraffic(
        _divide(main, new.name, more),
        f"{facts.label(new.name)} goes from {share} % to {more} % {beside}",
        {
            PREVIOUS_TAG: rollback_target.previous(facts, main.name if main else None, new.name),
            ROLLED_BACK_TAG: None,
            ROLLBACK_TARGET_SINCE_TAG: rollback_target.since(wanted.now) if more == ALL else None,
            **({PROMOTED_TAG: wanted.audit.to_tag()} if wanted.audit and more == ALL else {}),
        },
    )


def _finish(facts: EndpointFacts, wanted: DesiredRollout, progress: Progress, new: DeploymentFacts) -> Step:
    """Close a promotion that has all traffic: the last judgement, then what is left over goes."""
    previous = rollback_target.served_before(facts, new.name)
    if previous and progress.smoke_tested and progress.judged < ALL:
        beside = f"{facts.label(previous.name)} is kept for a rollback"
        return BakeCanary(new.name, ALL, f"{facts.label(new.name)} alone; {beside}")
    if tidy := _tidy(facts, wanted, new):
        return tidy
    leaving = next((one for one in facts.deployments if one.state.busy), None)
    if leaving:
        return Wait(leaving.name, f"deployment {leaving.name} is {leaving.state}, and is not to stay")
    kept = rollback_target.kept(facts, new)
    keeps = f"; {facts.label(kept.name)} stays at 0 % for a rollback" if kept else ""
    difference = difference_of(new, wanted)
    note = f"; not changed, since it has traffic: {difference}" if difference else ""
    if new.instance_count > wanted.instance_count and not wanted.autoscaled:
        note += (
            f"; it keeps its {new.instance_count} instances, which somebody else set ({wanted.instance_count} stated)"
        )
    return Done(f"{facts.label(new.name)} has all traffic of {facts.name}{keeps}{note}")


def _tidy(facts: EndpointFacts, wanted: DesiredRollout, current: DeploymentFacts) -> Step | None:
    """Delete one that neither has traffic nor is the one to return to, or was that for long enough."""
    kept = rollback_target.kept(facts, current)
    over = kept and kept.ours and rollback_target.is_over(facts, wanted.now, wanted.retention)
    if kept and over and facts.share(current.name) == ALL:
        why = f"it was kept for a rollback for {_hours(wanted.retention)}; {current.name} has all traffic"
        return _remove(facts, kept, why)
    for one in sorted(facts.deployments, key=lambda one: one.name):
        if one in (current, kept) or one.state.busy or facts.share(one.name) or not one.ours:
            continue
        stays = f"{kept.name} is the one to return to" if kept else f"{current.name} has it all"
        return _remove(facts, one, f"it is {one.state} and has no traffic; {stays}", failed=one.state.broken)
    return None


def _remove(facts: EndpointFacts, one: DeploymentFacts, why: str, *, failed: bool = False) -> Step:
    if facts.mirror.get(one.name):
        return SetTraffic(facts.live, f"ends mirroring to {one.name}, which is to be deleted: {why}")
    return DeleteDeployment(one.name, why, failed)


def _hours(retention: timedelta | None) -> str:
    return f"{retention.total_seconds() / 3600:g} hours" if retention else "no time"


def _divide(main: DeploymentFacts | None, new: str, percent: int) -> dict[str, int]:
    shares = {main.name: ALL - percent, new: percent} if main else {new: percent}
    return {name: share for name, share in shares.items() if share}
