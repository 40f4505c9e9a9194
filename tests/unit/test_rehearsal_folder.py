"""Each rehearsal has a folder of its own, also those that begin in the same second."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlops.cli.rehearse.record import own_folder


def test_no_two_rehearsals_have_one_folder(tmp_path: Path) -> None:
    wanted = tmp_path / "rehearsals" / "20261129T232430Z"
    with ThreadPoolExecutor(8) as beside:
        found = list(beside.map(lambda _: own_folder(wanted), range(16)))
    names = [wanted.name, *(f"{wanted.name}-{number}" for number in range(2, 17))]
    assert sorted(one.name for one in found) == sorted(names)
    assert all(one.is_dir() for one in found)
