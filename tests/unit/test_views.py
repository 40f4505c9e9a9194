"""The three faces of a report, read back: Markdown by a Markdown parser, JSON by a JSON parser, a terminal by eye."""

import io
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.rules import Rule, judge
from mlops.errors import ALL, BadInput, Problem, Unfinished
from mlops.flow.evaluation.verdict import GateResult
from mlops.render import (
    Chart,
    Human,
    Json,
    Markdown,
    Page,
    Report,
    Section,
    chart,
    duration,
    explain,
    size,
    table,
)
from mlops.render.charts import MOST_POINTS
from mlops.render.markdown import clean, fenced, inline, paragraph
from mlops.render.plain import plain
from mlops.views import gate

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
markup = st.text(alphabet="ab1 |\\`*_~[]()<>&#!-+=.:$\n\r\x1b", max_size=30)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's form
        self.tags.append(tag)
        if tag in ("td", "th", "p", "pre"):
            self.cells.append("")
        if tag == "br":
            self.cells[-1] += "\n"

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def read(markdown: str) -> _Reader:
    reader = _Reader()
    reader.feed(GITHUB.render(markdown))
    return reader


def words(text: str) -> list[str]:
    return clean(text).split()


def printed(report: Report, **environ: str) -> str:
    out = io.StringIO()
    report.print(Page(out, environ).console)
    return out.getvalue()


REPORT = Report(
    "Data is prepared",
    ("version abc", "", "see https://ml.azure.com/runs/ft_1_2?wsid=/a&b=c."),
    (table("Files", ("file", "rows", "share"), [("train_a|b", 10, 0.00001), ("[red]x[/red]", None, math.nan)]),),
    sections=(Section("Warnings", ("`x`\n::error::y",)),),
    next_step="mlops submit",
    data={"version": "abc", "loss": math.inf},
)


@given(st.lists(st.lists(markup | st.text(max_size=9), min_size=2, max_size=2), min_size=1, max_size=3))
@example([["a|b", "`|`"], ["<script>x</script>", "<!-- "], ["[x](http://e)", "![x](y)"], ["\\|", "&amp; &#35; &x;"]])
def test_a_markdown_table_shows_any_text_as_it_is_written(rows: list[list[str]]) -> None:
    reader = read(table("", ("one", "two"), rows).to_markdown())
    assert [words(cell) for cell in reader.cells] == [["one"], ["two"], *(words(cell) for row in rows for cell in row)]
    assert set(reader.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "br", "span", "a"}


@given(markup | st.text())
@example("# a\n- b\n1. c\n> d\n---\n===\n    code\n```\n~~~")
@example("+ 1) 2. x")
@example("<!-- x")
@example("<script x")
def test_a_markdown_paragraph_shows_any_text_as_it_is_written(text: str) -> None:
    reader = read(f"before\n\n{paragraph(text)}\n\nafter")
    assert words(" ".join(reader.cells)) == words(f"before {text} after")
    assert set(reader.tags) <= {"p", "br", "span", "a"}


@given(markup)
@example("a\n```\nb\n`````")
def test_a_code_block_ends_where_it_should(text: str) -> None:
    reader = read(f"{fenced(text)}\n\nafter")
    assert reader.cells[-1].strip() == "after"
    assert reader.tags == ["pre", "code", "p"]


def test_web_addresses_become_links_and_keep_their_punctuation_outside() -> None:
    address = "https://ml.azure.com/runs/ft_1*2?wsid=/a&b=c"
    html = GITHUB.render(inline(f"see ({address}). Or {address}, please"))
    assert re.findall(r'href="([^"]*)"', html) == [address.replace("&", "&amp;")] * 2
    assert "</a>). Or" in html


def test_money_is_not_read_as_mathematics() -> None:
    assert inline("$5 and $6") == "<span>$</span>5 and <span>$</span>6"


def test_names_with_underscores_stay_legible_in_the_source() -> None:
    assert inline("eval_loss of phi_3") == "eval_loss of phi_3"


