"""What would go wrong with a training on given machines, found before anything costs money: every finding at once.

Pure: facts in, findings and warnings out. It must not look anything up.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mlops.domain.machines import Machine, MachineFinding, Quota, check_machine, check_size
from mlops.domain.tags import OWNER_TAG, REPOSITORY_TAG
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.compatibility import mismatches
from mlops.domain.training.spec import LATEST, Tier, TrainingSpec
from mlops.errors import AzureRefused, Problem

CLUSTER = "amlcompute"
DEDICATED_TOTAL = "Total Cluster Dedicated Regional vCPUs"
LOW_PRIORITY_TOTAL = "Total Cluster LowPriority Regional vCPUs"
REQUEST = "request more in the Azure portal (Quotas, Machine learning, the region) or in the studio (Quota)"
BASE, SIZE, COMPUTE = "model.base", "training.instance_type", "training.compute"
SOON = timedelta(days=90)  # a retirement this near is worth a warning
IN_MOTION = ("Creating", "Updating", "Deleting")


@dataclass(frozen=True)
class Cluster:
    """A compute target as it is. `state` is its provisioning state, `errors` what the service says of a failed one."""

    name: str
    type: str
    size: str
    state: str
    max_nodes: int = 0
    min_nodes: int = 0
    nodes: int = 0  # that are up now, and so count in the quota already
    low_priority: bool = False
    errors: str = ""
    owner: str = ""  # the project that made it with `mlops compute`, and its repository; empty: nobody says
    repository: str = ""

    @property
    def tier(self) -> Tier:
        """The priority of its machines."""
        return Tier.LOW_PRIORITY if self.low_priority else Tier.DEDICATED


@dataclass(frozen=True)
class TrainingFacts:
    """What was observed. `machine` None: the region has no such size. A quota of None is not known."""

    region: str
    now: datetime
    base: BaseModel | None = None
    machine: Machine | None = None
    cluster: Cluster | None = None
    quota: Quota | None = None  # of the machine's family
    total: Quota | None = None  # of the region, for the tier asked for
    component: str = ""  # its version, resolved


@dataclass(frozen=True)
class Checked:
    """What refuses, and what is only said."""

    findings: tuple[MachineFinding, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass
class _Notes:
    findings: list[MachineFinding] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def refuse(self, found: Problem | MachineFinding | None) -> None:
        """Add what refuses, if it is something."""
        if found is not None:
            self.findings.append(found if isinstance(found, MachineFinding) else MachineFinding(found))

    def retirement(self, spec: TrainingSpec, found: Problem) -> None:
        """Add what warns or refuses by training.retired_base_model."""
        self.refuse(found) if spec.retired == "refuse" else self.warnings.append(found)


def check(spec: TrainingSpec, facts: TrainingFacts) -> Checked:
    """Every finding about base model, size, cluster and quota."""
    notes = _Notes()
    _latest("training.component_version", spec.component_version, facts.component, spec, notes)
    if facts.base is not None:
        _latest("model.version", spec.version, facts.base.version, spec, notes)
        _model(spec, facts.base, facts.now, notes)
    _pair(spec, facts, notes)
    _machine(spec, facts, notes)
    if facts.cluster is not None and not spec.serverless:
        _cluster(spec, facts.cluster, notes)
    if facts.machine is not None:
        _quota(spec, facts, facts.machine, notes)
    return Checked(tuple(notes.findings), tuple(notes.warnings))


def _latest(key: str, written: str, found: str, spec: TrainingSpec, notes: _Notes) -> None:
    """Show what `latest` stands for, and suggest to pin it."""
    if written == LATEST and found:
        why = "a newer one would be another release without any change of this repository"
        pin = f'pin it: {key.rpartition(".")[2]}: "{found}"'
        notes.warnings.append(Problem(f"{key} latest is {found} now", spec.where, why=why, fix=pin, key=key))


def _model(spec: TrainingSpec, base: BaseModel, now: datetime, notes: _Notes) -> None:
    what = f"model.base {base.name} {base.version}"
    successor = base.successor()
    if not base.supports_fine_tuning():
        other = successor or "one whose fine-tuning tasks name chat-completion, such as Phi-4"
        text = f"{what} does not support fine-tuning for chat completion"
        notes.refuse(Problem(text, spec.where, fix=f"choose {other}", key=BASE))
    for found, holds in retirement(base, now, spec.where):
        notes.retirement(spec, found) if holds else notes.warnings.append(found)


def retirement(base: BaseModel, now: datetime, where: str) -> list[tuple[Problem, bool]]:
    """What the registry says of the end of a base model; True with what holds already, False with what is near."""
    what = f"model.base {base.name} {base.version}"
    successor = base.successor()
    fix = f"move to its successor, {successor}" if successor else "choose a model that the registry still lists"
    found: list[tuple[Problem, bool]] = []
    if base.archived:
        why = "it is found by its pinned version only, and Microsoft may take it away at any time"
        found.append((Problem(f"{what} is archived", where, why=why, fix=fix, key=BASE), True))
    for purpose, use in (("finetune", "fine-tuning"), ("inference", "serving")):
        date = base.dates().get(f"{purpose}RetirementDate")
        if date is None:
            continue
        if date <= now:
            why = f"{use} may be refused at any time"
            found.append(
                (Problem(f"{what} was retired from {use} on {date:%Y-%m-%d}", where, why=why, fix=fix, key=BASE), True)
            )
        elif date - now <= SOON:
            text = f"{what} will be retired from {use} on {date:%Y-%m-%d}"
            found.append((Problem(text, where, fix=fix, key=BASE), False))
    return found


def _pair(spec: TrainingSpec, facts: TrainingFacts, notes: _Notes) -> None:
    """Say where the base model and the component's version are known not to fit."""
    version = facts.component or spec.component_version
    for row in mismatches(spec.base, spec.component, version):
        what = f"{spec.base} and {spec.component} {version} are not known to fit: {row.what}"
        why = f"seen with transformers {row.transformers}, which that version has; {row.source}"
        fix = f'set component_version: "{row.instead}", or try with few rows first'
        notes.warnings.append(Problem(what, spec.where, why=why, fix=fix, key="training.component_version"))


