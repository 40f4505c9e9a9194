"""What `params.yaml` says about the environments: their endpoints, how a model gets there, and how it is served."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from mlops.params.block import TEN_YEARS, Positive, Seconds, Share, WholeSeconds, key, together
from mlops.params.block import Block as _Block
from mlops.params.patterns import ENDPOINT, ENVIRONMENT, GROUP, MOST_OF_A_GROUP, NAME, UUID, VARIABLE, WORKSPACE

EnvironmentVariable = Annotated[str, key(pattern=VARIABLE)]
DEFAULT_ENDPOINT = "{project}-{environment}-{workspace_hash}"
MOST_WAVES = 4  # the jobs of promote.yml
TAKEN_NAMES = {
    "training": "the workflows do everything before a promotion in the GitHub environment of that name",
    "all": "that is the promote workflow's word for every environment",
    "both": "that was the promote workflow's word for every environment",
}
EnvironmentName = Annotated[str, key(pattern=ENVIRONMENT)]


class DeploymentLimits(_Block):
    """When a new deployment is bad, by probes and by Azure Monitor's numbers."""

    error_share: Share = key(0.02, description="Largest share of failed requests: no usable answer, 408, 424, 429, 5xx")
    error_share_over_old: Share = key(0.01, description="How much larger it may be than the old deployment's")
    p95_ms: float | None = key(None, gt=0, description="Largest p95 latency in milliseconds")
    p95_ratio_to_old: float | None = key(2.0, gt=0, description="Largest p95 latency as a multiple of the old one's")
    p95_slack_ms: float = key(1000, ge=0, description="A smaller difference to the old one's latency does not count")
    minimum_requests: Positive = key(
        20, description="Below this, Azure Monitor's numbers of a deployment are too few to judge"
    )
    metrics_wait_seconds: Seconds = key(
        0, description="How long to wait after the bake time for Azure Monitor, which is about three minutes late"
    )
    without_metrics: Literal["probes", "roll_back"] = key(
        "probes", description="When Azure Monitor has nothing to say: let the probes decide, or roll back"
    )


