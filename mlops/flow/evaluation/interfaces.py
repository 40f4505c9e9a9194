"""Whether what is named for an evaluation can score a chat model, before any machine is paid for."""

from mlops.azure import at_once, compute, registry
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation import scoring
from mlops.domain.evaluation.answers import PREDICTIONS
from mlops.domain.evaluation.spec import EvaluationSpec
from mlops.domain.training.parameters import Component
from mlops.domain.training.spec import SERVERLESS
from mlops.errors import BadInput, Problem

TWO = "name model_prediction in evaluation.component and compute_metrics in evaluation.metrics_component"
OFF = "set evaluation.enabled to false"


def check(workspace: Workspace, spec: EvaluationSpec) -> None:
    """Raise BadInput for components that cannot, and for a cluster that is not there."""
    cluster = None if spec.compute.lower() == SERVERLESS else spec.compute
    _, there = at_once.both(
        lambda: _check_components(workspace, spec),
        lambda: cluster is None or compute.find(workspace, cluster) is not None,
    )
    if not there:
        what = f"evaluation.compute {spec.compute} is not in the workspace"
        fix = "name a cluster that is there, or serverless"
        raise BadInput(Problem(what, spec.where, fix=fix, key="evaluation.compute"))


def _check_components(workspace: Workspace, spec: EvaluationSpec) -> None:
    """Raise BadInput for a component that is not there, or whose interface is another than what it is sent."""
    given = {*scoring.settings(spec.max_new_tokens), "test_data", "mlflow_model"}
    try:
        first = registry.component(workspace, spec.registry, spec.component, spec.component_version)
    except BadInput as error:
        fix = f"{error.problems[0].fix}; where the registry serves it no more: {TWO}, or {OFF}"
        raise BadInput(Problem(error.problems[0].what, spec.where, fix=fix, key="evaluation.component")) from None
    if spec.metrics_component is None:
        _check(
            spec,
            "component",
            first,
            {*given, "compute_name"},
            {scoring.OUTPUT},
            f"use model_evaluation_pipeline; or {TWO}",
        )
        return
    second = registry.component(workspace, spec.registry, spec.metrics_component, spec.metrics_component_version)
    handed = {*scoring.metrics_settings(spec.max_new_tokens), *scoring.HANDED_OVER}
    _check(spec, "component", first, given, {*scoring.HANDED_OVER.values(), PREDICTIONS}, TWO)
    _check(spec, "metrics_component", second, handed, {scoring.OUTPUT}, TWO)


def _check(spec: EvaluationSpec, key: str, component: Component, given: set[str], makes: set[str], fix: str) -> None:
    needed = {one.name for one in component.inputs.values() if not one.optional and one.default is None}
    lacks = sorted({*given - set(component.inputs), *makes - set(component.outputs)})
    if lacks or needed - given:
        what = f"evaluation.{key} {component.name} {component.version} cannot score a chat model"
        why = f"it has no {', '.join(lacks)}" if lacks else f"it also needs {', '.join(sorted(needed - given))}"
        raise BadInput(Problem(what, spec.where, why=why, fix=f"{fix}, or {OFF}", key=f"evaluation.{key}"))
