"""Looks at everything that a promotion needs before it makes anything, and gives every finding at once.

The rules are `mlops.domain.promote.preflight` and `mlops.domain.machines`.
"""

from dataclasses import replace

from mlops.azure import models, registry, skus_and_quota
from mlops.azure.workspace import Workspace
from mlops.domain.machines import MachineFinding, check_machine, check_quota, check_size
from mlops.domain.promote import rollback_target
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.preflight import check_name, check_room
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.serving import scale
from mlops.domain.tags import BASE_MODEL_TAG, OWNER_TAG, VERDICT_TAG
from mlops.domain.training.base_model import BaseModel
from mlops.errors import AzureRefused, MlopsError, Problem


def findings(
    workspace: Workspace, spec: RolloutSpec, model: models.Registered, deployment: str, facts: EndpointFacts | None
) -> list[MachineFinding]:
    """What stands in the way. `facts` None: the endpoint's own name is bad, so it could not be looked at."""
    key = spec.key("instance_type")
    found = [
        _verdict(model),
        _own_model(spec, model),
        check_name(deployment, "the deployment's name", spec.params_file),
    ]
    base, trouble = _base(workspace, spec, model)
    found += [trouble] if trouble else []
    if base and (problem := check_size(spec.instance_type, base.inference_sizes(), "inference", spec.params_file)):
        found.append(MachineFinding(replace(problem, key=key)))
    makes = facts is None or facts.find(deployment) is None
    main = rollback_target.main(facts, deployment) if facts else None
    found += _machine(workspace, spec, base, scale.candidate_count(main, spec.instance_count) if makes else 0)
    if facts is not None and facts.find(deployment) is None:
        found.append(check_room(facts.name, len(facts.deployments)))
    return [finding for finding in found if finding]


def _machine(
    workspace: Workspace, spec: RolloutSpec, base: BaseModel | None, count: int
) -> list[MachineFinding | None]:
    machine, key = skus_and_quota.machine(workspace, spec.instance_type), spec.key("instance_type")
    if machine is None:
        what = f"{key} {spec.instance_type} is no VM size of {workspace.location}"
        problem = Problem(what, spec.params_file, fix="choose a size of the region", key=key)
        return [MachineFinding(problem, AzureRefused)]
    small = check_machine(machine, base.inference_minimum() if base else None, spec.params_file)
    found = [replace(small, problem=replace(small.problem, key=key)) if small else None]
    if count:
        quota = skus_and_quota.quota(workspace, machine.family)
        found.append(check_quota(machine, count, quota, workspace.location))
    return found


def problems(
    workspace: Workspace, spec: RolloutSpec, model: models.Registered, deployment: str, facts: EndpointFacts
) -> list[Problem]:
    """The same, to be told beside another refusal."""
    return [finding.problem for finding in findings(workspace, spec, model, deployment, facts)]


def _verdict(model: models.Registered) -> MachineFinding | None:
    if model.tags.get(VERDICT_TAG) == "pass":
        return None
    why = f"its tag {VERDICT_TAG} is {model.tags.get(VERDICT_TAG, 'missing')}"
    what = f"{model.label} has no verdict that lets it pass"
    return MachineFinding(Problem(what, "the workspace", why=why, fix="register models with `mlops register`"))


def _own_model(spec: RolloutSpec, model: models.Registered) -> MachineFinding | None:
    if model.name == spec.owner and model.tags.get(OWNER_TAG, spec.owner) == spec.owner:
        return None
    what = f"{model.label} is of the project {model.tags.get(OWNER_TAG, model.name)}, not of {spec.owner}"
    return MachineFinding(Problem(what, spec.params_file, fix="promote a model of this project", key="model.name"))


def _base(
    workspace: Workspace, spec: RolloutSpec, model: models.Registered
) -> tuple[BaseModel | None, MachineFinding | None]:
    """The base model that this model was made of, which need not be the one of params.yaml any more."""
    name, _, version = model.tags.get(BASE_MODEL_TAG, spec.base_model).partition(":")
    try:
        return registry.base_model(workspace, spec.base_registry, name, version), None
    except MlopsError as error:
        return None, MachineFinding(error.problems[0], type(error))
