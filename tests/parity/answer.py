"""Asks the real code of one component version everything, and writes what it answers. `make parity-stack` starts it."""

import argparse
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from mlops.domain.evaluation.scoring import questions
from tests.parity import evaluation, scoring, tiny, training
from tests.parity.expectation import Case, Expectations

PACKAGES = (
    "accelerate",
    "azureml-acft-accelerator",
    "azureml-acft-contrib-hf-nlp",
    "azureml-evaluate-mlflow",
    "azureml-metrics",
    "datasets",
    "mlflow-skinny",
    "peft",
    "torch",
    "transformers",
)
MODELS = {"0.0.74": "Phi-3-mini-4k-instruct", "0.0.81": "Phi-4", "0.0.82": "Phi-4"}
NOT_TRAINED: dict[str, Any] = {"tokenizer_config": {"max_length": tiny.CONTEXT}}  # as preprocessing would leave it


def main() -> None:
    """Work in a folder of its own. The code waits a minute after a failure, and longer for a hub that is not there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("component", choices=sorted(MODELS))
    parser.add_argument("data", type=Path, help="a folder that `mlops prepare` wrote")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, patch.object(time, "sleep", lambda _: None):
        given.out.write_text(answers(given.component, given.data, Path(folder)).dump(), encoding="utf-8")


def answers(component: str, data: Path, work: Path) -> Expectations:
    """Train, convert, evaluate and serve a tiny model of the base model that the component is used with."""
    training.without_onnx()
    family = tiny.FAMILIES[MODELS[component]]
    base = tiny.make(family, work / "base" / family.name)
    cases, facts, trained = training.train(family, base, data, work)
    found: dict[str, list[Case]] = {"training": cases, "data": training.broken(family, base, work / "broken")}
    tuned = any(case.name == "finetune" and case.accepted for case in cases)
    model = tiny.convert(trained if tuned else base, work / "mlflow", facts["inference"] or NOT_TRAINED)
    asked = work / "questions.jsonl"
    asked.write_text(questions((data / "test.jsonl").read_text(encoding="utf-8"), 2, "test.jsonl"), encoding="utf-8")
    found["prediction"] = evaluation.predictions(model, asked)
    found["metrics"] = evaluation.metrics()
    found["scoring"] = scoring.answers(model)
    facts["served"] = "the model of these steps" if tuned else "the base model, because training was refused"
    facts["generation_parameters"] = scoring.generation_parameters()
    packages = {package: version(package).split("+")[0] for package in PACKAGES}
    return Expectations(component, family.name, packages, found, facts)


if __name__ == "__main__":
    main()
