"""The small language model that stands in for Phi-3 in the emulator: really trained, really served, in numpy.

Nothing else is imported here, so that the process is set up before numpy is loaded.
"""

import os

# One thread: the matrices are too small for more, and threads that wait for a busy core make training ten times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
