"""Scoring requests to the real predictor, as the MLflow image of an endpoint hands them on.

Source of how: azureml-assets, model_management/environments/mlflow-model-inference/context/mlflow_score_script.py: a
model without a signature gets `input_data` as it came, and a frame is answered as a list of records, a list as it is.
"""

import copy
import json
from functools import partial
from pathlib import Path
from typing import Any

from mlops.domain.promote.chat_protocol import parameters
from tests.parity.expectation import Case, observe

TURN = {"role": "user", "content": "How do I bake bread?"}
ANSWER = {"role": "assistant", "content": "With flour."}
SYSTEM = {"role": "system", "content": "Be brief."}
GREEDY: dict[str, Any] = {"max_new_tokens": 4, "do_sample": False}
# What clients of other chat interfaces send, one beside what is known to work.
FOREIGN: dict[str, Any] = {
    "max_tokens": 4,
    "stop": ["x"],
    "n": 1,
    "seed": 1,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logprobs": True,
    "best_of": 1,
    "stream": False,
    "response_format": {"type": "text"},
}
HUGGING_FACE: dict[str, Any] = {
    "top_k": 5,
    "repetition_penalty": 1.1,
    "num_beams": 2,
    "no_repeat_ngram_size": 2,
    "min_new_tokens": 2,
    "return_full_text": False,
}
MESSAGES: dict[str, Any] = {
    "one turn": [TURN],
    "three turns": [TURN, ANSWER, TURN],
    "with a system message": [SYSTEM, TURN],
    "nested": [[TURN]],
    "two conversations": [[TURN], [TURN, ANSWER, TURN]],
    "none": [],
    "ends with the assistant": [TURN, ANSWER],
    "two users in a row": [TURN, TURN],
    "a late system message": [TURN, SYSTEM, TURN],
    "only a system message": [SYSTEM],
    "longer than the context": [{"role": "user", "content": "bread " * 400}],
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "no parameters": {},
    "our request, greedy": parameters(4, 0.0),
    "our request, sampled": parameters(4, 0.7),
    "max_gen_len": {"max_gen_len": 4, "do_sample": False},
    "top_p": {**GREEDY, "do_sample": True, "top_p": 0.9},
    "two that are not known": {**GREEDY, "stop": ["x"], "max_tokens": 4},
    "temperature 0, sampled": {**GREEDY, "do_sample": True, "temperature": 0.0},
    "temperature 0 alone": {"max_new_tokens": 4, "temperature": 0},
    "negative temperature": {**GREEDY, "do_sample": True, "temperature": -1.0},
    "a text for a temperature": {**GREEDY, "do_sample": True, "temperature": "hot"},
    "no new tokens": {"max_new_tokens": 0},
    "a negative number of tokens": {"max_new_tokens": -1},
    "a text for a number": {"max_new_tokens": "4"},
    **{name: {**GREEDY, name: value} for name, value in FOREIGN.items()},
    **{name: {**GREEDY, name: value} for name, value in HUGGING_FACE.items()},
}


def requests() -> dict[str, Any]:
    """Every request body, by name."""
    asked = {name: _body([TURN], given) for name, given in PARAMETERS.items()}
    return {**asked, **{f"messages: {name}": _body(given, GREEDY) for name, given in MESSAGES.items()}}


def answers(model: Path) -> list[Case]:
    """What the predictor of an MLflow model says to each."""
    import mlflow.pyfunc
    import torch

    loaded = mlflow.pyfunc.load_model(str(model))

    def ask(body: Any) -> Any:
        torch.manual_seed(0)
        answer = loaded.predict(copy.deepcopy(body["input_data"]))
        return answer if isinstance(answer, list) else json.loads(answer.to_json(orient="records"))

    return [observe(name, body, partial(ask, body)) for name, body in requests().items()]


def generation_parameters() -> list[str]:
    """The names that `generate` takes from its configuration, so that no other can be one of them."""
    from transformers import GenerationConfig

    return sorted(name for name in GenerationConfig().to_dict() if name[0] != "_" and name != "transformers_version")


def _body(messages: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {"input_data": {"input_string": messages, "parameters": given}}