def test_a_report_in_markdown_has_everything() -> None:
    text = REPORT.to_markdown()
    assert text.startswith("### Data is prepared\n\nversion abc\n\nsee <https://ml.azure.com/")
    assert "| file | rows | share |\n| --- | ---: | ---: |\n| train_a\\|b | 10 | 0.00001 |" in text
    assert "#### Warnings\n\n\\`x\\`<br>::error::y" in text
    assert text.endswith("Next:\n\n```sh\nmlops submit\n```\n")


def test_a_next_step_that_is_no_command_is_a_sentence() -> None:
    report = Report("Plan", next_step="merging this starts the train workflow")
    assert report.to_markdown().endswith("Next: merging this starts the train workflow\n")


def test_a_report_in_a_terminal_has_everything_and_reads_no_markup() -> None:
    text = printed(REPORT)
    for expected in ("Data is prepared", "version abc", "train_a|b", "0.00001", "[red]x[/red]", "Warnings", "NaN"):
        assert expected in text
    assert "\n    mlops submit\n" in text


def test_control_characters_never_reach_a_terminal() -> None:
    evil = "a\x1b[2Jb\x07\rc"
    report = Report(evil, (evil,), (table(evil, (evil,), [(evil,)]),), next_step=f"mlops {evil}")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", printed(report))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", report.to_markdown())
    assert "\x1b" not in explain(BadInput(Problem(evil, "f", why=evil, fix=evil)))


def test_long_lines_and_commands_are_not_wrapped() -> None:
    long = "mlops watch --job " + "x" * 400
    text = printed(Report("T", ("y " * 300,), next_step=long))
    assert f"    {long}\n" in text
    assert "y " * 299 in text


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        table("t", ("a", "b"), [("1",)])


@dataclass(frozen=True)
class Shown:
    version: str
    loss: float
    made: datetime


