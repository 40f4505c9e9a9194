"""However much is wrong in the team's own files, what people read of it stays short, the important part first."""

import json

import pytest

from mlops.dataset import Options, check
from mlops.errors import BadInput


def test_however_much_is_wrong_in_however_many_files_a_refusal_is_a_few_short_problems() -> None:
    big = "x" * 200_000
    rows: list[object] = [
        {"messages": [{"role": big, "content": "a"}]},
        {"messages": [{"role": "user", "content": big}]},
        {big: 1},
        {"messages": [{"role": "user", "content": [{"type": big, "text": "x"}]}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "tool_calls": big}]},
        {"conversations": [{"from": big, "value": "x"}]},
        big,
    ]
    bad = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    files = [(f"data/{n}.jsonl", bad) for n in range(2)]
    files += [(f"data/sub{n}/f.jsonl", b'{"messages": 1}\n{"a": %d}\n' % n) for n in range(300)]
    with pytest.raises(BadInput) as caught:
        check(files, Options())
    assert len(caught.value.problems) == 8
    assert sum(len(str(problem)) for problem in caught.value.problems) < 4000
    assert caught.value.problems[-1].what.endswith("other ways")


def test_however_many_files_hold_personal_data_a_few_are_told() -> None:
    files = []
    for number in range(50):
        messages = [("user", f"{number * 7919}?"), ("assistant", f"write to jane{number}@acme.io, {number * 104729}")]
        row = {"messages": [{"role": role, "content": content} for role, content in messages]}
        files.append((f"data/{number}.jsonl", json.dumps(row).encode()))
    told = check(files, Options()).warnings
    assert len(told) == 20
    assert told[-1].what == "and 31 more rows in 31 groups"
