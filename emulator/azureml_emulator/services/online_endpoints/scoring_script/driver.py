"""Runs one scoring script as Azure ML's inference server does: `init()` once, then `run` for one request at a time.

It must use the standard library only: the Python that runs it is the user's own, and it is started as a file.
Frames on two pipes: four bytes of length, then JSON. The first answer is `{"ready": true}` or `{"error": TEXT}`; then
`{"method", "query", "headers", "body"}` comes in and `{"status", "headers", "body", "failed"}` goes out, a body as
Latin-1 text. Source: azureml-inference-server-http (what `run` is given, how its answer becomes a response).
"""

import importlib.util
import inspect
import json
import os
import struct
import sys
import traceback
import types
from pathlib import Path
from typing import Any, BinaryIO

FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
RAW = "_emulator_raw_http"


class AMLRequest:
    """The request that a script decorated with `rawhttp` is given."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.method, self.headers, self.args = said["method"], said["headers"], said["query"]
        self._body: bytes = said["body"].encode("latin-1")

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:
        """The body, as bytes unless asked for as text."""
        return self._body.decode() if as_text else self._body

    @property
    def data(self) -> bytes:
        """The body."""
        return self._body

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body read as JSON."""
        return json.loads(self._body)

    json = property(get_json)


class AMLResponse:
    """What a script returns that wants a status or headers of its own."""

    def __init__(
        self, message: Any, status_code: int, response_headers: dict[str, str] | None = None, json_str: bool = False
    ) -> None:
        self.status_code, self.headers = status_code, dict(response_headers or {})
        if json_str:
            message = json.dumps(message)
            self.headers.setdefault("Content-Type", "application/json")
        self.message = message if isinstance(message, bytes) else str(message).encode()


def main(script: str, requests: BinaryIO, answers: BinaryIO) -> None:
    """Load the script, then answer until nobody asks any more."""
    _offer_request_classes()
    try:
        run = _mlflow_model(script.removeprefix("mlflow:")) if script.startswith("mlflow:") else _script(script)
    except BaseException as error:  # noqa: BLE001 - whatever a script raises, SystemExit too, it does not come up
        traceback.print_exc()
        _write(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    sys.stdout.write("The scoring script is ready.\n")
    _write(answers, {"ready": True})
    while (said := _read(requests)) is not None:
        _write(answers, _answered(run, said))


def _answered(run: Any, said: dict[str, Any]) -> dict[str, Any]:
    try:
        return _shown(run(**_arguments(run, said)))
    except Exception:  # noqa: BLE001 - a script may raise anything, and all of it is a 500
        traceback.print_exc()
        body, headers = json.dumps({"message": FAILED}), {"Content-Type": "application/json"}
        return {"status": 500, "headers": headers, "body": body, "failed": True}


def _arguments(run: Any, said: dict[str, Any]) -> dict[str, Any]:
    """What `run` is called with: the request, the fields of its input schema, or the body as text."""
    first = next(iter(inspect.signature(run).parameters), "raw_data")
    if getattr(run, RAW, False):
        return {first: AMLRequest(said)}
    text = said["body"].encode("latin-1").decode()
    if _has_schema(run):
        fields: dict[str, Any] = json.loads(text)
        return fields
    return {first: text}


def _shown(result: Any) -> dict[str, Any]:
    """The answer as the server sends it: a response of the script's own, or its value as JSON, text too."""
    if hasattr(result, "status_code") and hasattr(result, "headers"):
        body = result.message if hasattr(result, "message") else result.get_data()
        headers = {str(name): str(value) for name, value in dict(result.headers).items()}
        return {"status": int(result.status_code), "headers": headers, "body": body.decode("latin-1"), "failed": False}
    body = json.dumps(result).encode().decode("latin-1")
    return {"status": 200, "headers": {"Content-Type": "application/json"}, "body": body, "failed": False}


def _script(path: str) -> Any:
    sys.path.insert(0, str(Path(path).parent))
    spec = importlib.util.spec_from_file_location("entry_module", path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise FileNotFoundError(f"the scoring script {Path(path).name} is not in the code of the deployment")
    module = importlib.util.module_from_spec(spec)
    sys.modules["entry_module"] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, "run", None)):
        raise AttributeError("the scoring script has no function run")
    if callable(getattr(module, "init", None)):
        module.init()
    return module.run


def _mlflow_model(folder: str) -> Any:
    """A function that answers as the MLflow image does, with the mlflow that this Python has."""
    from mlflow import pyfunc  # type: ignore[import-not-found,unused-ignore]

    model = pyfunc.load_model(folder)

    def run(raw_data: str) -> Any:
        said = json.loads(raw_data)
        given = said["input_data"] if "input_data" in said else said["dataframe_split"]
        result = model.predict(_table(given))
        for name in ("to_dict", "tolist"):
            if hasattr(result, name):
                return result.to_dict(orient="records") if name == "to_dict" else result.tolist()
        return result

    return run


def _table(given: Any) -> Any:
    """`columns`, `index` and `data` are a data frame; a list or other dictionary is for arrays."""
    if isinstance(given, dict) and "data" in given:
        import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]

        return pandas.DataFrame(given["data"], columns=given.get("columns"), index=given.get("index"))
    import numpy

    return (
        {name: numpy.array(value) for name, value in given.items()} if isinstance(given, dict) else numpy.array(given)
    )


def _has_schema(run: Any) -> bool:
    try:
        from inference_schema.schema_util import is_schema_decorated  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return False
    return bool(is_schema_decorated(run))


def _offer_request_classes() -> None:
    """Where the inference server is not installed, its request classes are still there, as in its image."""
    try:
        import azureml.contrib.services.aml_request  # type: ignore[import-not-found,unused-ignore] # noqa: F401
    except ImportError:
        parts = ("azureml", "azureml.contrib", "azureml.contrib.services")
        for name in parts:
            if name not in sys.modules:
                sys.modules[name] = types.ModuleType(name)
                sys.modules[name].__path__ = []
        for name, values in (
            ("aml_request", {"AMLRequest": AMLRequest, "rawhttp": _raw}),
            ("aml_response", {"AMLResponse": AMLResponse}),
        ):
            module = types.ModuleType(f"{parts[-1]}.{name}")
            vars(module).update(values)
            sys.modules[module.__name__] = module


def _raw(function: Any) -> Any:
    setattr(function, RAW, True)
    return function


def _read(pipe: BinaryIO) -> dict[str, Any] | None:
    head = pipe.read(4)
    if len(head) < 4:
        return None
    said: dict[str, Any] = json.loads(pipe.read(struct.unpack(">I", head)[0]))
    return said


def _write(pipe: BinaryIO, said: dict[str, Any]) -> None:
    data = json.dumps(said).encode()
    pipe.write(struct.pack(">I", len(data)) + data)
    pipe.flush()


if __name__ == "__main__":
    main(sys.argv[1], os.fdopen(int(sys.argv[2]), "rb"), os.fdopen(int(sys.argv[3]), "wb"))
