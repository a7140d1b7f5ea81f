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


def in_turns(works, repeats=3, *, warm=1):
    """Least CPU and wall seconds of each of several works, which take turns.

    Parameters
    ----------
    works : dict of str to callable
        What to time.
    repeats : int, default=3
        Turns that count.
    warm : int, default=1
        Turns before them, which compile.

    Returns
    -------
    dict of str to (float, float)
        CPU seconds of all threads of the process, and wall seconds.
    """
    least = dict.fromkeys(works, (np.inf, np.inf))
    for turn in range(-warm, repeats):
        for name, work in works.items():
            began = time.process_time(), time.perf_counter()
            work()
            taken = time.process_time() - began[0], time.perf_counter() - began[1]
            if turn >= 0:
                least[name] = tuple(map(min, least[name], taken))
    return least
