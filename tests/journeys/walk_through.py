"""A program of a user's own, in the manner of the public walk-through: the SDK alone, nothing of ours."""

import json
import os
import sys
import tempfile
from pathlib import Path

from azure.ai.ml import Input, MLClient, dsl
from azure.ai.ml.entities import AmlCompute, ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
from azure.identity import DefaultAzureCredential

names = (os.environ["AZURE_SUBSCRIPTION_ID"], os.environ["AZURE_RESOURCE_GROUP"], os.environ["AZURE_ML_WORKSPACE"])
credential = DefaultAzureCredential()
workspace, registry = MLClient(credential, *names), MLClient(credential, registry_name="azureml")

base = registry.models.get("Phi-3-mini-4k-instruct", version="15")
workspace.compute.begin_create_or_update(
    AmlCompute(name="walk", size="Standard_NC24ads_A100_v4", max_instances=1)
).result()
gpus = {size.name.lower(): size.gpus for size in workspace.compute.list_sizes()}["standard_nc24ads_a100_v4"]

folder = Path(tempfile.mkdtemp())
rows = [
    {"messages": [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"Answer {n}."}]}
    for n in range(30)
]
for name, part in (("train", rows[:20]), ("validation", rows[20:25]), ("test", rows[25:])):
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))

component = registry.components.get("chat_completion_pipeline", version="0.0.74")


@dsl.pipeline(name="walk-through")
def pipeline():  # type: ignore[no-untyped-def]
    """One node."""
    node = component(
        mlflow_model_path=Input(type="mlflow_model", path=base.id),
        **{
            f"{name}_file_path": Input(type="uri_file", path=str(folder / f"{name}.jsonl"))
            for name in ("train", "validation", "test")
        },
        **{f"compute_{step}": "walk" for step in ("model_import", "preprocess", "finetune")},
        number_of_gpu_to_use_finetuning=gpus,
        num_train_epochs=1,
        apply_lora="true",
    )
    return {"trained_model": node.outputs.mlflow_model_folder}


job = pipeline()
job.settings.force_rerun = True
job = workspace.jobs.create_or_update(job, experiment_name="walk-through")
workspace.jobs.stream(job.name)
assert workspace.jobs.get(job.name).status == "Completed"

model = workspace.models.create_or_update(
    Model(name="walked", path=f"azureml://jobs/{job.name}/outputs/trained_model", type="mlflow_model")
)
workspace.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="walk-through", auth_mode="key")).result()
deployment = ManagedOnlineDeployment(
    name="demo",
    endpoint_name="walk-through",
    model=model.id,
    instance_type="Standard_NC24ads_A100_v4",
    instance_count=1,
)
workspace.online_deployments.begin_create_or_update(deployment).result()
endpoint = workspace.online_endpoints.get("walk-through")
endpoint.traffic = {"demo": 100}
workspace.online_endpoints.begin_create_or_update(endpoint).result()

request = folder / "request.json"
request.write_text(
    json.dumps({"input_data": {"input_string": rows[25]["messages"][:1], "parameters": {"max_new_tokens": 16}}})
)
answer = workspace.online_endpoints.invoke("walk-through", request_file=str(request), deployment_name="demo")
print("prediction:", json.loads(answer)[0]["0"], "| ground truth:", rows[25]["messages"][1]["content"])

workspace.online_endpoints.begin_delete("walk-through").result()
workspace.compute.begin_delete("walk").result()
assert "walk-through" not in {found.name for found in workspace.online_endpoints.list()}
sys.stdout.write("walked\n")
