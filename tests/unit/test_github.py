"""What a step writes for its runner, read back by the runner's own rules.

The readers here follow actions/runner: FileCommandManager.cs for files, ActionCommand.cs for commands.
"""

import io
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mlops.errors import BadInput, GateRefused, MlopsError, Problem, Unfinished
from mlops.github import ANNOTATIONS_OF_A_LEVEL, SUMMARY_BYTES, Actions

Command = tuple[str, dict[str, str], str]
texts = st.text() | st.text(alphabet="%:,;\r\n=<>A0D25Cend-|` ", max_size=40)


def read_outputs(text: str) -> dict[str, str]:
    """GITHUB_OUTPUT as the runner reads it on Linux: lines end at a line feed alone."""
    lines, found = iter(text.removesuffix("\n").split("\n")), {}
    for line in lines:
        if not line:
            continue
        name, delimiter = line.split("<<", 1)
        assert "=" not in name
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            raise AssertionError(f"no end of {name}")
        found[name] = "\n".join(value)
    return found


def read_commands(text: str) -> list[Command]:
    """The workflow commands in a log, unescaped in the runner's order; between stop and resume there are none."""
    found: list[Command] = []
    stopped = ""
    for line in text.split("\n"):
        if not line.lstrip().startswith("::") or "::" not in line.lstrip()[2:]:
            continue
        head, data = line.lstrip()[2:].split("::", 1)
        name, _, properties = head.partition(" ")
        if stopped:
            stopped = "" if name == stopped else stopped
        elif name == "stop-commands":
            stopped = data
        else:
            pairs = (pair.split("=", 1) for pair in properties.strip().split(",") if pair)
            found.append((name, {key: unescape(value, ":,") for key, value in pairs}, unescape(data, "")))
    assert not stopped, "commands were never resumed"
    return found


def unescape(text: str, more: str) -> str:
    for character in ["\r", "\n", *more, "%"]:
        text = text.replace(f"%{ord(character):02X}", character)
    return text


