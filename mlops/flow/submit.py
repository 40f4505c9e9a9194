"""`mlops submit`: one job for one fingerprint; what was trained is not trained again."""

from mlops.azure import data, jobs
from mlops.domain import evaluation
from mlops.domain.run import JobState, job_name
from mlops.domain.training_check import SERVERLESS
from mlops.flow import estimates, observe
from mlops.flow import evaluation as scoring
from mlops.flow.context import Context, Outcome
from mlops.flow.training import Training, training
from mlops.views import Report, table

NODES = ("model_import", "preprocess", "finetune", "model_evaluation")


def run(context: Context, *, force: bool) -> Outcome:
    """Submit, unless a job for this fingerprint is under way or done."""
    made_of = training(context)
    version = observe.required_data_version(context)
    mark = made_of.fingerprint(version)
    known = jobs.attempts(context.workspace, mark)
    last = known[-1] if known else None
    if last and not last.state.retryable and not (force and last.state is JobState.COMPLETED):
        report = Report(
            "Nothing was submitted",
            (f"{last.name} is {last.state} for fingerprint {mark}", last.studio_url),
            next_step=f"mlops watch --job {last.name}",
        )
        return Outcome(report, {"job": last.name, "submitted": "false"})
    name = job_name(mark, len(known) + 1)
    scoring.check(context, made_of.component.outputs)  # now, and not when the training has been paid for
    context.say(f"submitting {name}")
    url = jobs.submit(
        context.workspace,
        made_of.sdk_component,
        name,
        inputs=_inputs(context, made_of, version),
        display_name=f"{made_of.base.name} on {context.params.data.name} {version[:8]}",
        experiment=context.params.training.experiment,
        tags={**_tags(context, made_of, mark, version), **estimates.tags(context, made_of, version)},
        outputs=[
            name for name in (jobs.OUTPUT, evaluation.OUTPUT) if name in (jobs.OUTPUT, *made_of.component.outputs)
        ],
    )
    report = Report(
        f"Submitted {name}",
        (f"fingerprint {mark}, data version {version}", url),
        tables=(table("Parameters", ("parameter", "value", "from", "instead of"), made_of.resolved.rows()),),
        next_step=f"mlops watch --job {name}",
    )
    return Outcome(report, {"job": name, "submitted": "true"})


def _inputs(context: Context, made_of: Training, version: str) -> dict[str, object]:
    """The component's inputs: the merged parameters, the model, the data assets, and where each node runs."""
    from azure.ai.ml import Input
    from azure.ai.ml.constants import AssetTypes

    inputs: dict[str, object] = dict(made_of.resolved.literals())
    inputs["mlflow_model_path"] = Input(type=AssetTypes.MLFLOW_MODEL, path=made_of.base.id)
    for role in data.ROLES:
        asset = data.asset_name(context.params.data.name, role)
        inputs[f"{role}_file_path"] = Input(type=AssetTypes.URI_FILE, path=f"azureml:{asset}:{version}")
    wanted = context.params.training
    for node in NODES:
        inputs[f"compute_{node}"] = wanted.compute
        if wanted.compute == SERVERLESS:
            inputs[f"instance_type_{node}"] = wanted.instance_type
    known = made_of.component.inputs
    return {key: value for key, value in inputs.items() if key in known}


def _tags(context: Context, made_of: Training, mark: str, version: str) -> dict[str, str]:
    tags = {
        "mlops-owner": context.owner,
        "mlops-fingerprint": mark,
        "mlops-data": f"{context.params.data.name}:{version}",
        "mlops-base-model": f"{made_of.base.name}:{made_of.base.version}",
        "mlops-commit": context.commit,
        "mlops-run": context.run_url,
        "mlops-repository": context.repository,
    }
    return {key: value for key, value in tags.items() if value}