def _machine(spec: TrainingSpec, facts: TrainingFacts, notes: _Notes) -> None:
    machine, base, what = facts.machine, facts.base, f"{SIZE} {spec.instance_type}"
    allowed = base.finetune_list() if base else None
    if allowed is not None:
        notes.warnings += [Problem(note, "the registry") for note in allowed.notes]
        notes.refuse(_keyed(check_size(spec.instance_type, allowed.sizes, "fine-tuning", spec.where)))
    if machine is None:
        fix = "choose a size of the region, such as Standard_NC24ads_A100_v4"
        notes.refuse(Problem(f"{what} is no VM size of {facts.region}", spec.where, fix=fix, key=SIZE))
        return
    if machine.gpus < 1:
        why = "the fine-tuning program needs one"
        notes.refuse(Problem(f"{what} has no GPU", spec.where, why=why, fix="choose a GPU size", key=SIZE))
    else:
        short = check_machine(machine, base.finetune_minimum() if base else None, spec.where, "fine-tune")
        notes.refuse(_keyed(short.problem if short else None))
    if spec.low_priority and not machine.low_priority:
        fix = "set training.tier to dedicated, or choose another size"
        notes.refuse(Problem(f"{what} is not offered at low priority", spec.where, fix=fix, key=SIZE))


def _keyed(found: Problem | None) -> Problem | None:
    """With the key of params.yaml that it is about, so that it can be shown at its line."""
    return replace(found, what=f"{SIZE} {found.what}", key=SIZE) if found else None


def _cluster(spec: TrainingSpec, cluster: Cluster, notes: _Notes) -> None:
    if cluster.type.lower() != CLUSTER:
        what, fix = f"{COMPUTE} {cluster.name} is a {cluster.type}", "name a cluster, or `serverless`"
        notes.refuse(Problem(what, spec.where, why="a pipeline needs a cluster", fix=fix, key=COMPUTE))
        return
    if cluster.size.lower() != spec.instance_type.lower():
        what = f"the cluster {cluster.name} has {cluster.size}, but training.instance_type is {spec.instance_type}"
        fix = "set instance_type to the cluster's size, or name another cluster; the size of a cluster cannot change"
        notes.refuse(Problem(what, spec.where, fix=fix, key=SIZE))
    _owner(spec, cluster, notes)
    _state(cluster, notes)
    if cluster.max_nodes < spec.nodes:
        what = f"training.nodes is {spec.nodes}, but the cluster {cluster.name} grows to {cluster.max_nodes}"
        fix = f"use fewer nodes, or `az ml compute update --name {cluster.name} --max-instances {spec.nodes}`"
        notes.refuse(Problem(what, spec.where, why="the run would wait for ever", fix=fix, key="training.nodes"))
    if cluster.min_nodes:
        what = f"the cluster {cluster.name} keeps {cluster.min_nodes} nodes up, which cost while nothing runs"
        fix = f"`az ml compute update --name {cluster.name} --min-instances 0`"
        notes.warnings.append(Problem(what, "the workspace", fix=fix))
    if cluster.low_priority != spec.low_priority:
        what = f"the cluster {cluster.name} is {cluster.tier}"
        why = f"training.tier is {spec.tier}, which counts only when a cluster is made"
        fix = "name another cluster to get the other tier"
        notes.warnings.append(Problem(what, spec.where, why=why, fix=fix, key="training.tier"))


