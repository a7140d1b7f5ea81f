"""Small made-up records for tests, ours and users': every knob a keyword, every knob with a default."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

UNITS = {"t2m": "K", "msl": "Pa", "sst": "K", "u10": "m s-1"}


def mock_dataset(
    *,
    days: int = 30,
    latitudes: int = 8,
    longitudes: int = 9,
    variables: Sequence[str] = ("t2m", "msl"),
    n_regimes: int = 3,
    nan_policy: str = "none",
    gaps: bool = False,
    constant: str | None = None,
    seed: int = 0,
    start: str = "2001-01-01",
    freq: str = "1D",
) -> xr.Dataset:
    """Fields of noise around regimes that last five steps each.

    Parameters
    ----------
    days : int, default=30
        Time steps.
    latitudes, longitudes : int
        Grid points, two degrees apart, from 60 N southward and from 10 W eastward.
    variables : tuple of str, default=("t2m", "msl")
        Names.
    n_regimes : int, default=3
        Patterns, in turn.
    nan_policy : {"none", "coast", "isolated", "all"}, default="none"
        Missing values in the first variable: none, a corner at all times, scattered ones, or all.
    gaps : bool, default=False
        Leave out ten steps in the middle.
    constant : str, default=None
        A variable to hold one value.
    seed : int, default=0
        Of the noise.
    start : str, default="2001-01-01"
        First time.
    freq : str, default="1D"
        Pandas offset between steps.

    Returns
    -------
    xr.Dataset
        Variables over (time, latitude, longitude), coordinate `regime` over time.
    """
    rng = np.random.default_rng(seed)
    time = pd.date_range(start, periods=days + 10 * gaps, freq=freq).values
    if gaps:
        time = np.delete(time, slice(days // 2, days // 2 + 10))
    regime = np.arange(days) // 5 % n_regimes
    patterns = rng.normal(size=(n_regimes, len(variables), latitudes, longitudes))
    fields = 280 + 3 * patterns[regime] + rng.normal(size=(days, len(variables), latitudes, longitudes))
    first = fields[:, 0]
    if nan_policy == "coast":
        first[:, : latitudes // 3, : longitudes // 3] = np.nan
    elif nan_policy == "isolated":
        first[rng.random(first.shape) < 0.05] = np.nan
    elif nan_policy == "all":
        first[:] = np.nan
    data = {
        name: (
            ("time", "latitude", "longitude"),
            fields[:, i].astype("float32"),
            {"units": UNITS.get(name, "1")},
        )
        for i, name in enumerate(variables)
    }
    coords = {
        "time": time,
        "latitude": 60 - 2.0 * np.arange(latitudes),
        "longitude": -10 + 2.0 * np.arange(longitudes),
        "regime": ("time", regime.astype(np.int8)),
    }
    ds = xr.Dataset(data, coords, {"title": "synthetic mock record"})
    if constant is not None:
        ds[constant] = ds[constant] * 0 + 5
    return ds
