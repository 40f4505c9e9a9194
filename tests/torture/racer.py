"""One of two processes that want the same lock, again and again: `racer.py LOCK ROUNDS RECORD NAME`.

It writes `NAME enter` and `NAME leave` into the record, a line at once. With 0 rounds it keeps the lock until it is
killed.
"""

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


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
