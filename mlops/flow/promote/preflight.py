"""Looks at everything that a promotion needs before it makes anything, and gives every finding at once.

It must not change anything; the rules are `mlops.domain.promote.preflight`.
"""

from mlops.azure import models, registry, skus_and_quota
from mlops.domain.machines import Finding, check_machine, check_quota, check_size
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.preflight import check_name, check_room
from mlops.domain.tags import BASE_MODEL_TAG, VERDICT_TAG
from mlops.domain.training.base_model import BaseModel
from mlops.errors import AzureRefused, MlopsError, Problem
from mlops.flow.context import Context


def findings(
    context: Context, environment: str, model: models.Registered, deployment: str, facts: EndpointFacts | None
) -> list[Finding]:
    """What stands in the way. `facts` None: the endpoint's own name is bad, so it could not be looked at."""
    settings, where = context.environment(environment), _where(context, environment)
    found = [_verdict(model), check_name(deployment, where, "the deployment's name")]
    base, trouble = _base(context, model)
    found += [trouble] if trouble else []
    if base and (problem := check_size(settings.instance_type, base.inference_sizes(), "inference", where)):
        found.append(Finding(problem))
    machine = skus_and_quota.machine(context.workspace, settings.instance_type)
    region = context.workspace.location
    if machine is None:
        what = f"environments.{environment}.instance_type {settings.instance_type} is no VM size of {region}"
        found.append(Finding(Problem(what, where, fix="choose a size of the region"), AzureRefused))
    else:
        found.append(check_machine(machine, base.inference_minimum() if base else None, where))
        if facts is None or facts.find(deployment) is None:
            quota = skus_and_quota.quota(context.workspace, machine.family)
            found.append(check_quota(machine, settings.instance_count, quota, region))
    if facts is not None and facts.find(deployment) is None:
        found.append(check_room(facts.name, len(facts.deployments)))
    return [finding for finding in found if finding]


def _where(context: Context, environment: str) -> str:
    return f"{context.params_path}, environments.{environment}"


def _verdict(model: models.Registered) -> Finding | None:
    if model.tags.get(VERDICT_TAG) == "pass":
        return None
    why = f"its tag {VERDICT_TAG} is {model.tags.get(VERDICT_TAG, 'missing')}"
    what = f"{model.label} has no verdict that lets it pass"
    return Finding(Problem(what, "the workspace", why=why, fix="register models with `mlops register`"))


def _base(context: Context, model: models.Registered) -> tuple[BaseModel | None, Finding | None]:
    """The base model that this model was made of, which need not be the one of params.yaml any more."""
    plan = context.params.model
    name, _, version = model.tags.get(BASE_MODEL_TAG, f"{plan.base}:{plan.version}").partition(":")
    try:
        return registry.base_model(context.workspace, plan.registry, name, version), None
    except MlopsError as error:
        return None, Finding(error.problems[0], type(error))
