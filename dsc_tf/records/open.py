"""Files in, one canonical dataset out, read lazily."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .accumulation import aggregate_time, check_accumulated
from .axes import AXES
from .canonical import canonical, without_keys
from .chunks import SLAB, time_chunk
from .files import open_file
from .grib import described
from .joins import joined_in_time, merged
from .members import members_along_time
from .missing import is_category, without_invalid
from .notes import Notes, publish
from .paths import paths_of
from .selection import (
    choose_period,
    choose_region,
    choose_season,
    choose_variables,
    chosen_groups,
    fields_only,
    only_wanted,
    season_months,
    steps_within,
)
from .times import as_dataset

log = logging.getLogger(__name__)

SHOWN = 10  # variables named in a remark


def open_dataset(
    source: str | PathLike | Sequence | xr.Dataset | xr.DataArray,
    *,
    variables: Sequence[str] | None = None,
    region: Sequence[float] | None = None,
    period: Sequence[str] | None = None,
    season: str | None = None,
    aggregate: str | None = None,
    accumulated: Sequence[str] = (),
    member: str | int | None = None,
    level: Sequence[str | float] | str | float | None = None,
    grib_filter: Mapping[str, object] | None = None,
) -> xr.Dataset:
    """Open a gridded record and bring it into one form.

    Parameters
    ----------
    source : path, str, xr.Dataset, xr.DataArray, or a list of those
        NetCDF (classic or HDF5), a Zarr folder, GRIB, a glob such as "era5_*.nc", or several: files of
        different variables are merged, files of different times joined.
    variables : list of str, default=None
        Names or standard names; None takes all that are numbers over time, latitude and longitude.
    region : tuple of float, default=None
        (north, west, south, east) in degrees, the order of the Climate Data Store; west above east crosses the
        date line.
    period : tuple of str, default=None
        First and last date, both included.
    season : str, default=None
        First letters of consecutive months, such as "DJF" or "NDJFM": these months of every year. Windows do not
        reach from one season into the next.
    aggregate : str, default=None
        "daily", "monthly" or a pandas offset such as "6h".
    accumulated : list of str, default=()
        Variables to sum where the file does not say so.
    member : str or int, default=None
        Ensemble member by its label, or "all": the members one after the other along time, with a coordinate
        `member`.
    level : list of str or float, default=None
        Levels such as 500 or "500hPa"; None takes all, each as a variable named with value and unit.
    grib_filter : dict, default=None
        Keys and values that messages of a GRIB file must have, such as {"typeOfLevel": "surface"}.

    Returns
    -------
    xr.Dataset
        Every variable has dimensions (time, latitude, longitude) and is float32; time is sorted; units and
        attributes are kept. Coordinates along time other than time itself are kept too. What was assumed,
        converted or left out is in `attrs["dsc_tf_notes"]`, one remark per line.

    Raises
    ------
    DscTfError
        If there is no such file, it cannot be read, has no time axis or no grid, files do not fit together, or a
        choice does not fit it.

    Warns
    -----
    UserWarning
        Of each remark.
    """
    notes = Notes()
    wanted = [variables] if isinstance(variables, str) else variables
    accumulated = [accumulated] if isinstance(accumulated, str) else accumulated
    read, is_grib = _read(source, notes, grib_filter)
    parts = [
        (
            fields_only(
                canonical(_prepared(ds, wanted, notes), name, notes, member=member, level=level), notes
            ),
            name,
        )
        for ds, name in read
    ]
    parts = _within_period(parts, period)
    groups = joined_in_time([ds for ds, _ in parts], [name for _, name in parts], notes, member=member)
    groups = chosen_groups(groups, wanted)
    check_accumulated(groups, accumulated)
    if accumulated and aggregate is None:
        notes.add(f"accumulated: {', '.join(accumulated)}. Without aggregate, nothing is summed.")
    if aggregate is not None:
        months = season_months(season)
        groups = [
            (aggregate_time(ds, aggregate, accumulated, notes, months=months), name) for ds, name in groups
        ]
    elif is_grib:
        groups = _of_one_time_axis(groups, notes)
    ds = merged(groups, notes if aggregate is not None else None)
    ds = choose_season(choose_region(choose_variables(ds, wanted), region), season)
    ds = members_along_time(without_keys(ds)).transpose(*AXES)
    _note_absent_units(ds, notes)
    _log_what_is_read(_name(read), ds)
    return publish(_as_float32(ds), notes)


def _note_absent_units(ds, notes):
    absent = [str(name) for name in ds.data_vars if not str(ds[name].attrs.get("units", "")).strip()]
    if absent:
        more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        notes.add(f"units: not stated for {', '.join(absent[:SHOWN])}{more}; values are taken as they are.")


def _log_what_is_read(name, ds):
    sizes = ", ".join(f"{n} {axis}" for axis, n in ds.sizes.items())
    first, last = (str(ds.indexes["time"][at]) for at in (0, -1)) if ds.sizes["time"] else ("none", "none")
    log.debug("%s: %s, %s to %s: %s", name, sizes, first, last, ", ".join(map(str, ds.data_vars)))


def _name(read):
    names = list(dict.fromkeys(name for _, name in read))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _read(source, notes, grib_filter):
    """Datasets as read, each with its name, and whether some come from GRIB files."""
    if isinstance(source, (xr.Dataset, xr.DataArray)):
        return [(as_dataset(source), "data")], False
    read, is_grib = [], False
    for i, one in enumerate(_sources(source), 1):
        if isinstance(one, (xr.Dataset, xr.DataArray)):
            read.append((as_dataset(one), f"dataset {i}"))
            continue
        for path in paths_of(str(one)):
            datasets = open_file(path, notes, grib_filter=grib_filter)
            is_grib |= any("GRIB_edition" in ds.attrs for ds in datasets)
            read += [(ds, path.name) for ds in datasets]
    return [(_chunked(ds) if len(read) > 1 else ds, name) for ds, name in read], is_grib


def _sources(source):
    """Paths and datasets as a list.

    Raises
    ------
    DscTfError
        If there is none, or something else.
    """
    if isinstance(source, (str, os.PathLike)):
        return [source]
    is_several = isinstance(source, Iterable) and not isinstance(source, (Mapping, bytes, np.ndarray))
    sources = list(source) if is_several else [None]
    if not all(isinstance(one, (str, os.PathLike, xr.Dataset, xr.DataArray)) for one in sources):
        raise DscTfError(
            f"data: {type(source).__name__}. Give a path, a list of paths, or an xarray Dataset."
        )
    if not sources:
        raise DscTfError("data: no file. Give at least one.")
    return sources


def _prepared(ds, wanted, notes):
    ds = only_wanted(ds, wanted)
    categories = [
        name for name in ds.data_vars if is_category(ds[name]) and (wanted is None or name not in wanted)
    ]
    if categories:
        notes.add(f"left out, since flags rather than a quantity: {', '.join(map(str, categories))}")
    return without_invalid(ds.drop_vars(categories), notes)


def _within_period(parts, period):
    """Parts cut to the period; those without a step in it are left out where others have one."""
    if period is None or len(parts) == 1:
        return [(choose_period(ds, period), name) for ds, name in parts]
    cut = [(ds.isel(time=steps_within(ds, period)), name) for ds, name in parts]
    left = [(ds, name) for ds, name in cut if ds.sizes["time"]]
    return left or [(choose_period(ds, period), name) for ds, name in parts]


def _of_one_time_axis(groups, notes):
    """Of GRIB fields with several time axes, those with the axis that most variables have."""
    axes: list = []
    for ds, name in groups:
        same = [axis for axis in axes if axis[0][0].indexes["time"].equals(ds.indexes["time"])]
        if same:
            same[0].append((ds, name))
        else:
            axes.append([(ds, name)])
    most = max(axes, key=lambda axis: sum(len(ds.data_vars) for ds, _ in axis))
    for axis in axes:
        if axis is not most:
            for ds, name in axis:
                left = ", ".join(map(str, ds.data_vars))
                notes.add(
                    f"{name}: {left} left out, since at other times ({ds.sizes['time']} steps) than others. "
                    f"Take it with --grib-filter {described(ds)}, or use --aggregate."
                )
    return most


def _as_float32(ds):
    """Halve decoded float64; leave float32 alone, since a cast would read a lazy variable."""
    wide = [name for name in ds.data_vars if ds[name].dtype != np.float32]
    return ds.assign(
        {name: values.astype(np.float32) for name, values in _chunked(ds[wide]).data_vars.items()}
    )


def _chunked(ds):
    """Lazy variables in chunks of time, whole ones of the file where it has any, so that no step loads them all."""
    return ds.assign({name: _chunked_in_time(ds[name], len(ds.data_vars)) for name in ds.data_vars})


def _chunked_in_time(values, variables):
    """A variable in chunks of time, of which those of all `variables` are read together."""
    if values.chunks is not None or not values.size:
        return values.chunk()
    if not values.ndim:
        return values
    name = values.dims[0]  # time, in most files
    steps = max(1, SLAB // (4 * values[0].size * variables))
    of_file = time_chunk(values, name)
    return values.chunk({name: max(1, steps // of_file) * of_file})
