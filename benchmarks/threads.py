"""CPU and wall seconds of EOF + k-means with one thread and with the libraries' own number of threads.

    python benchmarks/threads.py

Fields of 4018 days x 1512 values, once on the machine as it is and once next to one busy process for each core. The
libraries read their number of threads when they are loaded, so OMP_NUM_THREADS and its relatives are removed.
"""

import os
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext

os.environ.pop("OMP_NUM_THREADS", None)
os.environ.pop("OPENBLAS_NUM_THREADS", None)

import numpy as np

import dsc_tf
from dsc_tf.clusterers import base

SHAPE = (4018, 1, 27, 56, 1)
TURNS = 3
LIMITS = {"one thread": base.limit_threads, "the libraries' own": lambda n_bytes: nullcontext()}


def seconds(X, limit):
    """CPU and wall seconds of one fit under a limit of threads.

    Parameters
    ----------
    X : array of shape (time, window, latitude, longitude, variable)
        Prepared fields.
    limit : callable
        Replacement of `limit_threads`.
    """
    base.limit_threads = limit
    began = time.process_time(), time.perf_counter()
    dsc_tf.EOFKMeans(5, random_state=0).fit(X)
    return time.process_time() - began[0], time.perf_counter() - began[1]


def main():
    """Print a table: medians of turns, with the largest wall time."""
    X = np.random.default_rng(0).normal(size=SHAPE).cumsum(axis=2).cumsum(axis=3).astype(np.float32)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the beginning")
    print("| | threads | CPU, s | wall, s | longest wall, s |\n|---|---|---|---|---|")
    for load in (0, os.cpu_count()):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
        try:
            turns = {name: [] for name in LIMITS}
            for _ in range(TURNS):
                for name, limit in LIMITS.items():
                    turns[name].append(seconds(X, limit))
        finally:
            for process in busy:
                process.kill()
        for name, found in turns.items():
            cpu, wall = (statistics.median(values) for values in zip(*found, strict=True))
            longest = max(wall for _, wall in found)
            print(f"| {load} busy processes | {name} | {cpu:.1f} | {wall:.1f} | {longest:.1f} |", flush=True)


if __name__ == "__main__":
    main()
