"""Composites matched with reference patterns, and steps assigned to given patterns."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.optimize import linear_sum_assignment

from ..errors import DscTfError
from ..records.grids import area_weights
from .index import regime_index

SIMILAR = 0.5  # a smaller pattern correlation gives a name with a question mark
MEASURES = ("correlation", "projection")


def match_patterns(
    composites: xr.DataArray, reference: xr.DataArray, *, names: Sequence[str] | None = None
) -> xr.Dataset:
    """Match composites with reference patterns one to one, so that the sum of the pattern correlations is largest.

    Parameters
    ----------
    composites : xr.DataArray
        Over (cluster, latitude, longitude).
    reference : xr.DataArray
        Over (pattern, latitude, longitude) with any name of the first dimension; it is interpolated linearly to the
        grid of the composites, and cells outside its region are not compared.
    names : sequence of str, default=None
        Of the reference patterns; None uses the coordinate of their dimension.

    Returns
    -------
    xr.Dataset
        correlation (cluster, pattern): pattern correlations, centred and weighted by area; match (cluster,): position
        of the matched pattern, -1 without one; name (cluster,): its name, with a question mark if the correlation is
        below 0.5, "cluster j" without a match.

    Raises
    ------
    DscTfError
        If the reference has other dimensions, or shares fewer than three cells with the composites.

    Examples
    --------
    >>> axes = {"latitude": [60.0, 50.0], "longitude": [0.0, 10.0]}
    >>> dims = ("cluster", "latitude", "longitude")
    >>> maps = xr.DataArray([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]], axes, dims)
    >>> match_patterns(maps, maps[::-1], names=["a", "b"])["name"].values.tolist()
    ['b', 'a']
    """
    reference = on_grid(reference, composites)
    first = reference.dims[0]
    words = reference[first].values if names is None and first in reference.coords else names
    words = range(reference.sizes[first]) if words is None else words
    correlation = pattern_correlations(composites, reference)
    rows, columns = linear_sum_assignment(np.nan_to_num(correlation, nan=-1.0), maximize=True)
    match = np.full(len(correlation), -1)
    match[rows] = columns
    found = [
        f"cluster {j}" if i < 0 else f"{words[i]}{'' if correlation[j, i] >= SIMILAR else '?'}"
        for j, i in enumerate(match)
    ]
    return xr.Dataset(
        {
            "correlation": (
                ("cluster", "pattern"),
                correlation,
                {"long_name": "pattern correlation", "units": "1"},
            ),
            "match": ("cluster", match),
            "name": ("cluster", found),
        },
        {"cluster": np.arange(len(correlation)), "pattern": list(map(str, words))},
    )


def pattern_correlations(one: xr.DataArray, other: xr.DataArray) -> np.ndarray:
    """Centred pattern correlations of two sets of maps on one grid, weighted by area.

    Parameters
    ----------
    one, other : xr.DataArray
        Maps over (any, latitude, longitude).

    Returns
    -------
    array of shape (map of one, map of other)
        Over the cells that are known in all maps; NaN for a constant map.

    Raises
    ------
    DscTfError
        If fewer than three cells are known in all maps.
    """
    fields = [maps.values.reshape(len(maps), -1).astype(np.float64) for maps in (one, other)]
    known = np.isfinite(fields[0]).all(axis=0) & np.isfinite(fields[1]).all(axis=0)
    if known.sum() < 3:
        raise DscTfError(
            f"reference: {known.sum()} cells in common with the composites. Give one of the region."
        )
    weight = np.repeat(area_weights(one["latitude"].values), one.sizes["longitude"])[known]
    weight = weight / weight.sum()
    centred = [f[:, known] - (f[:, known] @ weight)[:, None] for f in fields]
    norms = [np.sqrt((f**2) @ weight) for f in centred]
    scale = np.outer(*norms)
    product = (centred[0] * weight) @ centred[1].T
    return np.divide(product, scale, out=np.full(product.shape, np.nan), where=scale > 0)


def on_grid(maps: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Interpolate maps linearly to the grid of another variable; NaN outside their region.

    Parameters
    ----------
    maps : xr.DataArray
        Over one dimension of any name, latitude and longitude (in any order; longitudes may differ by 360 degrees).
    like : xr.DataArray
        Variable over latitude and longitude.

    Returns
    -------
    xr.DataArray
        Over (dimension, latitude, longitude).

    Raises
    ------
    DscTfError
        If the dimensions are others.
    """
    short = {"lat": "latitude", "lon": "longitude"}
    maps = maps.rename({a: b for a, b in short.items() if a in maps.dims and b not in maps.dims})
    others = [name for name in maps.dims if name not in ("latitude", "longitude")]
    if len(others) != 1 or maps.ndim != 3:
        raise DscTfError(
            f"reference: dimensions {', '.join(map(str, maps.dims))}. Give maps over one more dimension."
        )
    maps = maps.transpose(others[0], "latitude", "longitude")
    longitude, latitude = like["longitude"].values, like["latitude"].values
    if all(
        maps[n].shape == like[n].shape and np.allclose(maps[n], like[n]) for n in ("latitude", "longitude")
    ):
        return maps
    middle = float(np.mean(np.unwrap(longitude, period=360)))
    around = (maps["longitude"].values - middle + 180) % 360 - 180 + middle
    target = (longitude - middle + 180) % 360 - 180 + middle
    maps = maps.assign_coords(longitude=around).sortby(["latitude", "longitude"])
    found = maps.interp(latitude=latitude.astype(float), longitude=target.astype(float))
    return found.assign_coords(longitude=longitude)


