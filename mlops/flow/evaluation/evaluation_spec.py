"""What params.yaml asks of an evaluation, taken from it once."""

from mlops.domain.evaluation.probes import of_conversations
from mlops.domain.evaluation.spec import EvaluationSpec
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context
from mlops.flow.evaluation import probes
from mlops.flow.evaluation.gate_spec import gate_spec
from mlops.flow.project import Project
from mlops.params import Params

TRAINS = "chat_completion_pipeline"
SCORES = (("model_evaluation_pipeline", None), ("model_prediction", "compute_metrics"))


def of(context: Context) -> EvaluationSpec:
    """The blocks `evaluation` and `gate`, with the defaults that other blocks give."""
    params, wanted, training = context.params, context.params.evaluation, context.params.training
    return EvaluationSpec(
        enabled=wanted.enabled,
        owner=context.owner,
        registry=params.model.registry,
        component=wanted.component,
        component_version=wanted.component_version,
        metrics_component=wanted.metrics_component,
        metrics_component_version=wanted.metrics_component_version,
        compute=wanted.compute or training.compute,
        instance_type=wanted.instance_type or training.instance_type,
        experiment=training.experiment,
        conversations=wanted.conversations,
        max_new_tokens=wanted.max_new_tokens,
        probes=probes.asked(context.project),
        gate=gate_spec(params),
        champion=context.champion_place(last_environment(params)),
        where=str(context.params_path),
    )


def check_rules(project: Project) -> None:
    """Raise BadInput with every rule of the gate whose metric nothing will give a value. Asks no cloud."""
    from mlops.domain.evaluation.rules import unproduced  # of `check` and plans without a cloud

    params, where = project.params, str(project.params_path)
    categories = {probe.category for probe in probes.asked(project)}
    found = [
        (number, unproduced(rule, categories, answered=params.evaluation.enabled, known_component=_known(params)))
        for number, rule in enumerate(gate_spec(params).rules[: len(params.gate.rules)])
    ]
    if wrong := [
        Problem(what, where, why="the gate would refuse every model", fix=fix, key=f"gate.rules.{number}.metric")
        for number, (what, fix) in found
        if what
    ]:
        raise BadInput(wrong)
    _check_checks(project)


def _check_checks(project: Project) -> None:
    """Raise BadInput for a rule about checks that no conversation has."""
    rules = project.params.gate.rules
    number = next((n for n, rule in enumerate(rules) if rule.metric == of_conversations.METRIC), None)
    if number is None:
        return
    from mlops.flow.evaluation import conversation_checks  # reads every row

    if not conversation_checks.stated(project):
        what = f"no conversation of {project.params.data.curated} has checks"
        fix = "write `checks` beside its `messages`; data/README.md has the form"
        key = f"gate.rules.{number}.metric"
        raise BadInput(
            Problem(what, str(project.params_path), why="the gate would refuse every model", fix=fix, key=key)
        )


def _known(params: Params) -> bool:
    """Whether all metrics of training and evaluation are in the table: both components are those that it knows."""
    theirs = params.training.component == TRAINS and params.training.component_from in (None, params.model.registry)
    return theirs and (params.evaluation.component, params.evaluation.metrics_component) in SCORES


def last_environment(params: Params) -> str:
    """The last environment that is in sight: of one that has a registry, but no workspace, nobody says where it is."""
    seen = [name for name, stated in params.environments.items() if stated.elsewhere or stated.registry is None]
    return (seen or list(params.environments))[-1]
