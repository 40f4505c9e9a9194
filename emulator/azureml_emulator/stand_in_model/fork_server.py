"""`python -m azureml_emulator.stand_in_model.fork_server`: one worker after another, each a fork of this process.

What a worker imports takes as long as a small job does; here that is done once. stdin is a socket that keeps messages
apart. A message is a working folder, with a descriptor that what the worker prints goes to; sent back are its process
id and, once it has ended, its exit code. It must not know what a worker does.
"""

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from azureml_emulator.stand_in_model import heap

LONGEST = 1 << 16  # bytes of a message


def main() -> None:
    """Serve until nobody asks any more."""
    asked, nothing = socket.socket(fileno=os.dup(0)), os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    heap.keep_freed()  # its forks do so, too
    while True:
        folder, descriptors, _, _ = socket.recv_fds(asked, LONGEST, 1)
        if not folder:
            return
        _print_to(descriptors[0])
        os.close(descriptors[0])
        from azureml_emulator.stand_in_model import worker  # here, so that what it dies of is said to who asked

        request = Path(os.fsdecode(folder))
        worker.load(request)
        pid = os.fork()
        if not pid:
            asked.close()
            _end(0 if worker.run(request, worker.print_event) else 1)
        _print_to(nothing)  # or the worker's end would not be the end of what it prints to
        asked.send(b"%d" % pid)
        _, ended = os.waitpid(pid, 0)
        asked.send(b"%d" % os.waitstatus_to_exitcode(ended))


def _print_to(descriptor: int) -> None:
    for own in (1, 2):
        os.dup2(descriptor, own)


def _end(code: int) -> NoReturn:
    """End a fork, without the tidying of all modules: that takes as long as to fork ten times."""
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