def _owner(spec: TrainingSpec, cluster: Cluster, notes: _Notes) -> None:
    """A cluster of another team is theirs to delete or to resize while our run is on it, and they pay for it.

    Projects of one repository may share a cluster, and one without our tag is a platform team's, for everybody.
    """
    same = cluster.repository and cluster.repository == spec.repository
    if cluster.owner in {"", spec.owner} or same:
        return
    what = f"the cluster {cluster.name} was made by the project {cluster.owner}"
    if not cluster.repository or not spec.repository:
        fix = f"make sure that both may use it, or name another cluster at {COMPUTE}"
        notes.warnings.append(Problem(what, spec.where, fix=fix, key=COMPUTE))
        return
    why = f"its tag {REPOSITORY_TAG} is {cluster.repository}, which may change or delete it at any time"
    fix = f"name another cluster at {COMPUTE}; one that all may use has no tag {OWNER_TAG}"
    notes.refuse(Problem(what, spec.where, why=why, fix=fix, key=COMPUTE))


def _state(cluster: Cluster, notes: _Notes) -> None:
    if cluster.state == "Failed":
        fix = f"`az ml compute delete --name {cluster.name}`, then run `mlops compute` again, which makes it anew"
        what = f"the cluster {cluster.name} failed to be made or changed"
        notes.refuse(MachineFinding(Problem(what, "the workspace", why=cluster.errors, fix=fix), AzureRefused))
    elif cluster.state in IN_MOTION:
        what = f"the cluster {cluster.name} is still {cluster.state}"
        notes.refuse(
            MachineFinding(Problem(what, "the workspace", fix="run `mlops compute` again later"), AzureRefused)
        )
    elif cluster.state != "Succeeded":
        what = f"the cluster {cluster.name} is {cluster.state or 'in an unknown state'}"
        notes.refuse(MachineFinding(Problem(what, "the workspace", fix="look at it in the studio"), AzureRefused))


def _quota(spec: TrainingSpec, facts: TrainingFacts, machine: Machine, notes: _Notes) -> None:
    """Nodes of the cluster that are up count as used already, so only the others are asked for."""
    cluster = facts.cluster
    up = cluster.nodes if cluster and not spec.serverless and cluster.size.lower() == machine.name.lower() else 0
    low = cluster.low_priority if cluster and not spec.serverless else spec.low_priority
    nodes = max(0, spec.nodes - up)
    total = LOW_PRIORITY_TOTAL if low else DEDICATED_TOTAL
    limits = [(total, facts.total)]
    if not low:  # one quota for all low-priority machines of the region, whatever their family
        limits.insert(0, (machine.family, facts.quota))
    for name, quota in limits:
        notes.refuse(_short(machine, nodes, name, quota, facts.region))


def _short(machine: Machine, nodes: int, name: str, quota: Quota | None, region: str) -> MachineFinding | None:
    if quota is None:
        return None
    needed, free = nodes * machine.vcpus, max(0, quota.limit - quota.used)
    if needed <= free:
        return None
    what = f"{nodes} x {machine.name} need {needed} vCPUs of {name}; {free} are free, {needed - free} are missing"
    why = f"{quota.used} of {quota.limit} are in use"
    fix = f"{REQUEST}: a limit of {quota.used + needed} for {name}; or use fewer nodes or another size"
    return MachineFinding(Problem(what, f"the quota of {region}", why=why, fix=fix), AzureRefused)
