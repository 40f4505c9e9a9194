"""What holds for every test."""

import os

# numpy's BLAS reads this once, when it is loaded; two test processes with two threads each would fight for two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
