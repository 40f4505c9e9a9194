"""Runs one script over mini-batches, as parallel jobs and batch deployments do: `init()`, `run(batch)`, `shutdown()`.

It must use the standard library only: the Python that runs it is the user's own, and it is started as a file. A batch
is a list of files; of a table that an MLTable file describes as delimited, Parquet or JSON lines, a data frame of rows.
Rows of a result that are text are appended as they are, a data frame separated by blanks without its header.
Source: the entry script of parallel jobs, and the outputs that the public samples of batch deployments read.
"""

import argparse
import importlib.util
import inspect
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TABLES = {"read_delimited": "read_csv", "read_parquet": "read_parquet", "read_json_lines": "read_json"}
ROWS_OF_SIZE = 100  # a mini-batch of a table that is stated in bytes ("1kb") is so many rows


def main() -> None:
    """Work through all mini-batches; ends with 1 where more of them failed than may."""
    said = _arguments()
    if said.model:
        os.environ["AZUREML_MODEL_DIR"] = _model_folder(Path(said.model), said.model_name)
    run, shutdown = _mlflow(said.model) if said.script is None else _script(said.script, said.rest)
    results: list[Any] = []
    failed = done = 0
    for batch in _batches([Path(one) for one in said.data], said.batch):
        done += 1
        try:
            results.append(run(batch))
        except Exception:  # noqa: BLE001 - a script may raise anything; that mini-batch has failed
            traceback.print_exc()
            failed += 1
    if said.append is not None:
        target = Path(said.append)
        target = target / "parallel_run_step.txt" if target.is_dir() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(line for result in results for line in _lines(result)), encoding="utf-8")
    if shutdown:
        shutdown()
    sys.stdout.write(f"{done} mini-batches, {failed} failed\n")
    if failed and 0 <= said.threshold < failed:
        sys.exit(f"{failed} mini-batches failed; {said.threshold} may")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--script")
    parser.add_argument("--model")
    parser.add_argument("--model-name", default="model")
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--batch", default="10")
    parser.add_argument("--append")
    parser.add_argument("--threshold", type=int, default=-1)
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    said = parser.parse_args(given[:end])
    said.rest = given[end + 1 :]
    return said


def _script(path: str, arguments: list[str]) -> tuple[Any, Any]:
    sys.path.insert(0, str(Path(path).resolve().parent))
    sys.argv = [path, *arguments]
    spec = importlib.util.spec_from_file_location("entry_module", path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        sys.exit(f"The entry script {path} is not in the code.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["entry_module"] = module
    spec.loader.exec_module(module)
    if callable(getattr(module, "init", None)):
        module.init()
    first = next(iter(inspect.signature(module.run).parameters), "mini_batch")
    return lambda batch: module.run(**{first: batch}), getattr(module, "shutdown", None)


def _mlflow(model: str) -> tuple[Any, Any]:
    """Predictions of a model of MLflow, with the mlflow that this Python has: row, prediction and file."""
    import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from mlflow import pyfunc  # type: ignore[import-not-found,unused-ignore]

    loaded = pyfunc.load_model(model)

    def run(batch: list[str]) -> list[str]:
        rows = []
        for file in batch:
            table = pandas.read_parquet(file) if file.endswith(".parquet") else pandas.read_csv(file)
            rows += [f"{row},{value},{Path(file).name}" for row, value in enumerate(loaded.predict(table))]
        return rows

    return run, None


def _model_folder(model: Path, name: str) -> str:
    """A folder that holds the model by the last part of its path, which is how a script finds it."""
    folder = Path(tempfile.mkdtemp())
    (folder / name).symlink_to(model / name if (model / name).is_file() else model)
    return str(folder)


def _batches(data: list[Path], size: str) -> Iterator[Any]:
    files = [file for place in data for file in _files(place)]
    number = int(size) if size.isdecimal() else 0
    for place in data:
        if table := _table(place):
            step = number or ROWS_OF_SIZE
            yield from (table[start : start + step] for start in range(0, len(table), step))
            files = [file for file in files if place not in Path(file).parents]
    step = number or 1
    yield from (files[start : start + step] for start in range(0, len(files), step))


def _files(place: Path) -> list[str]:
    if place.is_file():
        return [str(place)]
    return sorted(str(file) for file in place.rglob("*") if file.is_file() and file.name != "MLTable")


def _table(place: Path) -> Any:
    """The rows that an MLTable file describes, as a data frame; None for files that are no table."""
    description = place / "MLTable"
    text = description.read_text(encoding="utf-8") if description.is_file() else ""
    found = next((reader for word, reader in TABLES.items() if word in text), None)
    if found is None:
        return None
    import pandas

    said = re.findall(r"(?:file|pattern):\s*[\"']?([^\s\"']+)", text)
    files = sorted(file for one in said for file in place.glob(one.removeprefix("./")))
    more = {"lines": True} if found == "read_json" else {}
    return pandas.concat([getattr(pandas, found)(file, **more) for file in files], ignore_index=True)


def _lines(result: Any) -> list[str]:
    if hasattr(result, "to_csv"):
        return [result.to_csv(header=False, index=False, sep=" ")]
    return [f"{row}\n" for row in result] if result is not None else []


if __name__ == "__main__":
    main()
