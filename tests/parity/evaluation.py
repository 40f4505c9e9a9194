"""The prediction and metrics of the evaluation components, on our questions and with our settings.

The two scripts of azureml-assets (assets/training/model_evaluation/src: task_factory/text/chat_completion.py,
evaluators/evaluators.py) are no package; what they hand to the published packages is written down here.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from mlops.domain.evaluation import scoring
from tests.parity.expectation import Case, observe

PASSED_ON = {"tokenizer_config", "generator_config", "model_kwargs", "pipeline_init_args", "trust_remote_code"}
OURS = scoring.settings(4)
SETTINGS: dict[str, dict[str, Any]] = {
    "our settings": json.loads(OURS["evaluation_config_params"]),
    "generator_config": {"generator_config": {"do_sample": False, "max_new_tokens": 4}},
    "generator_config beside tokenizer_config": {
        "generator_config": {"max_new_tokens": 4},
        "tokenizer_config": {"max_new_tokens": 4},
    },
    "max_tokens": {"tokenizer_config": {"do_sample": False, "max_tokens": 4}},
    "no settings": {},
}
ANSWERED: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "How do I bake bread?"}, {"role": "assistant", "content": "Mix flour and water."}],
    [{"role": "user", "content": "And then?"}, {"role": "assistant", "content": "Wait for an hour, then bake it."}],
]
TRUTHS = [["Mix flour, water and salt."], ["Wait for an hour and bake it."]]


def predictions(model: Path, questions: Path) -> list[Case]:
    """What the prediction step does with each kind of settings, on the questions that `mlops evaluate` makes."""
    from azureml.evaluate.mlflow import aml

    loaded = aml.load_model(str(model), "", suppress_warnings=True)
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]

    def predict(given: dict[str, Any]) -> list[Any]:
        return [predicted(loaded, row[scoring.QUESTION], given) for row in rows[:2]]

    return [observe(name, given, partial(predict, given)) for name, given in SETTINGS.items()]


def metrics() -> list[Case]:
    """What the metrics step does with the settings that we hand it; the names alone, since values need the hub."""
    from azureml.metrics import compute_metrics, constants

    wanted = ["bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge1", "rouge2", "rougeL", "rougeLsum"]  # perplexity: a model

    def compute(given: dict[str, Any]) -> Any:
        task = constants.Tasks.CHAT_COMPLETION
        return compute_metrics(task_type=task, y_pred=ANSWERED, y_test=TRUTHS, metrics=wanted, **given)["metrics"]

    return [observe(name, SETTINGS[name], partial(compute, SETTINGS[name])) for name in ("no settings", "our settings")]


def predicted(loaded: Any, messages: list[Any], settings: dict[str, Any]) -> Any:
    """The answer to one conversation, as the task of the evaluation code asks for it."""
    import numpy as np
    import pandas as pd

    asked = pd.DataFrame(np.array(messages), columns=[scoring.QUESTION])
    passed = {name: value for name, value in settings.items() if name in PASSED_ON}
    handed: Any = asked
    if "generator_config" in passed:
        handed = {"parameters": dict(passed["generator_config"]), "inputs": {"input": asked}}
    answer = loaded.predict(handed, device=-1, y_transformer=None, multilabel=False, **passed)
    return answer if isinstance(answer, list) else answer[answer.columns[0]].tolist()[0]
