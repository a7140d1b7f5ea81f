"""What a table will cost, before it starts."""

import math
import os

from .methods import BY_NAME, SEQUENTIAL

# Seconds of one run on one core (AMD EPYC with AVX-512 bfloat16), measured on a year of 41 x 41 x 7 values; of DTC and
# DTCR on sequences of at most 120 steps. DTCR (trained) is twice what half as many passes took.
# That of DTCR (notebook) was measured with layers of 50, 30 and 30 units; the recipe now has 100, 50 and 50.
SECONDS = {
    ("dsc", "notebook"): 40,
    ("dsc", "trained"): 200,
    ("dsc", "untrained"): 12,
    ("dec", "notebook"): 5,
    ("dec", "trained"): 35,
    ("cnn_encoder", "notebook"): 22,
    ("cnn_encoder", "trained"): 67,
    ("cnn_autoencoder", "notebook"): 62,
    ("cnn_autoencoder", "trained"): 300,
    ("cnn_lstm_encoder", "notebook"): 130,
    ("cnn_lstm_encoder", "trained"): 80,
    ("dtc", "notebook"): 18,
    ("dtc", "trained"): 30,
    ("dtcr", "notebook"): 600,
    ("dtcr", "trained"): 380,
}
# The same on all 11767 values, in proportion from a few passes: of DTC over the year, of DTCR over 8 days.
FULL_LENGTH_SECONDS = {
    ("dtc", "notebook"): 500,
    ("dtc", "trained"): 2000,
    ("dtcr", "notebook"): 260_000,
    ("dtcr", "trained"): 174_000,
}
CLASSICAL, UNTRAINED = 2, 12
DAYS, VALUES, STEPS = 365, 41 * 41 * 7, 120


def estimate(runs, shape, *, sequence_length=None, shortcut=False):
    """Hours that runs will take on all cores of this machine, if they are like those of the measurement.

    Parameters
    ----------
    runs : list of Run
        Runs to do.
    shape : tuple of int
        Of the samples (time, window, latitude, longitude, variable).
    sequence_length : int, default=None
        Most steps of the sequences of DTC and DTCR; None is every value.
    shortcut : bool, default=False
        Whether the recipe "notebook" is taken from the untrained network where it moves no label.

    Returns
    -------
    dict of str to float
        Hours by row.
    """
    days, values = shape[0] / DAYS, math.prod(shape[1:]) / VALUES
    hours: dict = {}
    for run in runs:
        method = BY_NAME[run.row].method
        size = days * values
        seconds = SECONDS.get((method, run.recipe), UNTRAINED if run.recipe == "untrained" else CLASSICAL)
        if shortcut and run.recipe == "notebook":
            seconds = min(seconds, UNTRAINED)
        if method in SEQUENTIAL and sequence_length:
            size = days * min(sequence_length, math.prod(shape[1:])) / STEPS
        elif method in SEQUENTIAL:
            seconds = FULL_LENGTH_SECONDS.get((method, run.recipe), UNTRAINED)
        hours[run.row] = hours.get(run.row, 0.0) + seconds * size / (os.cpu_count() or 1) / 3600
    return hours


def estimate_text(hours):
    """The estimate in one line, with the names of the most expensive rows."""
    total = sum(hours.values())
    dear = [f"{BY_NAME[row].title} {_time(h)}" for row, h in hours.items() if h > 0.2 * total]
    return f"about {_time(total)} if processors are like the reference's" + (
        f" ({', '.join(dear)})" if dear else ""
    )


def _time(hours):
    return f"{hours:.1f} h" if hours >= 1 else f"{max(1, round(60 * hours))} min"
