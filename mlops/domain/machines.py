"""VM sizes and vCPU quotas: what they are, and whether a size fits a base model and so many instances its quota.

Source of the sizes without a reserve: reference-managed-online-endpoints-vm-sku-list of the Azure ML documentation (the
20 % that are kept for upgrades).
"""

import math
import re
from dataclasses import dataclass

from mlops.errors import AzureRefused, BadInput, MlopsError, Problem

UNSUPPORTED_SIZES = frozenset({"standard_nc6", "standard_nc12", "standard_nc24", "standard_nc24r"})
# Sizes whose upgrades need no reserve: "Skip 20% Reservation" in the list.
NO_RESERVE = re.compile(
    r"standard_(nc\d+ads_a100_v4|nc40ads_h100_v5|nc80adis_h100_v5|nd96\w*|nd40rs_v2)", re.IGNORECASE
)


@dataclass(frozen=True)
class Machine:
    """A VM size of the region; 0 or empty stands for not known."""

    name: str
    family: str = ""
    vcpus: int = 0
    gpus: int = 0
    memory_gb: float = 0
    disk_gb: float = 0
    low_priority: bool = True  # whether it is offered at low priority


@dataclass(frozen=True)
class MinimumSize:
    """The least machine that fits, as the registry writes it: `vCPU|GPU|RAM GB|disk GB`."""

    vcpus: int
    gpus: int
    memory_gb: int
    disk_gb: int

    @classmethod
    def parse(cls, text: str) -> "MinimumSize | None":
        """Read `24|1|220|64`; None when it has another form."""
        parts = text.split("|")
        return cls(*map(int, parts)) if len(parts) == 4 and all(part.isdecimal() for part in parts) else None


@dataclass(frozen=True)
class AllowList:
    """VM sizes on which a model may be used, and where that stands. `sizes` None: the model names none."""

    sizes: tuple[str, ...] | None
    source: str
    notes: tuple[str, ...] = ()  # a place that could not be read, and was passed over


@dataclass(frozen=True)
class Quota:
    """vCPUs of a family in the region, or of all its machines of one tier."""

    used: int
    limit: int


@dataclass(frozen=True)
class MachineFinding:
    """A problem, and the failure that it is."""

    problem: Problem
    failure: type[MlopsError] = BadInput


def failure_of(findings: list[MachineFinding]) -> MlopsError | None:
    """All findings as one failure: what Azure would refuse weighs more than what params.yaml says wrongly."""
    if not findings:
        return None
    kinds = {finding.failure for finding in findings}
    kind = AzureRefused if AzureRefused in kinds else findings[0].failure
    return kind([finding.problem for finding in findings])


def check_size(size: str, allowed: tuple[str, ...] | None, purpose: str, where: str) -> Problem | None:
    """Whether a VM size may be used for a purpose; names are compared without regard to case."""
    if allowed is not None:
        if size.lower() in {name.lower() for name in allowed}:
            return None
        return Problem(
            f"{size} is not on the base model's list for {purpose}", where, fix=f"use one of: {', '.join(allowed)}"
        )
    if size.lower() in UNSUPPORTED_SIZES:
        return Problem(f"{size} is known not to work for {purpose}", where, fix="use a size with an A100 or newer GPU")
    return None


def check_machine(
    machine: Machine, minimum: MinimumSize | None, where: str, purpose: str = "serve"
) -> MachineFinding | None:
    """Whether a size is as large as the base model's least one for the purpose."""
    if minimum is None:
        return None
    wanted = (
        ("vCPUs", machine.vcpus, minimum.vcpus),
        ("GPUs", machine.gpus, minimum.gpus),
        ("GB memory", machine.memory_gb, minimum.memory_gb),
        ("GB disk", machine.disk_gb, minimum.disk_gb),
    )
    # 0 is not known, but for GPUs, of which a size of the region may have none
    short = [f"{has:g} of {least} {what}" for what, has, least in wanted if has < least and (has or what == "GPUs")]
    if not short:
        return None
    what = f"{machine.name} is too small to {purpose} this model: {', '.join(short)}"
    return MachineFinding(Problem(what, where, fix="choose a larger instance_type"))


def check_quota(machine: Machine, instances: int, quota: Quota | None, region: str) -> MachineFinding | None:
    """Whether a new deployment fits; None also where the quota is not known."""
    if quota is None or not machine.vcpus:
        return None
    needed = cores(machine, instances)
    free = quota.limit - quota.used
    if needed <= free:
        return None
    reserve = "" if NO_RESERVE.fullmatch(machine.name) else ", with the 20 % that Azure keeps for upgrades"
    return MachineFinding(
        Problem(
            f"{instances} x {machine.name} need {needed} vCPUs of {machine.family}{reserve}; {max(free, 0)} are free",
            f"the quota of {region}",
            why=f"{quota.used} of {quota.limit} are in use; a new deployment runs beside the live one",
            fix="ask for more quota (Azure Portal, Quotas, Machine learning), delete what is not used, "
            "or choose another instance_type",
        ),
        AzureRefused,
    )


def cores(machine: Machine, instances: int) -> int:
    """VCPUs that so many instances ask for."""
    counted = instances if NO_RESERVE.fullmatch(machine.name) else math.ceil(instances * 6 / 5)
    return counted * machine.vcpus
