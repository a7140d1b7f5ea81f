"""Synthetic records of any length with known regimes, written block by block. Imported by the other scripts."""

import netCDF4
import numpy as np

NAMES = {"sp": (1e5, 800), "sst": (290, 2), "u10": (0, 4), "v10": (0, 4), "t2m": (285, 3), "sshf": (-1e5, 1e5),
         "slhf": (-1e6, 1e6)}  # fmt: skip
REGIMES = 7
STAY = 0.8  # chance that a regime lasts another step
BLOCK = 500


def write_planted(path, days, grid, *, seed=0):
    """Write daily float32 fields, uncompressed netCDF: a wave for each regime, a season, smooth and rough noise.

    Parameters
    ----------
    path : path
        File to write.
    days : int
        Steps.
    grid : int
        Points along latitude and along longitude.
    seed : int, default=0
        The same seed gives the same record.
    """
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(*[np.linspace(0, 1, grid)] * 2, indexing="ij")
    waves = rng.uniform(0.3, 1.5, (REGIMES, len(NAMES), 3))
    patterns = np.array([[np.sin(2 * np.pi * (a * x + b * y) + c) for a, b, c in one] for one in waves], "f4")
    changes = rng.random(days) > STAY
    regime = rng.integers(REGIMES, size=days)[np.maximum.accumulate(np.where(changes, np.arange(days), 0))]
    season = 0.3 * np.cos(2 * np.pi * np.arange(days) / 365.25).astype("f4")
    with netCDF4.Dataset(path, "w") as file:
        axes = {"time": np.arange(days), "latitude": 43 - 0.25 * np.arange(grid),
                "longitude": 0.25 * np.arange(grid) - 33}  # fmt: skip
        units = {"time": "days since 1900-01-01", "latitude": "degrees_north", "longitude": "degrees_east"}
        for name, values in axes.items():
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units[name]
        file.createVariable("regime", "i4", ("time",))[:] = regime
        for name in NAMES:
            file.createVariable(name, "f4", tuple(axes)).coordinates = "regime"
        coarse = -(-grid // 6)
        for start in range(0, days, BLOCK):
            at = slice(start, min(days, start + BLOCK))
            count = at.stop - start
            for v, (name, (offset, scale)) in enumerate(NAMES.items()):
                smooth = rng.standard_normal((count, coarse, coarse), dtype="f4")
                smooth = smooth.repeat(6, axis=1).repeat(6, axis=2)[:, :grid, :grid]
                rough = 0.1 * rng.standard_normal((count, grid, grid), dtype="f4")
                field = patterns[regime[at], v] + 0.6 * smooth + rough + season[at, None, None]
                file[name][at] = offset + scale * field
