"""Pairs of a coarse and a fine record: their common days, their grids, and the days to learn from."""

import re
from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..preprocessing.seasonal_cycle import years_covered
from ..preprocessing.windows import segment_starts

MIN_DAYS = 60  # common days below which nothing is learned
SHARES = (0.7, 0.1, 0.2)  # training, validation and test days
TRAINING, VALIDATION, TEST = range(3)
BLOCK = 12  # days of a block where the record is too short to be divided in order of time
MIN_YEARS = 4  # years of a record that is divided in order of time
GRID = ("latitude", "longitude")
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def as_datasets(coarse):
    """Return a list of datasets: the coarse record may consist of several, of different grids and equal times."""
    return list(coarse) if isinstance(coarse, Sequence) else [coarse]


def match_days(coarse, fine):
    """Positions of the days that both records have.

    Daily records are matched by date, so that days dated at noon and at midnight agree; others by their exact time.

    Parameters
    ----------
    coarse, fine : xr.Dataset
        Records with a dimension `time`.

    Returns
    -------
    in_coarse, in_fine : array of int, shape (day,)
        Positions of the common days in each record, in order of time.

    Raises
    ------
    DscTfError
        If there are fewer than 60.
    """
    one, other = _day_keys(coarse["time"].values), _day_keys(fine["time"].values)
    if one is None or other is None:
        one, other = coarse.indexes["time"].astype(str), fine.indexes["time"].astype(str)
    _, in_coarse, in_fine = np.intersect1d(one, other, return_indices=True)
    if len(in_coarse) < MIN_DAYS:
        first, last = (str(fine.indexes["time"][at])[:10] for at in (0, -1))
        raise DscTfError(
            f"coarse: {len(in_coarse)} days in common with the fine record, {first} to {last}. Give at least "
            f"{MIN_DAYS}."
        )
    order = np.argsort(in_fine)
    return in_coarse[order], in_fine[order]


def _day_keys(time):
    """Date of each step, or None where a date has several steps."""
    if np.issubdtype(time.dtype, np.datetime64):
        dates = time.astype("datetime64[D]").astype(str)
    else:
        dates = np.array([one.strftime("%Y-%m-%d") for one in time])
    return dates if len(np.unique(dates)) == len(dates) else None


def check_grids(coarse, fine):
    """Refuse grids that do not overlap, and a coarse grid that is finer than the fine one.

    Raises
    ------
    DscTfError
        In these cases, or where a record has no grid.
    """
    for axis in GRID:
        for name, ds in (("coarse", coarse), ("fine", fine)):
            if axis not in ds.dims:
                raise DscTfError(f"{name}: no dimension {axis}. Give a dataset as `open_dataset` returns it.")
        wide, narrow = cell_size(coarse[axis].values), cell_size(fine[axis].values)
        low, high = coarse[axis].values.min() - wide / 2, coarse[axis].values.max() + wide / 2
        if fine[axis].values.min() > high or fine[axis].values.max() < low:
            raise DscTfError(
                f"{axis}: {low:.4g} to {high:.4g} in the coarse record, {fine[axis].values.min():.4g} to "
                f"{fine[axis].values.max():.4g} in the fine one. Give records of one region."
            )
        if wide < 0.999 * narrow:
            raise DscTfError(
                f"{axis}: steps of {wide:.4g} degrees in the coarse record, {narrow:.4g} in the fine one. Exchange the "
                "records."
            )


def check_applied(coarse: xr.Dataset, later: xr.Dataset) -> None:
    """Refuse a coarse record of other days that has other variables or another grid.

    Parameters
    ----------
    coarse, later : xr.Dataset
        The record learned from, and that of other days.

    Raises
    ------
    DscTfError
        In these cases.
    """
    missing = [str(name) for name in coarse.data_vars if name not in later]
    if missing:
        raise DscTfError(
            f"apply: no {', '.join(missing)}, which the coarse record has. Give the same variables."
        )
    for axis in GRID:
        one, other = coarse[axis].values, later[axis].values
        if one.shape != other.shape or not np.allclose(one, other, atol=1e-3):
            raise DscTfError(
                f"apply: {len(other)} values of {axis} from {other[0]:.4g} to {other[-1]:.4g}, {len(one)} from "
                f"{one[0]:.4g} to {one[-1]:.4g} in the coarse record. Give the same grid."
            )


def cell_size(axis):
    """Usual distance of neighbouring coordinates; that of a single one is unknown and counts as infinite."""
    return float(np.median(np.abs(np.diff(axis)))) if len(axis) > 1 else np.inf