def test_json_is_one_object_with_the_typed_result() -> None:
    out, err = io.StringIO(), io.StringIO()
    view = Json(out, Page(err, {}))
    view.note("reading")
    view.answer("plan", Shown("abc", math.inf, datetime(2026, 1, 2, tzinfo=UTC)), REPORT, None)
    found = json.loads(out.getvalue(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert found == {
        "verb": "plan",
        "ok": True,
        "exit_code": 0,
        "result": {"version": "abc", "loss": "Infinity", "made": "2026-01-02T00:00:00+00:00"},
        "problems": [],
    }
    assert err.getvalue() == "reading\n"


def test_markdown_on_standard_output_is_what_the_step_summary_gets() -> None:
    out, err = io.StringIO(), io.StringIO()
    report = Report("Plan", ("train=true",), next_step="mlops submit")
    view = Markdown(out, Page(err, {}))
    view.note("target: x")
    view.answer("plan", None, report, None)
    assert out.getvalue() == report.to_markdown()
    assert err.getvalue() == "target: x\n"


def test_people_get_the_report_on_stdout_and_notes_on_stderr() -> None:
    out, err = io.StringIO(), io.StringIO()
    view = Human(Page(out, {}), Page(err, {}))
    view.note("reading [bold]x")
    view.answer("plan", None, Report("Done"), None)
    assert (out.getvalue(), err.getvalue()) == ("Done\n", "reading [bold]x\n")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("runner", [{"CI": "true"}, {"GITHUB_ACTIONS": "true"}])
def test_nothing_moves_on_a_runner_that_has_a_terminal(runner: dict[str, str]) -> None:
    stream = _Terminal()
    view = Human(Page(stream, {"TERM": "xterm", **runner}), Page(stream, {"TERM": "xterm", **runner}))
    view.answer("plan", None, REPORT, None)
    assert "\x1b" not in stream.getvalue()


def test_a_persons_terminal_has_colours_unless_they_are_not_wanted() -> None:
    drawn = table("", ("verdict",), [("refuse",)])
    colourful, plain = _Terminal(), _Terminal()
    Report("T", tables=(drawn,)).print(Page(colourful, {"TERM": "xterm-256color"}).console)
    Report("T", tables=(drawn,)).print(Page(plain, {"TERM": "xterm-256color", "NO_COLOR": "1"}).console)
    assert "\x1b[31m" in colourful.getvalue()
    assert "[31m" not in plain.getvalue()


def test_a_log_that_cannot_hold_a_character_shows_another() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    drawn = chart("t", {"loss": [(1, 3.0), (2, 2.0)]})
    assert drawn
    Report("Überblick", charts=(drawn,)).print(Page(stream, {}).console)
    stream.flush()
    assert raw.getvalue() == b"?berblick\n  loss ?? 3.0 ? 2.0\n"


# Numbers and words as Mermaid's xychart grammar reads them; a number has no exponent there.
_NUMBER = r"-?\d+(\.\d+)?"
_CHART = re.compile(
    r'%%\{init: [^\n]*\}%%\nxychart-beta\n    title "[^"\n`]+"\n    x-axis "step" \["-?\d+"(, "-?\d+")*\]\n'
    rf'    y-axis "[^"\n`]+" {_NUMBER} --> {_NUMBER}(\n    line \[{_NUMBER}(, {_NUMBER})*\])+'
)
points = st.lists(st.tuples(st.integers(0, 10**6), st.floats()), max_size=200)


@given(st.text(), st.dictionaries(st.text(min_size=1), points, min_size=1, max_size=3))
@example('a "quoted" `title` %% ]\n```', {"loss": [(1, 1e-9), (2, -1e-300), (3, 1e300)]})
@example("one point", {"loss": [(5, 2.0)]})
def test_a_chart_is_always_what_mermaid_reads(title: str, series: dict[str, list[tuple[int, float]]]) -> None:
    drawn = chart(title, series)
    if drawn is None:
        finite = [{step for step, value in line if math.isfinite(dict(line)[step])} for line in series.values()]
        assert not set.intersection(*finite)
    else:
        assert _CHART.fullmatch(drawn.to_mermaid())
        assert len(drawn.steps) <= MOST_POINTS + 1


def test_the_vertical_range_holds_every_value_even_when_all_are_equal() -> None:
    for values in ([2.0, 2.0], [0.0], [-1.0, 5.0]):
        drawn = chart("t", {"loss": list(enumerate(values))})
        assert drawn
        found = re.search(rf"y-axis \S+ ({_NUMBER}) --> ({_NUMBER})", drawn.to_mermaid())
        assert found
        assert float(found[1]) < min(values) <= max(values) < float(found[3])


def test_a_long_chart_is_thinned_evenly_and_keeps_its_ends() -> None:
    drawn = chart("t", {"loss": [(step, float(step)) for step in range(0, 1000, 2)]})
    assert drawn
    distances = {after - before for before, after in zip(drawn.steps[:-2], drawn.steps[1:-1], strict=True)}
    assert (drawn.steps[0], drawn.steps[-1], len(distances)) == (0, 998, 1)


def test_lines_share_a_chart_at_the_steps_that_all_have_and_colours_are_named() -> None:
    drawn = chart("t", {"loss": [(1, 3.0), (2, 2.0), (3, 1.0)], "eval_loss": [(2, 5.0), (3, 4.0)]}, (0.0, 6.0))
    assert drawn
    assert drawn.rows() == ((2, 2.0, 5.0), (3, 1.0, 4.0))
    assert drawn.caption() == "loss (blue): 2.0 → 1.0; eval_loss (orange): 5.0 → 4.0"
    assert "0 --> 6\n" in drawn.to_mermaid()


@pytest.mark.parametrize(
    ("steps", "lines"), [((), ()), ((1,), (("a", (1.0, 2.0)),)), ((1,), (("a", (math.nan,)),)), ((1,), ())]
)
def test_a_chart_without_one_value_a_step_is_refused(
    steps: tuple[int, ...], lines: tuple[tuple[str, tuple[float, ...]], ...]
) -> None:
    with pytest.raises(ValueError, match="chart"):
        Chart("t", steps, lines)


def test_a_chart_stands_beside_its_values_in_every_face() -> None:
    drawn = chart("loss by step", {"loss": [(1, 3.0), (2, 2.0)]})
    assert drawn
    report = Report("T", charts=(drawn,))
    assert "| 1 | 3.0 |\n| 2 | 2.0 |" in report.to_markdown()
    assert "  loss █▁ 3.0 → 2.0\n" in printed(report)
    assert report.to_json()["charts"] == [{"title": "loss by step", "steps": [1, 2], "series": {"loss": [3.0, 2.0]}}]


def test_a_refusal_shows_every_rule_and_a_chart_for_each_metric() -> None:
    rules = [Rule("eval_loss", max=6.0, max_regression=0.05, relative=True), Rule("bleu_1", min=0.2, required=False)]
    verdict = judge({"eval_loss": 7.31}, {"eval_loss": 5.0}, rules)
    history = {"loss": ((10, 9.0), (20, 8.0)), "eval_loss": ((20, 7.31),)}
    evidence = Evidence({"eval_loss": 7.31}, Champion("phi:3", "production", {"eval_loss": 5.0}), job="ft-1")
    result = GateResult(verdict.ruling, verdict.findings, evidence, {}, history, None)
    report = gate.report(result)
    assert report.title == "The gate refused this model"
    assert [row[6] for row in report.tables[0].rows] == ["refuse", "refuse", "advisory"]
    assert report.tables[0].rows[1][3:5] == ("max_regression", "5 %")
    assert [drawn.title for drawn in report.charts] == ["margin to each limit, below 0 is not met", "loss by step"]
    assert "eval_loss max" in report.to_markdown().split("```mermaid")[1]
    assert "eval_loss 7.31 is above the largest allowed 6.0 by 1.31" in report.lines
    assert plain(result)["ruling"] == "refuse"
    assert [found["candidate"] for found in plain(result)["findings"][:2]] == [7.31, 7.31]
    assert gate.outputs(result) == {"verdict": "refuse", "metrics": "eval_loss 7.31, bleu_1 missing"}
    assert not report.next_step.startswith("mlops register")


def test_a_pass_leads_to_the_register() -> None:
    verdict = judge({"eval_loss": 1.0}, None, [Rule("eval_loss", max=6.0)])
    report = gate.report(GateResult(verdict.ruling, verdict.findings, Evidence({}, job="ft-1"), {}, {}, None))
    assert (report.title, report.next_step) == ("The gate passes this model", "mlops register --job ft-1")


def test_an_error_is_explained_with_its_command_alone_on_a_line() -> None:
    error = BadInput(
        [
            Problem("no key 'trainin'", "params.yaml", 3, 5, "two\nlines", "perhaps you meant `training`"),
            Problem("not prepared", "the workspace", fix="run `mlops prepare` and try again"),
        ]
    )
    assert explain(error) == (
        "The input or the configuration is not right.\n"
        "\n"
        "params.yaml:3:5: no key 'trainin'\n"
        "  why: two\n"
        "       lines\n"
        "  fix: perhaps you meant `training`\n"
        "\n"
        "the workspace: not prepared\n"
        "  fix: run\n"
        "           mlops prepare\n"
        "       and try again"
    )


def test_a_fix_that_is_a_command_alone_stays_in_place() -> None:
    assert explain(Unfinished(Problem("still running", fix="`mlops resume`"))).endswith("  fix: mlops resume")


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_of_error_is_explained_under_its_summary(kind: type[BadInput]) -> None:
    assert explain(kind("what happened")) == f"{kind.summary}.\n\nwhat happened"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3605, "1 h"),
        (7260, "2 h 1 min"),
        (90061, "1 d 1 h"),
        (-5, "-5 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (2**20 - 1, "1 MiB"), (2**60, "1024 PiB")],
)
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text


def test_a_table_in_a_log_has_no_blanks_at_the_ends_of_its_lines() -> None:
    stream = io.StringIO()
    drawn = table("Sizes", ("name", "what it is"), [("a", "short"), ("b", "longer than the others")])
    Report("T", tables=(drawn,)).print(Page(stream, {}).console)
    assert [line for line in stream.getvalue().splitlines() if line != line.rstrip()] == []
    assert "longer than the others" in stream.getvalue()
