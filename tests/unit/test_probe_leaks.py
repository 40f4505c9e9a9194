"""What a probe asks is not trained on: refused in the team's own files, left out of the dataset, and counted."""

import json
from typing import Any

import polars as pl
import pytest

from mlops.dataset import Options
from mlops.domain.dataset import Input, Reason, Source
from mlops.domain.evaluation.probes.leaks import Questions
from mlops.domain.evaluation.probes.suites import Probe
from mlops.errors import BadInput
from tests.prepared import Prepared, prepared

ASKED = "Which planet of the solar system is the largest? Answer briefly."
LONG = "Summarise this in a sentence: the fleet of forty vans leaves the yard at six, and comes back before eight."


def probe(name: str, *turns: str) -> Probe:
    """A probe of these turns."""
    messages = tuple({"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(turns))
    return Probe(name, "knowledge", messages, (), "Jupiter.", "Mars.")


PROBES = (
    probe("k-1", ASKED),
    probe("k-2", LONG),
    probe("k-3", "Name a river.", "The Rhine.", "And another one?"),
    probe("k-4", "日本の首都はどこですか。一文で答えてください。"),
)


def talk(*turns: str) -> dict[str, Any]:
    """A row of these turns."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]}


@pytest.mark.parametrize(
    ("turns", "found"),
    [
        ((ASKED, "Jupiter."), "k-1"),
        (("which planet of the solar system is the LARGEST?\nanswer briefly", "Jupiter."), "k-1"),
        (("Hello", "Hi.", ASKED, "Jupiter."), "k-1"),
        ((LONG.replace("eight", "nine"), "Forty vans."), "k-2"),
        (("Name a river.", "The Rhine.", "And another one?", "The Elbe."), "k-3"),
        (("Name a lake.", "Constance, the Bodensee, in the south.", "And another one?", "Chiemsee."), None),
        (("日本の首都はどこですか。一文で答えてください", "東京です。"), "k-4"),
        (("Which planet is the nearest?", "Mercury."), None),
        (("Say it.", ASKED), None),
        ((f"{'I write a story about space. ' * 20}{ASKED}", "Well."), None),
    ],
)
def test_a_question_is_known_by_its_words_and_when_it_is_nearly_the_same(
    turns: tuple[str, ...], found: str | None
) -> None:
    messages = [(one["role"], one["content"]) for one in talk(*turns)["messages"]]
    fault = Questions(PROBES, 0.85).asked(messages)
    assert bool(fault) == bool(found)
    if fault:
        assert fault.reason is Reason.LEAKAGE
        assert f"the probe {found} " in fault.what


def test_without_a_limit_only_the_same_words_count() -> None:
    edited = [("user", LONG.replace("eight", "nine")), ("assistant", "Forty vans.")]
    assert Questions(PROBES, 0.85).asked(edited)
    assert not Questions(PROBES, None).asked(edited)
    assert Questions(PROBES, None).asked([("user", ASKED.upper()), ("assistant", "Jupiter.")])


PLAIN = [talk(f"What is {n} times {n + 7919}?", f"It is {n * (n + 7919)}.") for n in range(40)]
ASKING = [talk(ASKED, "Jupiter."), talk(LONG.upper(), "VANS."), talk("Hi", "Hello", ASKED, "Jupiter.")]


def run(rows: Any, curated: list[Any], **changes: Any) -> Prepared:
    """Prepare public rows and curated ones."""
    own = b"".join(json.dumps(row).encode() + b"\n" for row in curated)
    inputs = [Input(Source("a/b", "dataset", "r", part), part, rows[part]) for part in rows]
    return prepared(inputs, [("data/own.jsonl", own)] if curated else [], Options(questions=PROBES, **changes))


@pytest.mark.parametrize("framed", [True, False])
def test_rows_of_the_dataset_are_left_out_of_every_part_and_counted(framed: bool) -> None:
    rows = {"train": PLAIN + ASKING, "test": [talk(ASKED, "It is Jupiter.")]}
    if framed:
        for part, given in rows.items():
            named = [{**row, "prompt": row["messages"][0]["content"], "prompt_id": "x"} for row in given]
            rows[part] = [pl.DataFrame(named)]  # type: ignore[list-item]
    done = run(rows, [])
    assert done.manifest.leakage == 4
    assert not any(b"Jupiter" in data for data in done.files.values())
    assert {one["reason"] for one in done.rejections} == {"leakage"}


def test_the_teams_own_are_refused_with_their_place_or_removed() -> None:
    with pytest.raises(BadInput) as refused:
        run({"train": PLAIN}, [talk("Who are you?", "A bot."), ASKING[0]])
    (problem,) = refused.value.problems
    assert (problem.where, problem.line) == ("data/own.jsonl", 2)
    assert "k-1" in problem.what
    done = run({"train": PLAIN}, [talk("Who are you?", "A bot."), ASKING[0]], duplicates="remove")
    (own,) = (source for source in done.manifest.sources if source.kind == "curated")
    assert (own.read, own.kept, own.rejected) == (2, 1, {"leakage": 1})
