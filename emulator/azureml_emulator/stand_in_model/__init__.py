"""The small language model that stands in for Phi-3 in the emulator: really trained, really served, in numpy.

Nothing else is imported here, so that the process is set up before numpy is loaded.
"""

import os
from collections.abc import Mapping

THREADS = "OPENBLAS_NUM_THREADS"
STATED = os.environ.get(THREADS)

# One thread, whatever the caller wants for programs of their own: the matrices are too small for more, threads that
# wait for a busy core make training twenty times slower, and another number of them rounds differently.
os.environ[THREADS] = "1"


def for_others(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for a program that is not the stand-in, whose threads are the caller's own affair."""
    others = {name: value for name, value in environ.items() if name != THREADS}
    return others if STATED is None else {**others, THREADS: STATED}
