"""`mlops models`: base models of the registry that the training component can fine-tune, with their dates and sizes."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime

from mlops.azure import registry, skus_and_quota
from mlops.azure.workspace import Workspace
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.compatibility import mismatches
from mlops.errors import MlopsError
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.params.presets import presets

FAMILIES = ("phi", "llama", "mistral", "gpt-oss", "qwen")  # of models that the registry's source offers for fine-tuning


@dataclass(frozen=True)
class OfferedModel:
    """A version of a base model.

    `tested` names the component versions that it is tested with here. `fits` says whether the component version of
    params.yaml is known not to train it. `sizes` are the VM sizes that it allows, `sizes_here` those of them that the
    workspace's region has. A date is null where the model states none.
    """

    name: str
    version: str
    context_length: int | None
    licence: str
    archived: bool
    finetune_retirement: datetime | None
    inference_retirement: datetime | None
    retired: bool
    sizes: tuple[str, ...]
    sizes_here: tuple[str, ...]
    tested: tuple[str, ...]
    fits: bool

    @property
    def usable(self) -> bool:
        """Whether it can be trained today for all that is known."""
        return not self.archived and not self.retired


@dataclass(frozen=True)
class ModelsResult:
    """What the registry offers for a task; `names` were listed, `looked_at` read, and `unread` could not be."""

    registry: str
    task: str
    component: str
    region: str
    names: int
    looked_at: int
    offered: tuple[OfferedModel, ...]
    unread: tuple[str, ...]


def run(context: Context, *, task: str, match: tuple[str, ...]) -> Outcome[ModelsResult]:
    """List the registry's models, and read those whose names hold one of `match`; without it, of known families."""
    workspace, stated = context.workspace, context.params
    names = registry.model_names(workspace, stated.model.registry)
    wanted = match or FAMILIES
    chosen = [name for name in names if any(part.lower() in name.lower() for part in wanted)]
    component = (stated.training.component, stated.training.component_version)
    here = skus_and_quota.sizes(workspace)
    offered: list[OfferedModel] = []
    unread: list[str] = []
    for name, version in _versions(workspace, stated.model.registry, chosen):
        try:
            base = registry.base_model(workspace, stated.model.registry, name, version)
        except MlopsError as error:
            unread.append(f"{name}: {error.problems[0].what}")
            continue
        if base.supports_fine_tuning(task):
            offered.append(_offered(base, component, here, workspace.now()))
    result = ModelsResult(
        registry=stated.model.registry,
        task=task,
        component=":".join(component),
        region=workspace.location,
        names=len(names),
        looked_at=len(chosen),
        offered=tuple(sorted(offered, key=lambda one: (not one.usable, not one.tested, one.name))),
        unread=tuple(unread),
    )
    return Outcome(result)


def _versions(workspace: Workspace, name_of_registry: str, chosen: Iterable[str]) -> list[tuple[str, str]]:
    """The newest version of each; where all are archived, that of the preset, which is found by its number alone."""
    pinned = {one["model.base"]: str(one["model.version"]) for one in presets().values()}
    found = []
    for name in chosen:
        version = registry.newest_version(workspace, name_of_registry, name) or pinned.get(name)
        if version:
            found.append((name, version))
    return found


def _offered(base: BaseModel, component: tuple[str, str], here: Container[str], now: datetime) -> OfferedModel:
    dates, sizes = base.dates(), base.finetune_list().sizes or ()
    tested = [
        one for one in presets().values() if (one["model.base"], one["model.version"]) == (base.name, base.version)
    ]
    return OfferedModel(
        name=base.name,
        version=base.version,
        context_length=base.context_length(),
        licence=base.licence(),
        archived=base.archived,
        finetune_retirement=dates.get("finetuneRetirementDate"),
        inference_retirement=dates.get("inferenceRetirementDate"),
        retired=base.retired(now) is not None,
        sizes=sizes,
        sizes_here=tuple(size for size in sizes if size.lower() in here),
        tested=tuple(str(one["training.component_version"]) for one in tested),
        fits=not mismatches(base.name, *component),
    )
