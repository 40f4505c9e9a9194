"""Whatever is printed on a runner, and in whichever pieces: the runner finds no command in it but our own."""

import io
import json
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops.github import Actions
from mlops.guarded import Guarded
from mlops.render.output import Json
from tests.project import PARAMS_FILE

PIECES = st.lists(st.text() | st.text(alphabet=":#[]\r\n \t\x1b\u2028eror,=m0", max_size=12), max_size=8)


def written(pieces: list[str], command: str = "") -> str:
    """What reaches the runner."""
    file = io.BytesIO()
    stream = Guarded(file, "utf-8", errors="replace", newline="")
    for piece in pieces:
        stream.write(piece)
        stream.flush()
    if command:
        Actions({}, stream, enabled=True).annotate("error", command, "t")
    stream.flush()
    return file.getvalue().decode()


def commands(text: str) -> list[str]:
    """The lines that the runner would take as commands: OutputManager.cs and ActionCommand.cs of actions/runner."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        new = line.lstrip().startswith("::") and "::" in line.lstrip()[2:]
        old = "##[" in line and "]" in line[line.index("##[") :]
        found += [line] if new or old else []
    return found


@given(PIECES)
@example(["::error::x"])
@example([" \t::add-mask::x"])
@example(["fine ##[error]x"])
@example([":", ":error::x"])
@example(["#", "#[group]"])
@example(["x\r::error::y"])
@example(["\x1b[0m", "::error::x", "\x1b::error::y"])
@example(["\x9b\x85::error::x"])
def test_nothing_that_is_printed_is_a_command(pieces: list[str]) -> None:
    said = written(pieces)
    assert commands(said) == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said)


@given(PIECES, st.text(alphabet="abc :#[]\r\n%", max_size=12))
def test_our_own_command_is_found_after_whatever_was_printed(pieces: list[str], message: str) -> None:
    assert len(commands(written(pieces, message or "x"))) == 1


@given(st.lists(st.text(alphabet="abc de\n.,:", max_size=12), max_size=5))
def test_what_is_no_command_is_printed_as_it_is(pieces: list[str]) -> None:
    text = "".join(pieces)
    if not any(line.lstrip().startswith("::") for line in text.split("\n")):
        assert written(pieces) == text


def test_an_object_for_programs_keeps_its_values() -> None:
    file = io.BytesIO()
    stream = Guarded(file, "utf-8", newline="")
    Json(stream, None).answer("x", {"text": "a ##[error]b\n::c::"}, None, None)  # type: ignore[arg-type]
    stream.flush()
    said = file.getvalue().decode()
    assert commands(said) == []
    assert json.loads(said)["result"]["text"] == "a ##[error]b\n::c::"


@pytest.mark.parametrize("words", [["plan", "--offline", "--params", "::error::x\r##[error]y.yaml"], ["##[error]no"]])
def test_a_step_on_a_runner_says_no_command_that_it_was_given(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "--params", str(PARAMS_FILE), *words],
        env={"GITHUB_ACTIONS": "true", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=False,
    )
    ours = [
        line for line in commands((done.stdout + done.stderr).decode()) if not re.match(r"::(error|stop|\w{32})", line)
    ]
    assert done.returncode == 2
    assert ours == []
