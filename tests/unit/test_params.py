"""`params.yaml` is closed and typed, and every mistake is reported with its place."""

import json
import re
from pathlib import Path

import pytest

from mlops.errors import BadInput, Problem
from mlops.params import load, locate, overlay, patterns, point
from mlops.params.reading import parse
from mlops.params.schema import json_schema
from tests.project import PARAMS_FILE

SMALL = """
gate:
  rules:
    - metric: eval_loss
      max: 6
environments:
  staging:
    endpoint: chat-staging
"""
ROOT = Path(__file__).resolve().parents[2]


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        parse(text)
    return caught.value.problems


def test_the_shipped_file_is_right() -> None:
    params = load(PARAMS_FILE)
    assert params.model.base == "Phi-3-mini-4k-instruct"
    assert list(params.environments) == ["staging", "production"]
    assert params.environments["production"].protected


def test_defaults_fill_what_is_left_out() -> None:
    assert parse(SMALL).serving.request_timeout_ms == 90000


def test_an_unknown_key_is_refused_with_its_place_and_what_was_meant() -> None:
    (problem,) = problems(SMALL + "cleanup:\n  idle_dayz: 3\n")
    assert (problem.line, problem.column) == (10, 3)
    assert problem.fix == "perhaps you meant idle_days"


def test_all_mistakes_are_reported_at_once() -> None:
    text = SMALL + "training:\n  max_nodes: 0\n  tier: cheap\nserving:\n  temperature: 9\n"
    assert len(problems(text)) == 3


def test_two_environments_with_one_endpoint_are_refused_with_both_lines() -> None:
    (problem,) = problems(SMALL + "  production:\n    endpoint: Chat-Staging\n")
    assert problem.what.startswith("environments.production.endpoint is Chat-Staging, and so is environments.staging.")
    assert (problem.line, problem.column, problem.key) == (10, 5, "environments.production.endpoint")
    assert problem.fix == "the other is on line 8; give each its own"


def test_the_hash_of_another_workspace_makes_the_same_pattern_another_name() -> None:
    other = "  production:\n    registry: shared\n    endpoint: chat-{workspace_hash}\n"
    assert len(parse(SMALL.replace("chat-staging", "chat-{workspace_hash}") + other).environments) == 2


@pytest.mark.parametrize("name", ["", "1st", "pro duction", "a" * 40])
def test_an_environment_has_a_name_that_tags_and_github_take(name: str) -> None:
    (problem,) = problems(SMALL.replace("  staging:", f'  "{name}":'))
    assert problem.line == 7


@pytest.mark.parametrize(
    ("key", "text", "fix"),
    [
        ("base", "azureml:Phi-4:8", 'give the name alone, Phi-4, and model.version: "8"'),
        ("base", "Phi-4@latest", 'give the name alone, Phi-4, and model.version: "latest"'),
        (
            "base",
            "azureml://registries/azureml/models/Phi-4/versions/8",
            'the name alone, Phi-4, and model.version: "8"',
        ),
        ("base", "microsoft/Phi-4", "give the name alone: Phi-4"),
        ("name", "azureml:chat:3", "give the name alone: chat"),
        ("name", "my chat", ""),
    ],
)
def test_an_address_in_place_of_a_name_is_told_with_the_name(key: str, text: str, fix: str) -> None:
    (problem,) = problems(f"{SMALL}model:\n  {key}: '{text}'\n")
    assert problem.what.startswith(f"model.{key}: a name has 1 to 255 letters")
    assert fix in problem.fix
    assert bool(problem.fix) is bool(fix)
    with pytest.raises(BadInput) as changed:
        parse(SMALL, changes=overlay.parse([f"model.{key}={text}"]))
    assert changed.value.problems[0].fix == problem.fix


def test_a_version_that_yaml_reads_as_a_number_is_told_to_stand_in_quotes() -> None:
    (problem,) = problems(f"{SMALL}model:\n  version: 15\n")
    assert "in quotes" in problem.fix


def test_blanks_around_a_name_are_no_part_of_it() -> None:
    assert parse(f"{SMALL}model:\n  base: ' Phi-4 '\n").model.base == "Phi-4"


def test_every_pattern_is_told_in_words() -> None:
    """A regular expression tells nobody what to write."""
    schema = json.dumps(json_schema())
    used = {json.loads(f'"{found}"') for found in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', schema)}
    assert used
    assert used <= patterns.WORDS.keys()


def test_a_key_written_twice_is_refused() -> None:
    (problem,) = problems(SMALL + "watch:\n  wait_minutes: 1\n  wait_minutes: 2\n")
    assert "written twice" in problem.what
    assert problem.line == 11


def test_broken_yaml_names_the_line() -> None:
    (problem,) = problems("model: [1,\n")
    assert problem.what == "not valid YAML"
    assert problem.line == 2


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("max: 6", "required: true", "at least one of"),
        ("max: 6", "max: 6\n      required: false", "let everything pass"),
        ("endpoint: chat-staging", "endpoint: chat-staging\n    traffic_steps: [10, 50]", "rise from 1 or more to 100"),
        ("endpoint: chat-staging", "endpoint: 9chat", "the first a letter"),
        ("max: 6", "max: .nan", "finite"),
        ("gate:", "training: {instance_type_preprocess: Standard_D12_v2}\ngate:", "is for serverless compute"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(old: str, new: str, word: str) -> None:
    assert any(word in problem.what for problem in problems(SMALL.replace(old, new)))


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--params"):
        load(tmp_path / "params.yaml")


def test_a_key_can_be_found_for_an_annotation() -> None:
    found = locate(PARAMS_FILE, "gate", "rules", 0, "max")
    assert found is not None
    line = (PARAMS_FILE).read_text().splitlines()[found[0] - 1]
    assert line.strip().startswith("max:")


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (SMALL.encode("utf-16"), None, "is UTF-16 and not UTF-8"),
        (SMALL.encode("utf-16-le"), None, "is UTF-16 and not UTF-8"),
        (SMALL.encode("utf-32"), None, "is UTF-32 and not UTF-8"),
        (b"# one\n# f\xfcr alle\n", 2, "is not UTF-8"),
        (b"a: 1\nb: x\0y\n", 2, "holds the character NUL"),
        (b"a: 1\nb: x\x07y\n", 2, "not valid YAML"),
    ],
)
def test_a_file_in_another_encoding_is_refused_in_words(
    tmp_path: Path, raw: bytes, line: int | None, said: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(raw)
    with pytest.raises(BadInput) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.what, problem.line, problem.where) == (said, line, str(path))
    assert problem.fix
    assert point(Problem("gate is wrong", str(path), key="gate"), path).line is None, "where it is cannot be looked up"


def test_a_mark_at_the_beginning_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(SMALL.encode("utf-8-sig"))
    assert load(path) == parse(SMALL)