class Step:
    """A step on a runner: its files in a folder and its log."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.outputs, self.summary, self.log = folder / "output", folder / "summary", io.StringIO()
        files = {"GITHUB_OUTPUT": str(self.outputs), "GITHUB_STEP_SUMMARY": str(self.summary)}
        given = {"GITHUB_ACTIONS": "true", **files, "GITHUB_WORKSPACE": str(folder), **environ}
        self.actions = Actions.from_environment(given, self.log)

    def commands(self) -> list[Command]:
        return read_commands(self.log.getvalue())


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


@given(st.dictionaries(st.from_regex(r"[a-z]+(-[a-z0-9]+)?", fullmatch=True), texts, max_size=4))
@example({"a": "x\nEOF\nb=evil\nb<<EOF\nc", "b": "", "c": "\n", "d": "\r\n", "e": "end\n"})
def test_outputs_hold_any_text(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    assume(not any("/subscriptions/" in value.lower() for value in values.values()))  # refused; see below
    step = Step(tmp_path_factory.mktemp("step"))
    step.actions.output(values)
    assert read_outputs(step.outputs.read_bytes().decode()) == values


def test_outputs_of_several_calls_are_added(step: Step) -> None:
    step.actions.output({"job": "ft-1", "submitted": "true"})
    step.actions.output({"data-version": "abc"})
    found = read_outputs(step.outputs.read_text())
    assert found == {"job": "ft-1", "submitted": "true", "data-version": "abc"}


def test_delimiters_are_never_used_twice(step: Step) -> None:
    step.actions.output({"a": "1", "b": "1"})
    delimiters = {line.split("<<")[1] for line in step.outputs.read_text().splitlines() if "<<" in line}
    assert len(delimiters) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("job", None),
        ("train", True),
        ("", "x"),
        ("data_version", "x"),
        ("Job", "x"),
        ("a\nb", "x"),
        ("a=b", "x"),
        ("-a", "x"),
        ("job\n", "x"),
        ("model", "/subscriptions/0/resourceGroups/g"),
        ("model", "azureml:/SUBSCRIPTIONS/0/x"),
    ],
)
@pytest.mark.parametrize("on_a_runner", ["true", ""])
def test_an_output_that_would_be_lost_is_refused_and_none_is_written(
    tmp_path: Path, name: str, value: str, on_a_runner: str
) -> None:
    step = Step(tmp_path, GITHUB_ACTIONS=on_a_runner)
    with pytest.raises(ValueError, match="output"):
        step.actions.output({"good": "1", name: value})
    assert not step.outputs.exists()


def test_a_runner_without_an_output_file_is_an_error() -> None:
    actions = Actions.from_environment({"GITHUB_ACTIONS": "true"}, io.StringIO())
    with pytest.raises(MlopsError, match="GITHUB_OUTPUT is not set"):
        actions.output({"job": "x"})


def test_summaries_are_appended_in_lines_of_their_own(step: Step) -> None:
    step.actions.summary("# One")
    step.actions.summary("two\n")
    assert step.summary.read_text() == "# One\ntwo\n"


@pytest.mark.parametrize("line", ["x" * 99, "é" * 50, "x" * (SUMMARY_BYTES // 2 + 9)])
def test_a_summary_over_the_limit_is_cut_at_a_line_and_says_so(step: Step, line: str) -> None:
    text = f"{line}\n" * (2 * SUMMARY_BYTES // len(line))
    step.actions.summary(text)
    written = step.summary.read_bytes()
    assert len(written) <= SUMMARY_BYTES
    kept, _, note = written.decode().partition("\n\n> ")
    assert set(kept.split("\n")) <= {line, ""}
    assert "cut at GitHub's limit" in note


def test_a_summary_stays_below_the_limit_over_many_calls(step: Step) -> None:
    for _ in range(30):
        step.actions.summary("0123456789\n" * 5000)
    assert SUMMARY_BYTES - 300 < step.summary.stat().st_size <= SUMMARY_BYTES


def test_a_summary_that_is_cut_inside_a_code_block_closes_it(step: Step) -> None:
    step.actions.summary("```\n" + "log\n" * SUMMARY_BYTES)
    assert step.summary.read_text().count("```") == 2


@pytest.mark.parametrize("already", range(0, 120, 7))
def test_a_table_in_a_folded_part_is_cut_between_rows_and_closed(step: Step, already: int) -> None:
    """Wherever the limit falls: between two rows, in one, or in the head."""
    step.actions.summary("x" * (SUMMARY_BYTES - 500 - already))
    rows = "".join(f"| {number} | ok |\n" for number in range(1000))
    step.actions.summary(
        f"<details><summary>All</summary>\n\n| number | verdict |\n| ---: | --- |\n{rows}\n</details>\n"
    )
    written = step.summary.read_text()
    assert len(written.encode()) <= SUMMARY_BYTES
    shown = [line for line in written.splitlines() if line.startswith("|")]
    assert shown[:2] in ([], ["| number | verdict |", "| ---: | --- |"])
    assert all(re.fullmatch(r"\| \d+ \| ok \|", line) for line in shown[2:])
    assert written.count("<details>") == written.count("</details>")
    assert written.endswith("the step's log has all of it.\n")


def test_the_head_of_a_table_alone_is_left_out(step: Step) -> None:
    head = "| " + "h" * 300 + " |\n"
    step.actions.summary("x" * (SUMMARY_BYTES - 650) + "\n" + head + "| " + "-" * 300 + " |\n| " + "a" * 300 + " |\n")
    assert "|" not in step.summary.read_text()


def test_a_longer_fence_is_closed_by_its_own(step: Step) -> None:
    step.actions.summary("````text\n```\n" + "log\n" * SUMMARY_BYTES)
    lines = step.summary.read_text().splitlines()
    assert [line for line in lines if line.startswith("`")] == ["````text", "```", "````"]


@given(texts, texts, st.integers(1, 9))
@example("::error::x", "a=b,c:d", 1)
@example("%0A%250A\r\n", "%2C%3A", 1)
def test_annotations_hold_any_text_in_one_line(message: str, title: str, line: int) -> None:
    log = io.StringIO()
    actions = Actions.from_environment({"GITHUB_ACTIONS": "true"}, log)
    actions.annotate("error", message, f"<{title}>", file="a,b:c=d.yaml", line=line, column=2)
    place = {"file": "a,b:c=d.yaml", "line": str(line), "col": "2"}
    assert read_commands(log.getvalue()) == [("error", {**place, "title": f"<{title}>"}, message)]


def test_an_annotation_without_a_file_has_no_place(step: Step) -> None:
    step.actions.annotate("notice", "hello", "Title", line=3, column=4)
    assert step.commands() == [("notice", {"title": "Title"}, "hello")]


def test_annotations_beyond_what_github_shows_are_counted_by_level(step: Step) -> None:
    for index in range(ANNOTATIONS_OF_A_LEVEL + 5):
        step.actions.annotate("error", str(index), "E")
    step.actions.annotate("warning", "w", "W")
    assert [data for name, _, data in step.commands() if name == "error"] == [str(n) for n in range(10)]
    assert step.commands()[-1][0] == "warning"


def test_every_problem_of_an_error_is_annotated_in_its_file(step: Step, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.jsonl").write_text("{}")
    place = str(tmp_path / "data" / "x.jsonl")
    step.actions.error(
        BadInput([Problem("no messages", place, 3, 5, "why so", "do it"), Problem("bad", "the workspace")])
    )
    assert step.commands() == [
        (
            "error",
            {"file": "data/x.jsonl", "line": "3", "col": "5", "title": BadInput.summary},
            "no messages\nwhy: why so\nfix: do it",
        ),
        ("error", {"title": BadInput.summary}, "the workspace: bad"),
    ]


@pytest.mark.parametrize("where", ["x" * 5000, "a\0b", "/etc/passwd", "", "https://example.com/x"])
def test_a_place_outside_the_repository_is_told_in_words(step: Step, where: str) -> None:
    step.actions.error(BadInput(Problem("bad", where, 3)))
    ((_, properties, message),) = step.commands()
    assert properties == {"title": BadInput.summary}
    assert message == (f"{where}:3: bad" if where else "bad")


def test_the_last_annotation_of_many_problems_says_how_many_follow(step: Step) -> None:
    step.actions.annotate("error", "earlier", "E")
    step.actions.error(BadInput([f"problem {index}" for index in range(12)]))
    commands = step.commands()
    assert len(commands) == ANNOTATIONS_OF_A_LEVEL
    assert commands[-1][2] == "problem 8\nand 3 more: the step's log has all of them"


def test_ten_problems_are_all_there(step: Step) -> None:
    step.actions.error(BadInput([f"problem {index}" for index in range(10)]))
    assert [data for _, _, data in step.commands()] == [f"problem {index}" for index in range(10)]


def test_a_refusal_and_unfinished_work_do_not_look_like_a_breakdown(step: Step) -> None:
    step.actions.error(GateRefused("eval_loss is too high"))
    step.actions.error(Unfinished("still running"))
    assert [(name, properties["title"]) for name, properties, _ in step.commands()] == [
        ("error", GateRefused.summary),
        ("warning", Unfinished.summary),
    ]


@given(texts)
@example("::add-mask::e\n::stop-commands::x\n::endgroup::\n::set-output name=a::b")
def test_no_text_from_outside_is_read_as_a_command(text: str) -> None:
    log = io.StringIO()
    actions = Actions.from_environment({"GITHUB_ACTIONS": "true"}, log)
    with actions.untrusted():
        log.write(f"{text}\n")
    actions.annotate("notice", "after", "T")
    assert read_commands(log.getvalue()) == [("notice", {"title": "T"}, "after")]
    assert text in log.getvalue()


def test_the_run_is_known_on_a_runner(tmp_path: Path) -> None:
    run = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
    actions = Step(tmp_path, **run, GITHUB_SHA="abc").actions
    assert actions.run_url == "https://github.com/o/r/actions/runs/7"
    assert (actions.repository, actions.sha, actions.run_id) == ("o/r", "abc", "7")


@pytest.mark.parametrize("value", ["", "false", "1", "True"])
def test_outside_actions_nothing_is_written(tmp_path: Path, value: str) -> None:
    step = Step(tmp_path, GITHUB_ACTIONS=value, GITHUB_REPOSITORY="o/r", GITHUB_SHA="abc")
    step.actions.output({"job": "x"})
    step.actions.summary("# x")
    step.actions.annotate("error", "x", "X")
    step.actions.error(BadInput("x"))
    with step.actions.untrusted():
        pass
    assert step.log.getvalue() == ""
    assert list(tmp_path.iterdir()) == []
    assert (step.actions.run_url, step.actions.repository, step.actions.sha) == (None, None, None)
