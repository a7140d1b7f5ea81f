"""The embedded sample: a SYNTHETIC year that looks like the paper's ERA5 file.

Seven regimes follow each other as a Markov chain. Each is a smooth pressure pattern with the wind that
goes with it and an air-mass temperature; surface fluxes follow from wind and temperature. Seasonal cycle
and red noise, correlated in space, lie over it. The strengths were set once, so that k-means on the raw
fields finds the regimes in part (adjusted Rand index 0.50 to 0.62 over seeds 0 to 4), before any other
method was run. Two of them are weaker than nature's: the seasonal cycle of sst, and the wind for its pressure.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr
from scipy.fft import idctn
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from ..atomic_write import atomic_write
from ..errors import DscTfError

LATITUDE = np.linspace(43.0, 33.0, 41, dtype=np.float32)
LONGITUDE = np.linspace(-33.0, -23.0, 41, dtype=np.float32)
YEAR = 365
REGIMES = 7
STAY = 0.8  # chance that a regime lasts another day: five days on average
ONSET = 0.6  # days over which a regime comes and goes (standard deviation of the smoothing)
PERSISTENCE = 0.7  # of the noise, from day to day
SIGNAL = 4.0  # of the regimes against noise of unit variance
SEASON = 1.5  # amplitude of the sea surface temperature, K; a stronger one hides the regimes from k-means
ATTRIBUTES = {
    "sp": ("surface_air_pressure", "surface pressure", "Pa", "time: mean"),
    "sst": ("sea_surface_temperature", "sea surface temperature", "K", "time: mean"),
    "u10": ("eastward_wind", "10 metre u wind", "m s-1", "time: mean"),
    "v10": ("northward_wind", "10 metre v wind", "m s-1", "time: mean"),
    "sshf": (
        "surface_upward_sensible_heat_flux",
        "surface sensible heat flux, downward",
        "J m-2",
        "time: mean",
    ),
    "slhf": ("surface_upward_latent_heat_flux", "surface latent heat flux, downward", "J m-2", "time: mean"),
    "t2m": ("air_temperature", "2 metre temperature", "K", "time: mean"),
}
ISLANDS = ((38.6, -28.0), (37.75, -25.5), (39.5, -31.2), (38.7, -27.2))


def sample_dataset(seed: int = 0, days: int = 365) -> xr.Dataset:
    """A synthetic record of daily fields with known regimes.

    Parameters
    ----------
    seed : int, default=0
        The same seed gives the same record.
    days : int, default=365
        Days from 1 January 2021; up to 365 they are the first days of the sample, a longer record is another one.

    Returns
    -------
    xr.Dataset
        sp, sst, u10, v10, sshf, slhf, t2m over (time, latitude 41, longitude 41); coordinate `regime` (time,) holds
        the true regime of each day.

    Raises
    ------
    DscTfError
        If `days` is not a whole number of at least 1.
    """
    if not isinstance(days, (int, np.integer)) or days < 1:
        raise DscTfError(f"sample_dataset: days: {days!r}. Give a whole number of at least 1.")
    return _record(int(seed), max(int(days), YEAR)).isel(time=slice(days)).copy(deep=True)


@lru_cache(maxsize=1)
def _record(seed, days):
    rng = np.random.default_rng(seed)
    regime = _markov_chain(rng, days)
    present = gaussian_filter1d(np.eye(REGIMES)[regime], ONSET, axis=0, mode="nearest")
    patterns = _smooth_fields(rng, (REGIMES, 2), 14.0)
    weather = SIGNAL * np.tensordot(present, patterns, axes=1) + _red_noise(rng, days)
    weather /= np.hypot(0.7 * SIGNAL, 1.0)  # about unit variance again
    fields = _physics(weather[:, 0], weather[:, 1], _season(days), rng)
    data = {
        name: (("time", "latitude", "longitude"), fields[name].astype(np.float32), _attributes(name))
        for name in ATTRIBUTES
    }
    coords = {
        "time": (
            "time",
            pd.date_range("2021-01-01", periods=days).values,
            {"standard_name": "time", "axis": "T"},
        ),
        "latitude": (
            "latitude",
            LATITUDE,
            {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"},
        ),
        "longitude": (
            "longitude",
            LONGITUDE,
            {"standard_name": "longitude", "units": "degrees_east", "axis": "X"},
        ),
        "regime": ("time", regime.astype(np.int8), _flags()),
    }
    title = f"SYNTHETIC sample in the layout of ERA5, seed {seed}"
    summary = "Made by a random generator, not observed. For trying methods out; regimes are known."
    return xr.Dataset(data, coords, {"title": title, "summary": summary, "Conventions": "CF-1.8"})


def write_sample(path, seed=0):
    """Write the sample as CF netCDF, atomically.

    Parameters
    ----------
    path : path
        The file.
    seed : int, default=0
        As for `sample_dataset`.
    """
    ds = sample_dataset(seed)
    encoding = {name: {"zlib": True, "complevel": 1} for name in ds.data_vars}
    with atomic_write(path, advice="write it again") as temporary:
        ds.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


def _markov_chain(rng, days):
    regime = np.empty(days, dtype=int)
    regime[0] = rng.integers(REGIMES)
    for day in range(1, days):
        leaves = rng.random() > STAY
        regime[day] = (regime[day - 1] + (rng.integers(1, REGIMES) if leaves else 0)) % REGIMES
    return regime


def _smooth_fields(rng, shape, scale):
    """Random fields of unit variance, correlated over `scale` cells, shape (*shape, 41, 41)."""
    size = (len(LATITUDE), len(LONGITUDE))
    ky, kx = np.meshgrid(*(np.pi * np.arange(n) / n for n in size), indexing="ij")
    spectrum = np.exp(-0.25 * scale**2 * (ky**2 + kx**2))
    spectrum *= np.sqrt(np.prod(size) / np.sum(spectrum**2))
    return idctn(rng.normal(size=(*shape, *size)) * spectrum, axes=(-2, -1), norm="ortho")


def _red_noise(rng, days):
    """AR(1) weather of unit variance: large systems and smaller ones, shape (time, 2, 41, 41)."""
    shocks = 0.8 * _smooth_fields(rng, (days, 2), 12.0) + 0.6 * _smooth_fields(rng, (days, 2), 5.0)
    noise = shocks
    for day in range(1, days):
        noise[day] = PERSISTENCE * noise[day - 1] + np.sqrt(1 - PERSISTENCE**2) * shocks[day]
    return noise


def _season(days):
    """Cosine that is 1 in the warmest days (end of August), shape (time, 1, 1)."""
    return np.cos(2 * np.pi * (np.arange(days) - 237) / 365.25)[:, None, None]


def _physics(pressure, air_mass, season, rng):
    """Seven fields from two of unit variance, in the ranges of a sea at 33 to 43 N."""
    north = (LATITUDE - LATITUDE.mean())[:, None]
    sp = 101700 + 190 * season - 45 * north + 560 * pressure
    # Along the isobars, turned towards low pressure by friction; latitude runs southward. About a quarter of the
    # geostrophic speed: patterns as small as the domain would otherwise blow at hurricane strength.
    south_slope, east_slope = np.gradient(pressure, axis=(1, 2))
    u10 = 1.0 + 44 * south_slope - 10 * east_slope
    v10 = -0.5 + 44 * east_slope + 10 * south_slope
    sea = gaussian_filter(rng.normal(size=north.shape[:1] + (len(LONGITUDE),)), 6) * 4
    sst = 292.2 + SEASON * season - 0.35 * north + sea + 0.25 * gaussian_filter1d(air_mass, 10, axis=0)
    t2m = sst - 0.7 + 0.9 * air_mass + 0.12 * v10
    speed = np.hypot(u10, v10) + 3
    sshf = -6.5e3 * speed * (sst - t2m)
    slhf = -2.4e4 * speed * (1.6 + 0.45 * (sst - t2m) - 0.2 * season)
    return {
        "sp": sp,
        "sst": np.where(_is_island(), np.nan, sst),
        "u10": u10,
        "v10": v10,
        "sshf": sshf,
        "slhf": slhf,
        "t2m": t2m,
    }


def _is_island():
    latitude, longitude = LATITUDE[:, None], LONGITUDE[None, :]
    near = [(latitude - y) ** 2 + ((longitude - x) * 0.78) ** 2 < 0.09 for y, x in ISLANDS]
    return np.any(near, axis=0)


def _attributes(name):
    standard_name, long_name, units, cell_methods = ATTRIBUTES[name]
    return {
        "standard_name": standard_name,
        "long_name": long_name,
        "units": units,
        "cell_methods": cell_methods,
    }


def _flags():
    return {
        "long_name": "true regime of the synthetic record",
        "flag_values": np.arange(REGIMES, dtype=np.int8),
        "flag_meanings": " ".join(f"regime_{i}" for i in range(REGIMES)),
    }
