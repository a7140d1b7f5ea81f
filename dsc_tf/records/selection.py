"""Choices of a user: variables, region, period, season, aggregation."""

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import DscTfError
from .names import AXES

WORDS = {"hourly": "1h", "daily": "1D", "monthly": "1MS"}
YEAR_AND_NEXT = "JFMAMJJASOND" * 2


def choose_variables(ds, variables):
    """Variables by name or standard name; without a choice all that are gridded over time.

    Raises
    ------
    DscTfError
        If one is not there, or none is left.
    """
    if variables is None:
        left_out = [str(name) for name in ds.data_vars if set(ds[name].dims) != set(AXES)]
        left_out += [str(n) for n in ds.data_vars if ds[n].dtype.kind not in "fiu" and str(n) not in left_out]
        if left_out:
            warnings.warn(
                f"left out, since not numbers over time, latitude and longitude: {', '.join(left_out)}",
                UserWarning,
                stacklevel=3,
            )
        ds = ds.drop_vars(left_out)
        if not ds.data_vars:
            raise DscTfError(
                "data: no variable over time, latitude and longitude. Give a file of gridded fields."
            )
        return ds
    by_standard_name = {ds[name].attrs.get("standard_name"): name for name in ds.data_vars}
    chosen = []
    for wanted in [variables] if isinstance(variables, str) else variables:
        name = wanted if wanted in ds.data_vars else by_standard_name.get(wanted)
        if name is None or set(ds[name].dims) != set(AXES):
            there = ", ".join(str(n) for n in ds.data_vars if set(ds[n].dims) == set(AXES))
            raise DscTfError(f"variables: {wanted!r} is not in the data. Choose among {there}.")
        chosen.append(name)
    return ds[chosen]


def choose_region(ds, region):
    """The box (north, west, south, east) in degrees; west above east crosses the date line.

    Raises
    ------
    DscTfError
        If the box is upside down or holds no grid point.
    """
    if region is None:
        return ds
    north, west, south, east = region
    if south > north:
        raise DscTfError(f"region: south {south:g} above north {north:g}. Give north, west, south, east.")
    eastward = (ds["longitude"] - west) % 360
    width = 360.0 if east - west >= 360 else (east - west) % 360
    columns = np.flatnonzero(eastward.values <= width + 1e-6)
    columns = columns[np.argsort(eastward.values[columns], kind="stable")]
    rows = np.flatnonzero((ds["latitude"].values >= south - 1e-6) & (ds["latitude"].values <= north + 1e-6))
    if not len(rows) or not len(columns):
        box = f"{float(ds.latitude.max()):g} {float(ds.longitude.min()):g} {float(ds.latitude.min()):g}"
        raise DscTfError(
            f"region: {' '.join(f'{v:g}' for v in region)} holds no grid point. "
            f"The data lie within {box} {float(ds.longitude.max()):g} (north west south east)."
        )
    part = ds.isel(latitude=rows, longitude=columns)
    longitude = west + (part["longitude"] - west) % 360
    return part.assign_coords(
        longitude=longitude.astype(ds["longitude"].dtype).assign_attrs(ds.longitude.attrs)
    )


def choose_period(ds, period):
    """Steps from the first to the last date given, both included.

    Raises
    ------
    DscTfError
        If a date cannot be read or no step is left.
    """
    if period is None:
        return ds
    try:
        part = ds.sel(time=slice(*period))
    except (ValueError, KeyError, TypeError) as error:
        raise DscTfError(f"period: {' '.join(period)} is not two dates. Write them as 2001-01-31.") from error
    if not part.sizes["time"]:
        first, last = (str(t)[:10] for t in ds["time"].values[[0, -1]])
        raise DscTfError(
            f"period: no step from {period[0]} to {period[1]}. The data run from {first} to {last}."
        )
    return part


def season_months(season):
    """Months, 1 to 12, of a season given by the first letters of consecutive months.

    Raises
    ------
    DscTfError
        If there are no such consecutive months.

    Examples
    --------
    >>> season_months("NDJ")
    [11, 12, 1]
    """
    first = YEAR_AND_NEXT.find(season.upper())
    if not 2 <= len(season) <= 12 or first < 0:
        raise DscTfError(
            f"season: {season!r}. Give the first letters of two or more months in a row, such as DJF or NDJFM."
        )
    return [(first + i) % 12 + 1 for i in range(len(season))]


def choose_season(ds, season):
    """Steps in the months of a season of every year.

    Raises
    ------
    DscTfError
        If the season is no run of first letters of months, or no step is left.
    """
    if season is None:
        return ds
    part = ds.isel(time=ds["time"].dt.month.isin(season_months(season)).values)
    if not part.sizes["time"]:
        raise DscTfError(f"season: no step in {season}. Choose another, or give a longer period.")
    return part


def aggregate_time(ds, aggregate, accumulated=()):
    """Means over days, months or any pandas offset; sums for what accumulates.

    A variable is summed if its CF cell_methods say "time: sum", its GRIB step type is "accum", or the
    user names it.

    Raises
    ------
    DscTfError
        If the offset is unknown or a named variable is not there.
    """
    unknown = [name for name in accumulated if name not in ds]
    if unknown:
        raise DscTfError(
            f"accumulated: {', '.join(unknown)} not in the data. Choose among {', '.join(ds.data_vars)}."
        )
    if aggregate is None:
        return ds
    offset = WORDS.get(aggregate, aggregate)
    try:
        pd.tseries.frequencies.to_offset(offset)
    except ValueError as error:
        raise DscTfError(
            f"aggregate: {aggregate!r}. Give daily, monthly, or an offset such as 6h or 5D."
        ) from error
    result = {
        name: _resampled(ds[name], offset, _accumulates(ds[name]) or name in accumulated) for name in ds
    }
    return xr.Dataset(result, attrs=ds.attrs).dropna("time", how="all")


def _resampled(values, offset, is_summed):
    groups = values.resample(time=offset)
    # min_count: a day without any step is missing, not a sum of zero.
    result = groups.sum(min_count=1, skipna=True) if is_summed else groups.mean(skipna=True)
    return result.assign_attrs(values.attrs | {"cell_methods": f"time: {'sum' if is_summed else 'mean'}"})


def _accumulates(values):
    return "time: sum" in values.attrs.get("cell_methods", "") or values.attrs.get("GRIB_stepType") == "accum"
