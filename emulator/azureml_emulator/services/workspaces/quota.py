"""The vCPU quota by family: the limit, what clusters and deployments use, and whether more would fit.

It must not refuse anything itself; handlers word the refusal of their own service.
"""

from collections.abc import Iterator

from azureml_emulator.catalog import sizes
from azureml_emulator.catalog.sizes import Size
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.workspaces.compute_resource import KIND, Compute, Priority

DEDICATED, LOW_PRIORITY = "totalDedicatedCores", "totalLowPriorityCores"
TOTALS = {DEDICATED: 3500, LOW_PRIORITY: 1000}  # of a fresh emulator's region


def limit(emulator: Emulator, family: str) -> int:
    """The vCPUs of a family: what was set through the control surface, else the catalog's."""
    return int(emulator.store.setting(f"quota.{family.lower()}", str(sizes.limits()[family])))


def set_limit(emulator: Emulator, family: str, vcpus: int) -> None:
    """Change the limit of a family or of a tier, whose name ignores case."""
    emulator.store.set_setting(f"quota.{family.lower()}", str(vcpus))


def total(emulator: Emulator, tier: str) -> int:
    """The vCPUs of all machines of a tier, one of `TOTALS`."""
    return int(emulator.store.setting(f"quota.{tier.lower()}", str(TOTALS[tier])))


def used(emulator: Emulator, family: str) -> int:
    """The vCPUs that clusters keep up and deployments run on. A cluster that scales to zero uses none while idle.

    Low-priority clusters count in a quota of their own.
    """
    total = sum(vcpus for size, vcpus in _clusters(emulator, low_priority=False) if size.family == family)
    for name, instances in emulator.part(Deployed).instances():
        if (size := sizes.find(name)) and size.family == family:
            total += size.vcpus * instances
    return total


class Deployed:
    """The machines of deployments, which are counted at each new one: by an index, and not from each one's document."""

    _COLUMNS = (
        "json_extract(body, '$.properties.endpointComputeType')",
        "json_extract(body, '$.properties.instanceType')",
        "CAST(json_extract(body, '$.sku.capacity') AS INTEGER)",
    )

    def __init__(self, emulator: Emulator) -> None:
        self._database = emulator.store.database
        columns = ", ".join(self._COLUMNS)
        self._database.execute(
            f"CREATE INDEX IF NOT EXISTS resources_machines ON resources ({columns}) WHERE kind = 'deployments'"
        )

    def instances(self) -> list[tuple[str, int]]:
        """VM sizes with how many instances of each managed deployments have; one that states none has one."""
        managed, size, capacity = self._COLUMNS
        rows = self._database.execute(
            f"SELECT {size} AS size, SUM(COALESCE(NULLIF({capacity}, 0), 1)) FROM resources "  # noqa: S608 - of constants
            f"WHERE kind = 'deployments' AND {managed} = 'Managed' AND size IS NOT NULL GROUP BY size"
        )
        return [(str(name), int(count)) for name, count in rows]


def used_at_low_priority(emulator: Emulator) -> int:
    """The vCPUs that low-priority clusters keep up."""
    return sum(vcpus for _, vcpus in _clusters(emulator, low_priority=True))


def _clusters(emulator: Emulator, *, low_priority: bool) -> Iterator[tuple[Size, int]]:
    """Size and vCPUs of what each cluster of a tier keeps up."""
    for compute in map(Compute.read, emulator.store.every(KIND)):
        if (size := compute.size) and (compute.priority is Priority.LOW) == low_priority:
            yield size, size.vcpus * compute.least_nodes


def lacking(emulator: Emulator, size: Size, instances: int, *, reserve: bool = False) -> int:
    """The vCPUs missing for so many instances more, 0 when they fit. `reserve`: with the 20 % of online deployments."""
    wanted = needed(size, instances, reserve=reserve)
    return max(0, used(emulator, size.family) + wanted - limit(emulator, size.family))


def needed(size: Size, instances: int, *, reserve: bool = False) -> int:
    """The vCPUs that so many instances ask for; with the reserve, a fifth more machines, rounded up."""
    return size.vcpus * (-(-instances * 6 // 5) if reserve and size.reserve else instances)
