"""Fine-tunes the stand-in from a command of a team's own, for rehearsals of components that need a real model.

`python -m azureml_emulator.stand_in_model.fine_tune --model FOLDER --train FILE --output FOLDER lora_r=8 ...`: what a
training program runs where the model that it is given holds STAND-IN.txt, because no library of Azure's images can
load that. Inputs have the names and checks of chat_completion_pipeline. Metrics go to the run that the service names.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from azureml_emulator.core import clouds
from azureml_emulator.stand_in_model import nodes, worker

TRACKING, RUN = "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"
MOST = 500  # metrics of one call; the service takes 1,000
SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, keep the MLflow model, log the metrics; 1 where a step failed."""
    given = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder, metrics = Path(name), list[dict[str, Any]]()
        (folder / "request.json").write_text(json.dumps(_request(given, folder)), encoding="utf-8")
        done = worker.run(folder, lambda event: _take(event, metrics))
        if done:
            made = folder / "outputs" / "ft_nlp_model_converter" / "mlflow_model_folder"
            shutil.copytree(made, given.output, dirs_exist_ok=True)
    for first in range(0, len(metrics), MOST):
        _log(metrics[first : first + MOST], os.environ)
    return 0 if done else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fine_tune", description="Fine-tunes the emulator's stand-in.")
    for name, required in (("model", True), ("train", True), ("validation", False), ("output", True)):
        parser.add_argument(f"--{name}", type=Path, required=required)
    parser.add_argument("inputs", nargs="*", metavar="NAME=VALUE", help="inputs of chat_completion_pipeline")
    return parser


def _request(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    stated = yaml.safe_load((given.model / "MLmodel").read_text(encoding="utf-8")).get("metadata") or {}
    files = {"mlflow_model_path": given.model, "train_file_path": given.train, "validation_file_path": given.validation}
    return {
        "inputs": dict(text.split("=", 1) for text in given.inputs),
        "files": {name: str(path) for name, path in files.items() if path},
        "base_model": {
            "name": str(stated.get("base_model_name") or ""),
            "asset_id": str(stated.get("base_model_asset_id") or ""),
        },
        "nodes": list(nodes.NODES),
        "output": str(folder / "outputs"),
    }


def _take(event: Mapping[str, Any], metrics: list[dict[str, Any]]) -> None:
    """Say what a person reads, and keep what the run gets."""
    if event["event"] == "log":
        sys.stdout.write(f"{event['line']}\n")
        sys.stdout.flush()
    elif event["event"] == "metric":
        found = {"key": event["name"], "value": event["value"], "step": event["step"] or 0}
        metrics.append({**found, "timestamp": int(time.time() * 1000)})


def _log(metrics: Sequence[Mapping[str, Any]], environ: Mapping[str, str]) -> None:
    """Keep metrics with the run of this process, as MLflow's client does; outside of a job there is none."""
    place, run = environ.get(TRACKING, ""), environ.get(RUN, "")
    if not place.startswith("azureml://") or not run:
        return
    root = place.replace("azureml://", "https://", 1).split("?", 1)[0]
    body = json.dumps({"run_id": run, "metrics": list(metrics)}).encode()
    headers = {"Authorization": f"Bearer {_token(environ)}", "Content-Type": "application/json"}
    _send(urllib.request.Request(f"{root}/api/2.0/mlflow/runs/log-batch", body, headers))  # noqa: S310 - https, as above


def _token(environ: Mapping[str, str]) -> str:
    cloud = clouds.CLOUDS[environ.get(clouds.VARIABLE) or clouds.PUBLIC.name]
    asked = {
        "grant_type": "client_credentials",
        "scope": cloud.spelled("https://ml.azure.com/.default"),
        "client_id": environ["AZURE_CLIENT_ID"],
        "client_secret": environ["AZURE_CLIENT_SECRET"],
    }
    place = cloud.spelled(f"https://login.microsoftonline.com/{environ['AZURE_TENANT_ID']}/oauth2/v2.0/token")
    request = urllib.request.Request(place, urllib.parse.urlencode(asked).encode())  # noqa: S310 - https, as above
    return str(_send(request)["access_token"])


def _send(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - https alone
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found


if __name__ == "__main__":
    sys.exit(main())