def coarsen(ds, factor):
    """Block means of `factor` x `factor` cells; rows and columns that fill no block are left out.

    Parameters
    ----------
    ds : xr.Dataset
        Fine fields.
    factor : int
        Cells of a block along each axis.

    Returns
    -------
    coarse, fine : xr.Dataset
        The block means, and `ds` without the rows and columns left out.

    Raises
    ------
    DscTfError
        If `factor` is below 2 or leaves no block.
    """
    if factor < 2 or min(ds.sizes[axis] for axis in GRID) < factor:
        raise DscTfError(
            f"coarsen: {factor} for a grid of {ds.sizes['latitude']} x {ds.sizes['longitude']}. Give a number from 2 "
            "to the cells of its shorter side."
        )
    fine = ds.isel({axis: slice(ds.sizes[axis] // factor * factor) for axis in GRID})
    coarse = fine.coarsen({axis: factor for axis in GRID}).mean(keep_attrs=True)
    return coarse.transpose("time", *GRID), fine


def split_days(time, split=None):
    """Which days to learn from, to choose by, and to test on.

    Parameters
    ----------
    time : xr.DataArray of shape (time,)
        Times in order.
    split : tuple of float, tuple of str, or array of int of shape (time,), default=None
        Three shares of training, validation and test days in order of time; or two dates, the first validation day and
        the first test day; or the part of each day (0, 1, 2). None takes shares of 0.7, 0.1 and 0.2; a record of less
        than four years is divided in blocks of 12 days, of which seven, one and two in ten go to the parts.

    Returns
    -------
    array of int, shape (time,)
        0 for training, 1 for validation, 2 for test days.

    Raises
    ------
    DscTfError
        If the split has another form, or leaves no training or validation days.
    """
    days = len(time)
    if split is None and years_covered(time) < MIN_YEARS:
        parts = np.array([0, 0, 2, 0, 0, 1, 0, 0, 2, 0])[np.arange(days) // BLOCK % 10]
    elif split is not None and len(split) == 2 and all(isinstance(s, str) for s in split):
        if not all(map(DATE.fullmatch, split)) or split[0] > split[1]:
            raise DscTfError(
                f"split: {' '.join(split)}. Give two dates in order, such as 2008-01-01 2009-01-01."
            )
        dates = np.array([str(one)[:10] for one in time.values])
        parts = (dates >= split[0]).astype(int) + (dates >= split[1])
    elif split is None or (len(split) == 3 and days != 3):
        ends = np.round(np.cumsum(SHARES if split is None else split) * days).astype(int)
        parts = np.searchsorted(ends[:2], np.arange(days), side="right")
    else:
        parts = np.asarray(split)
        if parts.shape != (days,):
            raise DscTfError(
                f"split: {split!r} for {days} days. Give shares, two dates, or a part for each day."
            )
    counts = np.bincount(parts, minlength=3)
    if counts[TRAINING] < 30 or counts[VALIDATION] < 5:
        raise DscTfError(
            f"split: {counts[TRAINING]} training and {counts[VALIDATION]} validation days. Give at least 30 and 5."
        )
    return parts


def segments_of_days(time, parts=None):
    """Segment of each day: days of one segment are consecutive and of one part, shape (time,).

    Parameters
    ----------
    time : xr.DataArray of shape (time,)
        Times in order.
    parts : array of int, shape (time,), default=None
        As `split_days` returns them; None is one part.
    """
    new = np.zeros(len(time), bool)
    new[segment_starts(time.values)] = True
    if parts is not None:
        new[1:] |= np.diff(parts) != 0
    return np.cumsum(new) - 1


def previous_days(segment):
    """Position of the day before each day; the first day of a segment stands for its own predecessor.

    Parameters
    ----------
    segment : array of int, shape (time,)
        Segment of each day.

    Returns
    -------
    array of int, shape (time,)
    """
    days = np.arange(len(segment))
    first = np.concatenate([[True], np.diff(segment) != 0])
    return np.where(first, days, days - 1)


def block_of_cells(coarse, fine):
    """Return the number of the coarse cell of each fine cell, shape (latitude x longitude,); -1 where there is none.

    Parameters
    ----------
    coarse, fine : xr.Dataset
        Records with latitude and longitude.
    """
    places = []
    for axis in GRID:
        centres = coarse[axis].values
        away = np.abs(fine[axis].values[:, None] - centres)
        inside = away.min(axis=1) <= cell_size(centres) / 2 * (1 + 1e-6)
        places.append(np.where(inside, away.argmin(axis=1), -1))
    rows, columns = np.meshgrid(*places, indexing="ij")
    return np.where((rows < 0) | (columns < 0), -1, rows * coarse.sizes["longitude"] + columns).ravel()


def interpolate_to(field, fine):
    """Bilinear interpolation of a coarse field to the fine grid, constant beyond the outermost centres.

    Parameters
    ----------
    field : xr.DataArray of shape (time, latitude, longitude)
        Coarse field.
    fine : xr.Dataset
        Record on the fine grid.

    Returns
    -------
    xr.DataArray of shape (time, latitude, longitude)
    """
    places = {
        axis: np.clip(fine[axis].values, field[axis].values.min(), field[axis].values.max()) for axis in GRID
    }
    moved = field.sortby(list(GRID)).interp(
        {axis: xr.DataArray(at, dims=axis) for axis, at in places.items()}, method="linear"
    )
    return moved.assign_coords({axis: fine[axis] for axis in GRID}).transpose("time", *GRID)
