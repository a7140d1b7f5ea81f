"""Synthetic records of any length with known regimes, written block by block. Imported by the other scripts."""

from pathlib import Path

import netCDF4
import numpy as np

NAMES = {"sp": (1e5, 800), "sst": (290, 2), "u10": (0, 4), "v10": (0, 4), "t2m": (285, 3), "sshf": (-1e5, 1e5),
         "slhf": (-1e6, 1e6)}  # fmt: skip
REGIMES = 7
STAY = 0.8  # chance that a regime lasts another step
BLOCK = 500


def write_planted(path, days, grid, *, names=tuple(NAMES), files=1, seed=0):
    """Write daily float32 fields, uncompressed netCDF: a wave for each regime, a season, smooth and rough noise.

    Parameters
    ----------
    path : path
        File to write; further files have a number in front of the suffix.
    days : int
        Steps.
    grid : int or (int, int)
        Points along latitude and along longitude.
    names : sequence of str, default=all of `NAMES`
        Variables.
    files : int, default=1
        Number of files, which follow each other in time.
    seed : int, default=0
        The same seed gives the same record.

    Returns
    -------
    list of pathlib.Path
        The files.
    """
    grid = (grid, grid) if isinstance(grid, int) else grid
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(*(np.linspace(0, 1, points) for points in grid), indexing="ij")
    waves = rng.uniform(0.3, 1.5, (REGIMES, len(NAMES), 3))
    patterns = np.array([[np.sin(2 * np.pi * (a * x + b * y) + c) for a, b, c in one] for one in waves], "f4")
    changes = rng.random(days) > STAY
    regime = rng.integers(REGIMES, size=days)[np.maximum.accumulate(np.where(changes, np.arange(days), 0))]
    paths = [Path(path).with_suffix(f".{i}.nc" if i else ".nc") for i in range(files)]
    for one, steps in zip(paths, np.array_split(np.arange(days), files), strict=True):
        _write(one, steps, grid, names, regime, patterns, rng)
    return paths


def _write(path, steps, grid, names, regime, patterns, rng):
    axes = {
        "time": steps,
        "latitude": 43 - 0.25 * np.arange(grid[0]),
        "longitude": 0.25 * np.arange(grid[1]) - 33,
    }
    units = {"time": "days since 1900-01-01", "latitude": "degrees_north", "longitude": "degrees_east"}
    season = 0.3 * np.cos(2 * np.pi * steps / 365.25).astype("f4")
    coarse = [-(-points // 6) for points in grid]
    with netCDF4.Dataset(path, "w") as file:
        for name, values in axes.items():
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units[name]
        file.createVariable("regime", "i4", ("time",))[:] = regime[steps]
        for name in names:
            file.createVariable(name, "f4", tuple(axes)).coordinates = "regime"
        for start in range(0, len(steps), BLOCK):
            at = steps[start : start + BLOCK]
            for name in names:
                v, (offset, scale) = list(NAMES).index(name), NAMES[name]
                smooth = rng.standard_normal((len(at), *coarse), dtype="f4")
                smooth = smooth.repeat(6, axis=1).repeat(6, axis=2)[:, : grid[0], : grid[1]]
                rough = 0.1 * rng.standard_normal((len(at), *grid), dtype="f4")
                field = patterns[regime[at], v] + 0.6 * smooth + rough + season[at - steps[0], None, None]
                file[name][start : start + len(at)] = offset + scale * field
