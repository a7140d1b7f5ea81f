"""Grids compared to the rounding of their coordinates, and brought into one order of rows and columns."""

import numpy as np

ROUNDING = 2e-5  # degrees: float32 at 360
SHARE = 1e-3  # of the distance of two rows: coordinates written with few decimals


def area_weights(latitude):
    """Weight of each row of a regular grid by its area: the cosine of latitude, 0 at the poles.

    Parameters
    ----------
    latitude : array of shape (latitude,)
        Degrees north, of any type; the weights are computed in double precision, since the cosine of 90 degrees in
        single precision is negative.

    Returns
    -------
    array of float64, shape (latitude,)
        At least 0.

    >>> area_weights(np.float32([90, 60, 0])).round(3) + 0.0
    array([0. , 0.5, 1. ])
    """
    return np.cos(np.deg2rad(np.asarray(latitude, dtype=np.float64))).clip(min=0.0)


def aligned_grid(ds, grid):
    """The dataset with exactly the coordinates of a grid, if it has them to rounding in any order.

    Parameters
    ----------
    ds : xr.Dataset
        Over latitude and longitude.
    grid : dict of str to array
        Wanted "latitude" and "longitude" in degrees; either may be absent.

    Returns
    -------
    xr.Dataset
        With rows and columns in the wanted order.
    str
        What differs, for a message; empty where nothing does.
    """
    differing = []
    for axis, wanted in grid.items():
        order = _order(ds[axis].values.astype(float), np.asarray(wanted, dtype=float), axis == "longitude")
        if order is None:
            differing.append(f"{axis}s {_range(ds[axis].values)} and {_range(wanted)}")
            continue
        if not np.array_equal(order, np.arange(len(order))):
            ds = ds.isel({axis: order})
        if not np.array_equal(ds[axis].values, wanted):
            ds = ds.assign_coords({axis: (axis, np.asarray(wanted), ds[axis].attrs)})
    return ds, "; ".join(differing)


def _order(values, wanted, is_cyclic):
    """Positions of the wanted coordinates among the values; None where one is absent or left over."""
    if len(values) != len(wanted):
        return None
    if not len(values):
        return np.arange(0)
    spacing = np.abs(np.diff(np.sort(wanted))).min() if len(wanted) > 1 else 1.0
    written = max(_half_digit(one, spacing / 50) for one in (values, wanted))
    tolerance = min(max(ROUNDING, SHARE * spacing, written), spacing / 3) if spacing else ROUNDING
    distance = np.abs(values - wanted)
    if distance.max() <= tolerance:
        return np.arange(len(values))
    distance = np.abs(values[None, :] - wanted[:, None])
    if is_cyclic:
        distance = np.abs((distance + 180) % 360 - 180)
    order = distance.argmin(axis=1)
    matched = distance[np.arange(len(order)), order].max() <= tolerance
    return order if matched and len(set(order)) == len(order) else None


def _half_digit(values, limit):
    """Half of the last digit of coordinates that are written with few decimals; 0 where it is above the limit."""
    for digits in range(5):
        if np.abs(np.round(values, digits) - values).max() < ROUNDING / 10:
            half = 0.5001 * 10.0**-digits
            return half if half <= limit else 0.0
    return 0.0


def _range(values):
    values = np.asarray(values, dtype=float)
    return f"{values[0]:g} to {values[-1]:g} ({len(values)})" if len(values) else "none"
