"""The conversations of the tests' project are good input for preparation."""

from collections import Counter

from mlops.dataset import Options
from mlops.domain.dataset import conversations
from mlops.domain.dataset.policies import Policies
from tests.prepared import prepared as prepare
from tests.project import PROJECT


def curated() -> list[tuple[str, bytes]]:
    paths = [path for path in (PROJECT / "data").rglob("*") if path.suffix in (".jsonl", ".parquet")]
    return [(path.relative_to(PROJECT).as_posix(), path.read_bytes()) for path in paths]


def test_every_conversation_is_valid_distinct_and_free_of_personal_data() -> None:
    prepared = prepare([], curated(), Options(policies=Policies("refuse")))
    assert sum(source.kept for source in prepared.manifest.sources) >= 48
    assert not prepared.rejections
    assert not prepared.warnings


def test_there_are_held_out_questions_to_ask_the_endpoint() -> None:
    assert prepare([], curated(), Options()).manifest.rows("test") >= 3


def test_exchanges_and_system_messages_vary() -> None:
    prepared = prepare([], curated(), Options())
    rows = [row for data in prepared.files.values() for row in conversations(data)]
    exchanges = Counter(sum(message["role"] == "user" for message in row["messages"]) for row in rows)
    assert set(exchanges) == {1, 2, 3}
    assert 10 <= sum(row["messages"][0]["role"] == "system" for row in rows) <= len(rows) - 10
