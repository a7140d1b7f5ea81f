"""What a table will cost, before it starts."""

import os

from .methods import BY_NAME, SEQUENTIAL

# Seconds of one run on a year of 41 x 41 x 7 values, measured on two cores (AMD EPYC with AVX-512 bfloat16).
SECONDS = {}
FULL_LENGTH_SECONDS = {}
YEAR = 365 * 41 * 41 * 7
CORES = 2


def estimate(runs, shape, *, full_length):
    """Hours that runs will take on this machine, if its cores are like those of the measurement.

    Parameters
    ----------
    runs : list of Run
        Runs of one protocol.
    shape : tuple of int
        Of the samples (time, window, latitude, longitude, variable).
    full_length : bool
        Whether DTC and DTCR read every value.

    Returns
    -------
    dict of str to float
        Hours by row.
    """
    size = 1.0
    for n in shape:
        size *= n
    hours = {}
    for run in runs:
        method = BY_NAME[run.row].method
        table = FULL_LENGTH_SECONDS if full_length and method in SEQUENTIAL else SECONDS
        seconds = table.get((method, run.recipe), table.get((method, ""), 1.0))
        hours[run.row] = (
            hours.get(run.row, 0.0) + seconds * size / YEAR * CORES / (os.cpu_count() or 1) / 3600
        )
    return hours


def estimate_text(hours):
    """The estimate in one line."""
    total = sum(hours.values())
    dear = [f"{BY_NAME[row].title} {_time(h)}" for row, h in hours.items() if h > 0.2 * total]
    return f"about {_time(total)} if processors are like the reference's" + (
        f" ({', '.join(dear)})" if dear else ""
    )


def _time(hours):
    return f"{hours:.1f} h" if hours >= 1 else f"{max(1, round(60 * hours))} min"
