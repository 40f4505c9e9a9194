"""Facts about base model, machines, cluster and quota -> what refuses and what warns; one row a situation."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from mlops.domain.machines import Machine, Quota, failure_of
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.checks import Cluster, TrainingFacts, check
from mlops.domain.training.spec import Tier, TrainingSpec
from mlops.errors import AzureRefused, BadInput, MlopsError

NOW = datetime(2025, 8, 1, tzinfo=UTC)
A100 = Machine("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24, 1, 220, 64)
OLDER = BaseModel(
    "Phi-3-mini-4k-instruct",
    "15",
    "id",
    tags={"finetune_compute_allow_list": "['Standard_NC24ads_A100_v4', 'Standard_ND96asr_v4']"},
    properties={"finetuning-tasks": "chat-completion", "finetune-min-sku-spec": "24|1|220|64"},
)
NEWER = BaseModel(
    "Phi-4",
    "8",
    "id",
    system_metadata={
        "tasks": {"fineTuningTasks": ["chat-completion"]},
        "supportedComputes": {"finetuneComputes": ["Standard_NC24ads_A100_v4"]},
        "SKU": {"finetuneMinSkuSpec": "24|1|220|64"},
    },
)
BARE = BaseModel("other", "1", "id", properties={"finetuning-tasks": "chat-completion"})
WANTED = TrainingSpec(
    owner="phi",
    repository="team/chat",
    registry="azureml",
    base="Phi-3-mini-4k-instruct",
    version="15",
    component="chat_completion_pipeline",
    component_from="azureml",
    component_version="0.0.74",
    experiment="chat-completion",
    compute="gpu-cluster",
    instance_type="Standard_NC24ads_A100_v4",
    nodes=1,
    max_nodes=2,
    tier=Tier.DEDICATED,
    idle_seconds=120,
    retired="warn",
    step_sizes={},
    parameters={},
    where="params.yaml",
)
SOME = Quota(24, 48)
FACTS = TrainingFacts("eastus", NOW, OLDER, A100, None, SOME, Quota(0, 1000))
CLUSTER = Cluster("gpu-cluster", "AmlCompute", "STANDARD_NC24ADS_A100_V4", "Succeeded", 2)


def dated(**dates: str) -> BaseModel:
    return replace(OLDER, tags={**OLDER.tags, **dates})


def sized(name: str, base: BaseModel = BARE, **more: object) -> tuple[TrainingSpec, TrainingFacts]:
    machine = replace(A100, name=name, **more)  # type: ignore[arg-type]
    return replace(WANTED, instance_type=name), replace(FACTS, base=base, machine=machine)


@dataclass(frozen=True)
class Case:
    name: str
    facts: TrainingFacts = FACTS
    wanted: TrainingSpec = WANTED
    refused: tuple[str, ...] = ()  # a part of each finding, in order
    warned: tuple[str, ...] = ()
    kind: type[MlopsError] | None = None


def of(name: str, pair: tuple[TrainingSpec, TrainingFacts], **more: object) -> Case:
    return Case(name, pair[1], pair[0], **more)  # type: ignore[arg-type]


CASES = [
    Case("all is right, the older form"),
    Case("all is right, the newer form", replace(FACTS, base=NEWER)),
    Case(
        "all is right, in other case",
        replace(FACTS, cluster=CLUSTER),
        replace(WANTED, instance_type="standard_nc24ads_a100_V4"),
    ),
    Case("latest is shown", wanted=replace(WANTED, version="latest"), warned=("model.version latest is 15 now",)),
    Case(
        "base model and component are known not to fit",
        FACTS,
        replace(WANTED, component_version="0.0.82"),
        warned=("chat_completion_pipeline 0.0.82 are not known to fit",),
    ),
    Case(
        "latest of the component is shown",
        replace(FACTS, component="0.0.74"),
        replace(WANTED, component_version="latest"),
        warned=("training.component_version latest is 0.0.74 now",),
    ),
    Case("archived warns", replace(FACTS, base=replace(OLDER, archived=True)), warned=("15 is archived",)),
    Case(
        "archived refuses, and names the successor",
        replace(FACTS, base=replace(OLDER, archived=True)),
        replace(WANTED, retired="refuse"),
        ("move to its successor, Phi-4",),
        kind=BadInput,
    ),
    Case(
        "retired on this very day",
        replace(FACTS, base=dated(FinetuneRetirementDate="2025-08-01")),
        warned=("was retired from fine-tuning on 2025-08-01",),
    ),
    Case(
        "retired, refused, both uses",
        replace(FACTS, base=dated(FinetuneRetirementDate="2025-07-31", InferenceRetirementDate="2025-07-31")),
        replace(WANTED, retired="refuse"),
        ("retired from fine-tuning on 2025-07-31", "retired from serving on 2025-07-31"),
        kind=BadInput,
    ),
    Case(
        "retired soon only warns",
        replace(FACTS, base=dated(FinetuneRetirementDate="2025-08-30")),
        replace(WANTED, retired="refuse"),
        warned=("will be retired from fine-tuning on 2025-08-30",),
    ),
    Case("retired in a year is nothing", replace(FACTS, base=dated(FinetuneRetirementDate="2026-08-30"))),
    Case("a date that is none is nothing", replace(FACTS, base=dated(FinetuneRetirementDate="soon"))),
    Case(
        "no fine-tuning for chat",
        replace(FACTS, base=replace(OLDER, properties={"finetuning-tasks": "text-classification"})),
        refused=("does not support fine-tuning for chat completion",),
        kind=BadInput,
    ),
    of("not on the list", sized("Standard_NC6s_v3", OLDER), refused=("use one of: Standard_NC24ads",)),
    of("no list, a size known to fail", sized("Standard_NC24r"), refused=("Standard_NC24r is known not to work",)),
    of("no list, another size", sized("Standard_ND96asr_v4")),
    of(
        "on the list and too small, all four",
        sized("Standard_ND96asr_v4", OLDER, vcpus=4, memory_gb=28, disk_gb=8),
        refused=("4 of 24 vCPUs, 28 of 220 GB memory, 8 of 64 GB disk",),
    ),
    of("no GPU", sized("Standard_D2_v2", gpus=0), refused=("has no GPU",)),
    Case(
        "a list that cannot be read is passed over and told",
        replace(FACTS, base=replace(BARE, tags={"finetune_compute_allow_list": "__import__('os')"})),
        warned=("the tag finetune_compute_allow_list of other:1 cannot be read",),
    ),
    Case("no such size", replace(FACTS, machine=None), refused=("is no VM size of eastus",), kind=BadInput),
    Case(
        "no low priority of this size",
        replace(FACTS, machine=replace(A100, low_priority=False)),
        replace(WANTED, tier=Tier.LOW_PRIORITY),
        ("not offered at low priority",),
    ),
    Case("serverless", wanted=replace(WANTED, compute="Serverless", tier=Tier.LOW_PRIORITY)),
    Case(
        "serverless looks at no cluster",
        replace(FACTS, cluster=replace(CLUSTER, state="Failed")),
        replace(WANTED, compute="serverless"),
    ),
    Case("a cluster that is there", replace(FACTS, cluster=CLUSTER)),
    Case(
        "a compute instance",
        replace(FACTS, cluster=replace(CLUSTER, type="ComputeInstance")),
        refused=("training.compute gpu-cluster is a ComputeInstance",),
    ),
    Case(
        "failed",
        replace(FACTS, cluster=replace(CLUSTER, state="Failed", errors="no capacity")),
        refused=("failed to be made or changed\n  why: no capacity\n  fix: `az ml compute delete",),
        kind=AzureRefused,
    ),
    Case("being made", replace(FACTS, cluster=replace(CLUSTER, state="Creating")), refused=("is still Creating",)),
    Case("a state we do not know", replace(FACTS, cluster=replace(CLUSTER, state="Odd")), refused=("is Odd",)),
    Case(
        "of another size and too small",
        replace(FACTS, cluster=replace(CLUSTER, size="Standard_ND96asr_v4", max_nodes=1)),
        replace(WANTED, nodes=2),
        ("has Standard_ND96asr_v4, but training.instance_type", "grows to 1", "24 are missing"),
    ),
    Case(
        "keeps nodes up",
        replace(FACTS, cluster=replace(CLUSTER, min_nodes=1, nodes=1)),
        warned=("keeps 1 nodes up",),
    ),
    Case(
        "of the other tier",
        replace(FACTS, cluster=replace(CLUSTER, low_priority=True)),
        warned=("the cluster gpu-cluster is low_priority",),
    ),
    Case("quota is just enough", replace(FACTS, quota=Quota(24, 48))),
    Case(
        "quota is one short",
        replace(FACTS, quota=Quota(25, 48)),
        refused=(
            "1 x Standard_NC24ads_A100_v4 need 24 vCPUs of standardNCADSA100v4Family; 23 are free, 1 are missing",
        ),
        kind=AzureRefused,
    ),
    Case(
        "no quota at all says where to ask, and for how much",
        replace(FACTS, quota=Quota(0, 0)),
        refused=("portal (Quotas, Machine learning, the region) or in the studio (Quota): a limit of 24 for",),
    ),
    Case(
        "over the limit already",
        replace(FACTS, quota=Quota(60, 48)),
        refused=("0 are free, 24 are missing",),
    ),
    Case(
        "nodes that are up are paid for already",
        replace(FACTS, cluster=replace(CLUSTER, nodes=1), quota=Quota(48, 48)),
    ),
    Case(
        "the region's total",
        replace(FACTS, total=Quota(990, 1000)),
        refused=("need 24 vCPUs of Total Cluster Dedicated Regional vCPUs; 10 are free, 14 are missing",),
    ),
    Case(
        "low priority has one quota for all families",
        replace(FACTS, quota=Quota(0, 0), total=Quota(0, 10)),
        replace(WANTED, tier=Tier.LOW_PRIORITY),
        ("need 24 vCPUs of Total Cluster LowPriority Regional vCPUs",),
    ),
    Case("quota is not known", replace(FACTS, quota=None, total=None)),
    Case(
        "all at once, and what Azure would refuse weighs most",
        replace(FACTS, base=BARE, machine=replace(A100, name="Standard_NC24", gpus=0), quota=Quota(0, 0)),
        replace(WANTED, instance_type="Standard_NC24"),
        ("known not to work", "has no GPU", "24 are missing"),
        kind=AzureRefused,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_training_is_checked_before_it_costs_anything(case: Case) -> None:
    found = check(case.wanted, case.facts)
    told = [str(finding.problem) for finding in found.findings]
    assert len(told) == len(case.refused), told
    assert all(part in text for part, text in zip(case.refused, told, strict=True)), told
    warned = [str(problem) for problem in found.warnings]
    assert len(warned) == len(case.warned), warned
    assert all(part in text for part, text in zip(case.warned, warned, strict=True)), warned
    assert all(finding.problem.fix for finding in found.findings if "too small" not in finding.problem.what)
    ours = [one for one in (*(found.problem for found in found.findings), *found.warnings) if one.where == WANTED.where]
    assert all(one.key.startswith(("training.", "model.")) for one in ours)
    if case.kind:
        assert type(failure_of(list(found.findings))) is case.kind


@pytest.mark.parametrize(
    ("model", "source"),
    [
        (OLDER, "the tag finetune_compute_allow_list"),
        (NEWER, "system_metadata.supportedComputes.finetuneComputes"),
        (replace(OLDER, system_metadata=NEWER.system_metadata), "the tag finetune_compute_allow_list"),
        (replace(OLDER, tags={}, system_metadata=NEWER.system_metadata), "system_metadata.supportedComputes"),
        (replace(BARE, properties={"finetune-recommended-sku": "A, B"}), "the property finetune-recommended-sku"),
        (replace(BARE, system_metadata={"SKU": {"finetuneRecommendedSkus": ["A", "B"]}}), "system_metadata.SKU"),
        (replace(BARE, tags={"finetune_compute_allow_list": "[]"}), "the model names none"),
        (BARE, "the model names none"),
    ],
)
def test_the_allow_list_is_read_in_a_fixed_order(model: BaseModel, source: str) -> None:
    found = model.finetune_list()
    assert found.source.startswith(source)
    assert (found.sizes is None) == (source == "the model names none")


@pytest.mark.parametrize(
    ("owner", "repository", "refused", "warned"),
    [
        ("", "", False, False),
        ("phi", "elsewhere/chat", False, False),
        ("other", "team/chat", False, False),  # two projects of one repository share it
        ("other", "", False, True),
        ("other", "elsewhere/chat", True, False),
    ],
)
def test_a_cluster_of_another_repository_is_not_used(owner: str, repository: str, refused: bool, warned: bool) -> None:
    cluster = replace(CLUSTER, owner=owner, repository=repository)
    found = check(WANTED, replace(FACTS, cluster=cluster))
    said = "was made by the project other"
    assert any(said in one.problem.what for one in found.findings) is refused
    assert any(said in one.what for one in found.warnings) is warned
