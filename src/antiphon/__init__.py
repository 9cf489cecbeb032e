"""Antiphon (call and response): agents that answer and place calls."""

import os

# Before numpy is imported anywhere: our matrices are small, and BLAS threads that spin on every core took
# feature extraction from 3 ms to 40 ms on a busy machine. Who knows better sets the variables.
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_library, "1")

__version__ = "0.1.0"
