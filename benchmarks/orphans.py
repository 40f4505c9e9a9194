"""Runs a program of Python as its init would: `python benchmarks/orphans.py WORDS FOR PYTHON`.

A process whose parent has ended (an emulator that was told to stay, a fork server) becomes a child of this one instead
of the machine's init, and so what it used is known here, while it runs and after. Linux only; elsewhere it only runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
MARK = "SUITE_ORPHANS"  # the id of the process that is given them


def adopt() -> None:
    """From now on, a process below this one whose parent ends is given to this one."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main() -> int:
    """Start the program, bury whatever ends, and end as the program does."""
    adopt()
    if sys.platform.startswith("linux"):
        os.environ[MARK] = str(os.getpid())
    program = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program is told as well, and ends this by its own end
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(program, number))
    while True:
        ended, status = os.wait()
        if ended == program:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
