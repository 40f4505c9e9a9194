"""A report in a log is the same whether rich draws it or not."""

import io

from hypothesis import given
from hypothesis import strategies as st

from mlops.render import Page, Report, Table
from mlops.render.log import LOG_WIDTH, text_of
from mlops.render.report import Cell

alphabet = st.sampled_from("abc xyz 0.5 é ü → · █ ▁ [b] | `")
letters = st.text(alphabet, max_size=60) | st.text(alphabet, min_size=100, max_size=400)
texts = letters | st.sampled_from(["", "two\nlines", "wide 語", "tab\there", "soft\u00adhyphen", "zero\u200bwidth"])
cells: st.SearchStrategy[Cell] = texts | st.none() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.tuples(*[cells] * width), max_size=4))
    return Table(draw(texts), tuple(draw(texts) for _ in range(width)), tuple(rows))


@given(st.lists(tables(), max_size=2), st.lists(texts, max_size=3), texts | st.just("mlops status"))
def test_what_is_put_side_by_side_is_what_rich_draws(drawn: list[Table], lines: list[str], step: str) -> None:
    report = Report("Title", tuple(lines), tuple(drawn), next_step=step)
    page = io.StringIO()
    report.print(Page(page, {}).console)
    assert text_of(report) in (None, page.getvalue())


def test_a_table_needs_no_rich_wide_ones_neither_but_where_numbers_would_be_broken() -> None:
    plain = Table("Runs", ("run", "loss"), (("ft-1", 0.25), ("ft-2", None)))
    sentences = Table(
        "Rules", ("rule", "why", "loss"), (("eval_loss", "as it was said " * 9, 0.25), ("x" * 200, "", 1))
    )
    numbers = Table("Runs", ("run" * LOG_WIDTH, "loss"), ((1, 0.25),))
    assert text_of(Report("Title", tables=(plain,)))
    assert max(map(len, (text_of(Report("Title", tables=(sentences,))) or "").splitlines())) <= LOG_WIDTH
    assert text_of(Report("Title", tables=(numbers,))) is None
