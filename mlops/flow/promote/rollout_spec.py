"""Makes the specs of the environments from params.yaml and the workspace, once, where a command begins."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from mlops.domain.promote.canary import CanaryLimits
from mlops.domain.promote.spec import Invocation, RolloutSpec
from mlops.domain.serving.autoscale import AutoscaleSpec
from mlops.domain.serving.settings import ServingSettings
from mlops.flow.context import Context
from mlops.params.environments import Environment

GRACE_SECONDS = 5  # beyond the endpoint's own time limit, which answers first


def rollout_specs(context: Context) -> Mapping[str, RolloutSpec]:
    """The spec of every environment, in the order of promotion. Their endpoints' names are not checked."""
    return {name: _spec(context, name) for name in context.params.environments}


def rollout_spec(context: Context, environment: str) -> RolloutSpec:
    """The spec of one environment. Raises BadInput when it is unknown, or Azure would refuse its endpoint's name."""
    context.environment(environment)  # a misspelt name is told before anybody signs in
    return replace(_spec(context, environment), endpoint=context.endpoint_name(environment))


def _spec(context: Context, name: str) -> RolloutSpec:
    params = context.params
    stated, serving = params.environments[name], params.serving
    limits = stated.limits.model_dump(exclude={"metrics_wait_seconds", "without_metrics"})
    hours = stated.retention_hours
    return RolloutSpec(
        environment=name,
        endpoint=context.stated_endpoint(name),
        place=context.place(name),
        owner=context.owner,
        repository=context.repository,
        registry=stated.registry,
        auth_mode=stated.auth_mode,
        instance_type=stated.instance_type,
        instance_count=stated.instance_count,
        autoscale=_autoscale(stated),
        traffic_steps=stated.traffic_steps,
        bake_seconds=stated.bake_seconds,
        mirror_percent=stated.mirror_percent,
        retention=None if hours is None else timedelta(hours=hours),
        limits=CanaryLimits(**limits),
        metrics_wait_seconds=stated.limits.metrics_wait_seconds,
        metrics_required=stated.limits.without_metrics == "roll_back",
        serving=ServingSettings(
            serving.request_timeout_ms,
            serving.max_concurrent_requests_per_instance,
            serving.liveness_initial_delay_seconds,
            serving.readiness_initial_delay_seconds,
            serving.environment_variables,
            serving.egress,
        ),
        invocation=Invocation(
            serving.max_new_tokens, serving.temperature, serving.request_timeout_ms / 1000 + GRACE_SECONDS
        ),
        smoke_conversations=serving.smoke_conversations,
        smoke_minimum_rouge_l=serving.smoke_minimum_rouge_l,
        base_registry=params.model.registry,
        base_model=f"{params.model.base}:{params.model.version}",
        params_file=str(context.params_path),
    )


def _autoscale(stated: Environment) -> AutoscaleSpec | None:
    scaled = stated.autoscale
    return AutoscaleSpec(default=stated.instance_count, **scaled.model_dump()) if scaled else None