def assign_to_patterns(
    anomaly: xr.DataArray, patterns: xr.DataArray, *, by: str = "correlation", minimum: float | None = None
) -> xr.Dataset:
    """Assign each step to the given pattern that its anomaly resembles most: a projection onto given centres.

    Parameters
    ----------
    anomaly : xr.DataArray
        Anomalies over (time, latitude, longitude).
    patterns : xr.DataArray
        Over (cluster, latitude, longitude), such as composites of another study; interpolated to the grid of `anomaly`.
    by : {"correlation", "projection"}, default="correlation"
        Largest pattern correlation, or largest standardised projection, see `regime_index`.
    minimum : float, default=None
        Steps with a smaller largest value are unassigned; None assigns every step.

    Returns
    -------
    xr.Dataset
        labels (time,), positions of the patterns, -1 where unassigned; similarity (time, cluster).

    Raises
    ------
    DscTfError
        If there is no such measure, or the grids share too few cells.
    """
    if by not in MEASURES:
        raise DscTfError(f"by: {by!r}. Choose {' or '.join(MEASURES)}.")
    anomaly = anomaly.transpose("time", "latitude", "longitude")
    patterns = on_grid(patterns, anomaly)
    patterns = patterns.rename({patterns.dims[0]: "cluster"})
    if by == "projection":
        patterns = (
            patterns if "cluster" in patterns.coords else patterns.assign_coords(cluster=range(len(patterns)))
        )
        similarity = regime_index(anomaly, patterns)["index"].values
    else:
        similarity = pattern_correlations(anomaly, patterns)
    labels = np.nan_to_num(similarity, nan=-np.inf).argmax(axis=1)
    weak = ~np.isfinite(similarity).any(axis=1)
    if minimum is not None:
        weak |= ~(np.nan_to_num(similarity, nan=-np.inf).max(axis=1) >= minimum)
    return xr.Dataset(
        {
            "labels": ("time", np.where(weak, -1, labels)),
            "similarity": (("time", "cluster"), similarity, {"long_name": by, "units": "1"}),
        },
        {"time": anomaly["time"], "cluster": np.arange(len(patterns))},
    )
