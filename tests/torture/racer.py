"""Processes that want the same lock, again and again: `racer.py LOCK ROUNDS RECORD NAME...`, one for each name.

The others are forks of the first, which has imported what they need and called nobody yet. Each writes
`NAME enter` and `NAME leave` into the record, a line at once. With 0 rounds it keeps the lock until it is killed.
"""

import importlib
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mlops.azure.blob_lock import BlobLock, Holder
from tests.contract.own_workspace import own_workspace


def main(name: str, rounds: int, record: Path, who: str) -> None:
    """Take it so many times."""
    workspace = own_workspace()
    file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    done = 0
    while done < rounds or not rounds:
        lock = BlobLock(workspace, name, Holder(who, "promote"))
        if lock.acquire():
            time.sleep(random.uniform(0, 0.01))
            continue
        os.write(file, f"{who} enter\n".encode())
        if not rounds:
            time.sleep(600)
        time.sleep(random.uniform(0, 0.01))
        lock.confirm()
        os.write(file, f"{who} leave\n".encode())
        lock.release()
        done += 1


def side_by_side(name: str, rounds: int, record: Path, names: list[str]) -> int:
    """The code to end with: 0 where each came to its end."""
    importlib.import_module("azure.storage.blob")
    importlib.import_module("azure.identity")
    forks = []
    for who in names[1:]:
        if not (made := os.fork()):
            main(name, rounds, record, who)
            os._exit(0)
        forks.append(made)
    main(name, rounds, record, names[0])
    ended = [os.waitpid(made, 0)[1] for made in forks]
    return int(any(ended))


if __name__ == "__main__":
    sys.exit(side_by_side(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]))
