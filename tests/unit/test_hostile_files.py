"""Files that nobody sane would write: told with their place, in little time and memory, and nothing runs."""

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops import jsons, textfiles, yamls
from mlops.domain.dataset.rows import NotRead
from mlops.domain.evaluation.metrics_file import read_metrics
from mlops.errors import MOST_TOLD, BadInput
from mlops.flow.dataset.files import data_files
from mlops.flow.project import Project
from mlops.params import load, overlay
from mlops.params.reading import parse
from tests.counting import calls
from tests.project import PARAMS_FILE

GOOD = PARAMS_FILE.read_text()
MOST_CALLS = 5_000_000  # of functions
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x: 2026-13-45\n", "month must be in"),
        ("x: !!int abc\n", "no int"),
        ("x: !!float abc\n", "no float"),
        ("x: !!bool abc\n", "no bool"),
        ("x: !!timestamp abc\n", "no timestamp"),
        ("x: !!python/object/apply:os.system [touch /tmp/x]\n", "python/object"),
        ("? [a, b]\n: 1\n", "unhashable"),
        (f"x: {'9' * 5000}\n", "no int"),
        (f"x: 0x{'f' * 5000}\n", "64 bits"),
        ("x: &a [*a]\n", "stands inside of what it names"),
        ("x: &a {<<: *a}\n", "stands inside of what it names"),
        (f"x: {'[' * 100_000}", "in one another"),
        (f"x: {'{' * 100_000}", "in one another"),
        ("- " * 50_000, "in one another"),
        (BOMB, "values"),
        ("".join(f"k{n}: 1\n" for n in range(70_000)), "values"),
        (f"x: {'a' * (2 << 20)}\n", "MiB"),
        ("x: 'a", "end of stream"),
        ("x: \x1b[31m\n", "special characters"),
    ],
    ids=lambda text: text[:24].strip(),
)
def test_parameters_that_break_a_parser_are_refused_in_words(text: str, said: str) -> None:
    for whole in (text, text + GOOD) if text.endswith("\n") else (text,):

        def refused(whole: str = whole) -> None:
            with pytest.raises(BadInput) as caught:
                parse(whole)
            assert said in caught.value.problems[0].why, caught.value.problems[0]

        assert calls(refused) < MOST_CALLS


def test_thousands_of_mistakes_are_told_in_part_and_soon() -> None:
    def refused(mistakes: int) -> None:
        with pytest.raises(BadInput) as caught:
            parse("".join(f"k{n}: 1\n" for n in range(mistakes)))
        assert len(caught.value.problems) == MOST_TOLD
        more = mistakes + 2 - (MOST_TOLD - 1)
        assert caught.value.problems[-1].what == f"and {more:,} more", "gate and environments lack"

    assert calls(lambda: refused(2_000)) < 2.5 * calls(lambda: refused(1_000))


@pytest.mark.parametrize("value", ["1e300", ".inf", ".nan", "-1", "1e400", str(2**63)])
@pytest.mark.parametrize(
    "key",
    [
        "environments.staging.bake_seconds",
        "environments.staging.retention_hours",
        "environments.staging.limits.metrics_wait_seconds",
        "cleanup.minimum_age_hours",
        "cleanup.job_hours",
        "cleanup.archive_after_days",
        "cleanup.idle_days",
        "gate.wait_for_metrics_seconds",
        "gate.seed",
        "serving.liveness_initial_delay_seconds",
        "training.idle_seconds_before_scale_down",
        "watch.wait_minutes",
    ],
)
def test_a_number_that_no_date_or_timer_can_hold_is_refused_before_anything_is_made(key: str, value: str) -> None:
    with pytest.raises(BadInput, match=re.escape(key)):
        parse(GOOD, changes=overlay.parse([f"{key}={value}"]))


WORDS = st.sampled_from(
    ["x", "<<", "*a", "&a", "!!int", "!!set", "~", "1e400", ".nan", "0x1f", "2026-01-01", "[", "{", "}", "]"]
)
LINES = st.lists(st.tuples(st.integers(0, 3), WORDS, WORDS).map(lambda t: f"{'  ' * t[0]}{t[1]}: {t[2]}"), max_size=12)
CUTS = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=12)).map(
    lambda t: GOOD[: t[0]] + t[2] + GOOD[t[0] + t[1] :]
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | LINES.map("\n".join) | CUTS)
def test_any_text_is_parameters_or_is_refused(text: str) -> None:
    with suppress(BadInput):
        parse(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_are_refused(raw: bytes) -> None:
    with suppress(BadInput, yaml.YAMLError):
        yamls.read(textfiles.decode(raw, "x"))


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "NUL", "loop"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "params.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "device":
        path = Path("/dev/zero")
    else:
        path = tmp_path / "a\0b"
    with pytest.raises(BadInput, match=r"is a (folder|named pipe|device)|cannot be read"):
        load(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "9" * 5000, "{", "\x00", "nul"])
def test_json_that_is_none_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        jsons.read(text)


def test_nan_as_a_step_does_not_decide_which_value_is_the_last() -> None:
    points = [{"key": "eval_loss", "value": 9.0, "step": 2}, {"key": "eval_loss", "value": 1.0, "step": float("nan")}]
    with pytest.raises(BadInput, match="step a number"):
        read_metrics(json.dumps({"metrics": points}))


def test_many_metrics_are_read_in_work_that_grows_as_they_do() -> None:
    def read(many: int) -> None:
        whole = json.dumps({f"m{n}": n for n in range(2 * many)})
        assert len(read_metrics(whole)) == 2 * many
        with pytest.raises(BadInput) as caught:
            read_metrics(whole[:-1] + ',"m1": 2' + "".join(f',"b{n}": "x"' for n in range(many)) + "}")
        assert len(caught.value.problems) == MOST_TOLD + 1

    read(1_000)  # what is imported once is not counted
    assert calls(lambda: read(2_000)) < 2.5 * calls(lambda: read(1_000))


def test_data_that_a_link_fetches_from_outside_is_not_read(tmp_path: Path) -> None:
    """A pull request could name a file of the runner's so, such as /proc/self/environ."""
    folder = tmp_path / "project" / "data"
    folder.mkdir(parents=True)
    (folder / "own.jsonl").write_text("{}\n")
    (folder / "near.jsonl").symlink_to(folder / "own.jsonl")
    (folder / "far.jsonl").symlink_to("/proc/self/environ")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "folder.jsonl").mkdir()
    path = tmp_path / "project" / "params.yaml"
    found = data_files(Project(parse(GOOD), path))
    assert [name for name, _ in found.read] == ["data/near.jsonl", "data/own.jsonl"]
    assert found.not_read == (NotRead("data/far.jsonl", "a link that leads out of the repository"),)
