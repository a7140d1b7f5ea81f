"""A ladder of labelled records: synthetic fields with known regimes, each rung difficult in one way of its own.

Eight rungs ask what a method can separate: mean patterns (1), patterns hidden by red noise (2), patterns that only
an average over many days shows (3), motion (4), a nonlinear property of single days (5), a lagged relation of two
variables (6), a nonlinear property that only an average over an episode shows (7), and many regimes of uneven size
whose patterns drift (8). Fields have unit-free values on a periodic grid near the equator, where area weights are
close to one, and a calendar of 360 days.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..errors import DscTfError

LATITUDES, LONGITUDES, VARIABLES = 16, 24, 2
DAYS, YEAR = 3600, 360
SPACING = 1.0  # degrees between latitudes, from 7.5 N southward
DRIFT = np.pi / 3  # of rung 8: angle by which each pattern turns towards another one over the record
WARMING = 1.0  # of rung 8: change of the common trend over the record, in units of the noise


@dataclass(frozen=True)
class Rung:
    """What distinguishes one rung.

    Parameters
    ----------
    name : str
        One word for the difficulty.
    n_regimes : int
        Number of regimes.
    stay : float
        Mean length of an episode in days.
    fields : callable
        From (rng, regime, season) to values of shape (time, variable, latitude, longitude).
    weights : tuple of float, default=()
        Relative frequency with which each regime is entered; empty for equal ones.
    """

    name: str
    n_regimes: int
    stay: float
    fields: Callable
    weights: tuple = ()


def ladder(rung: int = 1, seed: int = 0, days: int = DAYS) -> xr.Dataset:
    """One record of the ladder.

    Parameters
    ----------
    rung : int, default=1
        1 static, 2 overlap, 3 weak, 4 dynamic, 5 nonlinear, 6 lagged, 7 stationary, 8 drifting; see the notes.
    seed : int, default=0
        The same seed gives the same record; each seed has patterns of its own.
    days : int, default=3600
        Days from 1 January 2001 in a calendar of 360 days.

    Returns
    -------
    xr.Dataset
        Variables `first` and `second` over (time, latitude 16, longitude 24), float32; coordinate `regime` (time,)
        holds the true regime of each day; attributes `n_regimes`, `stay` (mean length of an episode, days).

    Raises
    ------
    DscTfError
        If there is no such rung, or `days` is not a whole number of at least 4.

    Notes
    -----
    1. static: four distant mean patterns under red noise. Every method should separate them.
    2. overlap: four patterns that share part of their shape, under persistent large-scale noise whose strength
       follows the season. k-means follows the noise.
    3. weak: three patterns so weak that a single day is ambiguous. A method has to integrate over time.
    4. dynamic: a wave moves east, west or stays. Single days have the same distribution in all regimes.
    5. nonlinear: a high, a low, or a pair of both, at a longitude that wanders. The regimes have equal means, and
       high and low have equal covariances.
    6. lagged: the second variable follows the first after three days with sign +, - or not at all.
    7. stationary: as rung 5 with weaker systems, which keep the random position at which their episode began.
       Single days are ambiguous; the mean of an episode at its position is not.
    8. drifting: eight regimes of uneven size whose patterns turn slowly towards others while a trend warms all.

    Examples
    --------
    >>> from dsc_tf.datasets import ladder
    >>> ds = ladder(rung=4, seed=0, days=360)
    >>> dict(ds.sizes), ds.attrs["n_regimes"], sorted(set(ds.regime.values.tolist()))
    ({'time': 360, 'latitude': 16, 'longitude': 24}, 3, [0, 1, 2])
    """
    if rung not in RUNGS:
        raise DscTfError(f"ladder: rung: {rung!r}. Choose one of {', '.join(map(str, RUNGS))}.")
    if not isinstance(days, (int, np.integer)) or days < 4:
        raise DscTfError(f"ladder: days: {days!r}. Give a whole number of at least 4.")
    step = RUNGS[rung]
    rng = np.random.default_rng([rung, seed])
    regime = _chain(rng, days, step)
    season = np.cos(2 * np.pi * np.arange(days) / YEAR)
    return _dataset(step.fields(rng, regime, season).astype(np.float32), regime, rung, seed)


def _chain(rng, days, step):
    """Regime of each day: episodes of geometric length, the next regime drawn among the others."""
    regime = np.empty(days, int)
    if step.weights:
        weights = np.array(step.weights)
        regime[0] = rng.choice(len(weights), p=weights / weights.sum())
        leaves = rng.random(days) < 1 / step.stay
        for t in range(1, days):
            others = np.where(np.arange(len(weights)) == regime[t - 1], 0.0, weights)
            regime[t] = rng.choice(len(weights), p=others / others.sum()) if leaves[t] else regime[t - 1]
        return regime
    regime[0] = rng.integers(step.n_regimes)
    leaves = rng.random(days) < 1 / step.stay
    jump = rng.integers(1, step.n_regimes, days)
    for t in range(1, days):
        regime[t] = (regime[t - 1] + leaves[t] * jump[t]) % step.n_regimes
    return regime


def _smooth_fields(rng, shape, scale):
    """Random fields of unit variance and zero mean, correlated over `scale` cells, shape (*shape, lat, lon)."""
    # The north-south axis is generated at twice its length, since only longitude is periodic.
    rows = 2 * LATITUDES
    ky = np.fft.fftfreq(rows)[:, None] * 2 * np.pi
    kx = np.fft.fftfreq(LONGITUDES)[None] * 2 * np.pi
    amplitude = np.exp(-0.25 * scale**2 * (ky**2 + kx**2))
    amplitude[0, 0] = 0
    amplitude *= np.sqrt(rows * LONGITUDES / np.sum(amplitude**2))
    white = rng.normal(size=(*shape, rows, LONGITUDES))
    return np.fft.ifft2(np.fft.fft2(white) * amplitude).real[..., :LATITUDES, :]


def _red(shocks, memory):
    """First-order autoregression over the first axis, of the variance of the shocks."""
    series = np.array(shocks)
    for t in range(1, len(series)):
        series[t] = memory * series[t - 1] + np.sqrt(1 - memory**2) * shocks[t]
    return series


def _noise(rng, days, memory, scale):
    return _red(_smooth_fields(rng, (days, VARIABLES), scale), memory)


def _patterns(rng, number, scale, common=0.0):
    """Patterns of unit variance, shape (pattern, variable, lat, lon); all share the fraction `common` of it."""
    own = _smooth_fields(rng, (number, VARIABLES), scale)
    own /= own.std(axis=(1, 2, 3), keepdims=True)
    shared = _smooth_fields(rng, (1, VARIABLES), scale)
    shared /= shared.std()
    return np.sqrt(1 - common) * own + np.sqrt(common) * shared


def _over_grid(series):
    """A series as factors of fields, shape (time, 1, 1, 1)."""
    return series[:, None, None, None]


def _static(rng, regime, season):
    patterns = _patterns(rng, 4, 5.0)
    return 1.6 * patterns[regime] + _noise(rng, len(regime), 0.5, 3.0)


def _overlap(rng, regime, season):
    days = len(regime)
    patterns = _patterns(rng, 4, 5.0, common=0.3)
    noise = 1.3 * _noise(rng, days, 0.8, 6.0) + 0.5 * _noise(rng, days, 0.3, 1.5)
    fields = patterns[regime] + noise * _over_grid(1 + 0.3 * season)
    return fields + _over_grid(2.0 * season) * _patterns(rng, 1, 8.0)[0]


def _weak(rng, regime, season):
    days = len(regime)
    signal = 0.45 * _patterns(rng, 3, 3.0)[regime]
    return signal + _noise(rng, days, 0.7, 5.0) + 0.8 * _noise(rng, days, 0.3, 2.0)


def _dynamic(rng, regime, season):
    days = len(regime)
    speed = np.array([0.8, -0.8, 0.0])[regime]  # radians a day
    phase = np.cumsum(speed + 0.25 * rng.normal(size=days)) + 2 * np.pi * rng.random()
    strength = np.exp(_red(0.25 * rng.normal(size=days), 0.9))
    twice = 2 * (2 * np.pi * np.arange(LONGITUDES) / LONGITUDES)[None]  # wavenumber 2
    profile = np.exp(-0.5 * ((np.arange(LATITUDES) - rng.uniform(5, 10)) / 3.0) ** 2)
    waves = [np.cos(twice - phase[:, None]), np.cos(twice - phase[:, None] + rng.uniform(0, 2 * np.pi))]
    fields = np.stack(waves, axis=1)[:, :, None, :] * profile[None, None, :, None]
    return fields * _over_grid(strength) * 2.0 + 0.8 * _noise(rng, days, 0.5, 3.0)


def _blob(east, north):
    """Round systems at given positions, their zonal mean removed, shape (time, latitude, longitude)."""
    distance = (np.arange(LONGITUDES)[None] - east[:, None] + LONGITUDES / 2) % LONGITUDES - LONGITUDES / 2
    zonal = np.exp(-0.5 * (distance / 2.0) ** 2)
    zonal -= zonal.mean(axis=1, keepdims=True)
    meridional = np.exp(-0.5 * ((np.arange(LATITUDES)[None] - north[:, None]) / 2.2) ** 2)
    return meridional[:, :, None] * zonal[:, None, :]


def _systems(regime, east, north):
    """A high in regime 0, a low in regime 1, a pair of both in regime 2, shape (time, variable, lat, lon)."""
    high = _blob(east, north)
    pair = (_blob(east - 2.5, north) - _blob(east + 2.5, north)) / np.sqrt(2)
    which = regime[:, None, None]
    fields = np.where(which == 0, high, np.where(which == 1, -high, pair))
    return np.stack([3.2 * fields, 1.6 * np.roll(fields, 2, axis=2)], axis=1)


def _nonlinear(rng, regime, season):
    days = len(regime)
    east = rng.uniform(0, LONGITUDES) + np.cumsum(rng.normal(0, 3.0, days))
    north = LATITUDES / 2 + _red(1.5 * rng.normal(size=days), 0.8)
    return _systems(regime, east, north) + 0.6 * _noise(rng, days, 0.5, 3.0)


def _lagged(rng, regime, season):
    days = len(regime)
    patterns = _patterns(rng, 6, 4.0)  # three for each variable
    leading = _red(rng.normal(size=(days, 3)), 0.3)
    earlier = np.vstack([np.zeros((3, 3)), leading[:-3]])
    sign = np.array([1.0, -1.0, 0.0])[regime][:, None]
    own = _red(rng.normal(size=(days, 3)), 0.3)
    following = 0.8 * sign * earlier + np.sqrt(1 - 0.64 * sign**2) * own
    fields = np.zeros((days, VARIABLES, LATITUDES, LONGITUDES))
    fields[:, 0] = 1.5 * np.tensordot(leading, patterns[:3, 0], 1)
    fields[:, 1] = 1.5 * np.tensordot(following, patterns[3:, 1], 1)
    return fields + 0.6 * _noise(rng, days, 0.4, 2.0)


def _stationary(rng, regime, season):
    days = len(regime)
    episode = np.cumsum(np.diff(regime, prepend=regime[0]) != 0)
    east = rng.uniform(0, LONGITUDES, days)[episode]
    north = LATITUDES / 2 + rng.normal(0, 1.5, days)[episode]
    return STRENGTH_OF_EPISODES * _systems(regime, east, north) + 0.6 * _noise(rng, days, 0.5, 3.0)


def _drifting(rng, regime, season):
    days = len(regime)
    early, late = _patterns(rng, 8, 5.0), _patterns(rng, 8, 5.0)
    past = np.linspace(0, 1, days)
    signal = (
        _over_grid(np.cos(DRIFT * past)) * early[regime] + _over_grid(np.sin(DRIFT * past)) * late[regime]
    )
    warming = WARMING * (past - 0.5)
    trend = _over_grid(warming) * (1 + 0.5 * _patterns(rng, 1, 8.0)[0])
    noise = _noise(rng, days, 0.7, 5.0) + 0.5 * _noise(rng, days, 0.3, 2.0)
    return 1.2 * signal + trend + noise


STRENGTH_OF_EPISODES = 0.3  # of rung 7, relative to rung 5
UNEVEN = (8.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.5, 1.0)

RUNGS = {
    1: Rung("static", 4, 8, _static),
    2: Rung("overlap", 4, 10, _overlap),
    3: Rung("weak", 3, 30, _weak),
    4: Rung("dynamic", 3, 20, _dynamic),
    5: Rung("nonlinear", 3, 12, _nonlinear),
    6: Rung("lagged", 3, 40, _lagged),
    7: Rung("stationary", 3, 20, _stationary),
    8: Rung("drifting", 8, 8, _drifting, UNEVEN),
}


def _dataset(values, regime, rung, seed):
    step = RUNGS[rung]
    dims = ("time", "latitude", "longitude")
    data = {
        name: (dims, values[:, i], {"long_name": f"{name} variable", "units": "1"})
        for i, name in enumerate(("first", "second"))
    }
    north = SPACING * (np.arange(LATITUDES)[::-1] - (LATITUDES - 1) / 2)
    coords = {
        "time": xr.date_range("2001-01-01", periods=len(regime), calendar="360_day", use_cftime=True),
        "latitude": ("latitude", north, {"standard_name": "latitude", "units": "degrees_north"}),
        "longitude": (
            "longitude",
            np.arange(LONGITUDES) * 360.0 / LONGITUDES,
            {"standard_name": "longitude", "units": "degrees_east"},
        ),
        "regime": (
            "time",
            regime.astype(np.int8),
            {"long_name": "true regime of the synthetic record", "units": "1"},
        ),
    }
    attributes = {
        "title": f"SYNTHETIC ladder of regimes, rung {rung} ({step.name}), seed {seed}",
        "summary": "Generated from random numbers, not observed. The regimes are known.",
        "n_regimes": step.n_regimes,
        "stay": float(step.stay),
        "Conventions": "CF-1.8",
    }
    return xr.Dataset(data, coords, attributes)