class Autoscale(_Block):
    """When Azure Monitor adds or takes away an instance of the live deployment."""

    minimum: Positive = key(1, description="Fewest instances; a managed deployment has at least one")
    maximum: Positive = key(le=50, description="Most instances; their cores must be within the quota")
    metric: Literal["GpuUtilizationPercentage", "CpuUtilizationPercentage", "GpuMemoryUtilizationPercentage"] = key(
        "GpuUtilizationPercentage", description="What of the deployment is measured, in percent"
    )
    scale_out_above: float = key(70.0, gt=0, le=100, description="Average above which an instance is added")
    scale_in_below: float = key(30.0, ge=0, lt=100, description="Average below which one is taken away")
    window_minutes: int = key(5, ge=5, le=720, description="Minutes over which the average is taken")
    cooldown_minutes: int = key(15, ge=1, le=10080, description="Minutes after a change before the next one")

    @together
    def _is_a_range(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum is {self.minimum} and maximum {self.maximum}; it must not be below")
        if self.scale_in_below >= self.scale_out_above:
            raise ValueError(
                f"scale_in_below is {self.scale_in_below:g} and scale_out_above {self.scale_out_above:g}; "
                "instances would come and go for ever"
            )
        return self


class Environment(_Block):
    """One managed online endpoint and how a model gets there."""

    after: EnvironmentName | tuple[EnvironmentName, ...] | None = key(
        None,
        description="The environments that are promoted to before this one, a name or a list; by default the one "
        "written above it. Two with the same are promoted to side by side",
    )
    endpoint: str = key(
        DEFAULT_ENDPOINT,
        pattern=ENDPOINT,
        description="Endpoint name; {project} is model.name, shortened to what has room, {environment} this one's "
        "name, and {workspace_hash} makes it unique in the region",
    )
    workspace: str | None = key(
        None, pattern=WORKSPACE, description="Workspace of the endpoint; null for that of the training"
    )
    resource_group: str | None = key(
        None, pattern=GROUP, max_length=MOST_OF_A_GROUP, description="Its resource group, where that is another"
    )
    subscription: str | None = key(None, pattern=UUID, description="Id of its subscription, where that is another")
    instance_type: str = key("Standard_NC24ads_A100_v4", description="VM size of the deployment")
    instance_count: Positive = key(1, description="Instances of the deployment")
    autoscale: Autoscale | None = key(
        None, description="Let Azure Monitor set the number of instances; null: instance_count does"
    )
    registry: str | None = key(
        None,
        pattern=NAME,
        description="Registry of yours that carries models to this environment, where it has another workspace",
    )
    auth_mode: Literal["key", "aad_token"] = key("key", description="How callers sign in")
    traffic_steps: tuple[int, ...] = key(
        (100,), min_length=1, description="Percent for the new deployment, step by step"
    )
    bake_seconds: Seconds = key(0, description="Time at each step before it is judged")
    approval: Literal["github", "command", "none"] = key(
        "none",
        description="Who lets a model in: required reviewers of the environment on GitHub; whoever starts `promote` by "
        "hand; or nobody, which each promotion says",
    )
    protected: bool = key(False, description="Never touched by cleanup")
    mirror_percent: int = key(
        0,
        ge=0,
        le=50,
        description="Share of live requests copied to a new deployment before it gets any; 0 for none",
    )
    retention_hours: float | None = key(
        72, ge=0, le=TEN_YEARS, description="How long the deployment before stays at 0 % for a rollback; null for ever"
    )
    limits: DeploymentLimits = key(
        default_factory=DeploymentLimits,  # type: ignore[arg-type]
        description="When a step of the traffic is judged bad",
    )

    @property
    def elsewhere(self) -> bool:
        """Whether its workspace is named, and so another than that of the training."""
        return bool(self.workspace or self.resource_group or self.subscription)

    @together
    def _gets_models_through_a_registry(self) -> Self:
        if self.elsewhere and not self.workspace:
            raise ValueError("resource_group and subscription say where a workspace is: name the workspace as well")
        if self.elsewhere and not self.registry:
            raise ValueError(
                f"the workspace {self.workspace} does not see the models of another: name a registry that carries them"
            )
        return self

    @together
    def _ends_at_all_traffic(self) -> Self:
        steps = self.traffic_steps
        if list(steps) != sorted(set(steps)) or steps[0] < 1 or steps[-1] != 100:
            raise ValueError(f"traffic_steps must rise from 1 or more to 100, not {list(steps)}")
        return self

    @together
    def _begins_within_autoscale(self) -> Self:
        scaled = self.autoscale
        if scaled and not scaled.minimum <= self.instance_count <= scaled.maximum:
            raise ValueError(
                f"instance_count is {self.instance_count}, and autoscale goes from {scaled.minimum} to "
                f"{scaled.maximum}; the first deployment starts with instance_count, so it must be within"
            )
        return self


def order(environments: Mapping[str, Environment]) -> dict[str, tuple[str, ...]]:
    """Environment -> those that it comes right after: what it says, else the one above it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, stated in environments.items():
        after = stated.after
        above = tuple(found)[-1:]
        found[name] = above if after is None else (after,) if isinstance(after, str) else after
    return found


def disorder(environments: Mapping[str, Environment]) -> tuple[str, str, str] | None:
    """What is wrong with names and order: the dotted key, what, and how to put it right; None where all is well."""
    depth: dict[str, int] = {}
    for name, before in order(environments).items():
        key = f"environments.{name}.after"
        if use := TAKEN_NAMES.get(name.lower()):
            return f"environments.{name}", f"an environment cannot be called {name}: {use}", "choose another name"
        if unknown := next((one for one in before if one not in depth), None):
            where = "does not stand above it" if unknown in environments else "is no environment"
            return key, f"{key} names {unknown}, which {where}", f"name environments that are written above {name}"
        depth[name] = 1 + max((depth[one] for one in before), default=0)
        if depth[name] > MOST_WAVES:
            what = f"{name} is number {depth[name]} of environments that follow one another"
            return key, what, f"the workflows have jobs for {MOST_WAVES}; let some be promoted to side by side"
    return None


class Serving(_Block):
    """Probe and request settings of every deployment, and how it is asked."""

    request_timeout_ms: int = key(90000, ge=1, le=180000, description="Limit of one request, at most 180,000 ms")
    max_concurrent_requests_per_instance: Positive = key(1, description="Requests an instance works on at once")
    liveness_initial_delay_seconds: WholeSeconds = key(
        600, description="Before the first liveness probe; a large model loads for minutes"
    )
    readiness_initial_delay_seconds: WholeSeconds = key(10, description="Before the first readiness probe")
    environment_variables: dict[EnvironmentVariable, str] = key(
        default_factory=dict, description="Variables of the container; a secret does not belong here"
    )
    egress: Literal["enabled", "disabled"] = key(
        "enabled", description="Whether the container may reach public networks (egress_public_network_access)"
    )
    max_new_tokens: Positive = key(64, description="Length of an answer in the smoke test and in `mlops ask`")
    temperature: float = key(0.0, ge=0, le=2, description="0 is greedy")
    smoke_conversations: Positive = key(3, description="Held-out questions asked before any traffic moves")
    smoke_minimum_rouge_l: Share = key(
        0.0, description="Floor of the mean ROUGE-L of their answers against the true ones; 0 sets none"
    )
