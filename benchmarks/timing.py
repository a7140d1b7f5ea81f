"""How long something takes: the least of several runs."""

import time

import numpy as np


def timed(work, repeats=3):
    """Result and least seconds of several runs."""
    best = np.inf
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - began)
    return result, best
