"""Files in, one canonical dataset out, read lazily."""

import glob
import logging
import os
import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .chunks import SLAB, time_chunk
from .names import AXES, canonical
from .selection import aggregate_time, choose_period, choose_region, choose_season, choose_variables

log = logging.getLogger(__name__)

GRIB_ENDINGS = (".grib", ".grb", ".grib2", ".grb2")


def open_dataset(
    source: str | PathLike | Sequence | xr.Dataset | xr.DataArray,
    *,
    variables: Sequence[str] | None = None,
    region: Sequence[float] | None = None,
    period: Sequence[str] | None = None,
    season: str | None = None,
    aggregate: str | None = None,
    accumulated: Sequence[str] = (),
) -> xr.Dataset:
    """Open a gridded record and bring it into one form.

    Parameters
    ----------
    source : path, str, list of those, xr.Dataset or xr.DataArray
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

    Returns
    -------
    xr.Dataset
        Every variable has dimensions (time, latitude, longitude) and is float32; time is sorted; units and
        attributes are kept. Coordinates along time other than time itself are kept too.

    Raises
    ------
    DscTfError
        If there is no such file, it cannot be read, has no time axis or no grid, or a choice does not fit it.
    """
    ds, name = _read(source)
    ds = canonical(ds, name)
    ds = choose_variables(ds, variables)
    ds = _sorted_by_time(ds.transpose(*AXES))
    ds = choose_region(choose_period(ds, period), region)
    ds = choose_season(aggregate_time(ds, aggregate, accumulated), season)
    _log_what_is_read(name, ds)
    return _as_float32(ds)


def _log_what_is_read(name, ds):
    sizes = ", ".join(f"{n} {axis}" for axis, n in ds.sizes.items())
    first, last = (str(ds.indexes["time"][at]) for at in (0, -1))
    log.debug("%s: %s, %s to %s: %s", name, sizes, first, last, ", ".join(map(str, ds.data_vars)))


def _read(source):
    if isinstance(source, xr.DataArray):
        source = source.to_dataset(name=source.name or "field")
    if isinstance(source, xr.Dataset):
        return source, "data"
    sources = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    paths = [path for one in sources for path in _paths(str(one))]
    datasets = [_open_one(path) for path in paths]
    if len(datasets) == 1:
        return datasets[0], paths[0].name
    return _combined(datasets, paths), f"{paths[0].name} and {len(paths) - 1} more"


def _paths(text):
    expanded = os.path.expanduser(text)
    if Path(expanded).exists():
        return [Path(expanded)]
    found = sorted(glob.glob(expanded))
    if not found:
        raise DscTfError(f"data: no such file: {text}. Check the path, or quote a pattern.")
    return [Path(path) for path in found]


def _open_one(path):
    if path.is_dir() and not any((path / name).exists() for name in (".zgroup", ".zmetadata", "zarr.json")):
        raise DscTfError(f"data: {path} is a folder, not a Zarr store. Give its files, as in '{path}/*.nc'.")
    options = {}
    if path.is_dir():
        options = {"engine": "zarr"}
        _require("zarr", "zarr", path)
    elif path.suffix.lower() in GRIB_ENDINGS:
        _require("cfgrib", "grib", path)
        options = {"engine": "cfgrib", "backend_kwargs": {"indexpath": ""}}  # no .idx beside the user's file
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return xr.open_dataset(path, **options)
    except DscTfError:
        raise
    except Exception as error:  # every engine has its own errors for a file that it cannot read
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise DscTfError(
            f"data: {path} cannot be read as a climate file ({reason}). Give netCDF, Zarr or GRIB."
        ) from error


def _require(module, extra, path):
    try:
        __import__(module)
    except (ImportError, RuntimeError) as error:
        raise DscTfError(
            f"data: {path} needs {module}. Install it: python -m pip install 'dsc_tf[{extra}]'."
        ) from error


def _combined(datasets, paths):
    """Several files as one: first brought into form each by itself, then joined by coordinates."""
    parts = [
        _sorted_by_time(canonical(_chunked(ds), path.name)) for ds, path in zip(datasets, paths, strict=True)
    ]
    try:
        return xr.combine_by_coords(
            parts,
            combine_attrs="drop_conflicts",
            join="outer",
            data_vars="minimal",
            coords="minimal",
            compat="override",
        )
    except ValueError:
        return _merged_in_time(parts, paths)


def _merged_in_time(parts, paths):
    """Files whose times interleave or overlap: variable by variable, then sorted."""
    try:
        by_variables = {}
        for part in parts:
            by_variables.setdefault(tuple(sorted(map(str, part.data_vars))), []).append(part)
        joined = [_sorted_by_time(xr.concat(group, "time", join="exact")) for group in by_variables.values()]
        return xr.merge(joined, join="outer", combine_attrs="drop_conflicts")
    except ValueError as error:
        names = ", ".join(path.name for path in paths[:3])
        raise DscTfError(
            f"data: {names} do not fit together: their grids differ. Give files of one grid."
        ) from error


def _as_float32(ds):
    """Halve decoded float64; leave float32 alone, since a cast would read a lazy variable."""
    wide = [name for name in ds.data_vars if ds[name].dtype != np.float32]
    return ds.assign(
        {name: values.astype(np.float32) for name, values in _chunked(ds[wide]).data_vars.items()}
    )


def _chunked(ds):
    """Lazy variables in chunks of time, whole ones of the file where it has any, so that no step loads them all."""
    return ds.assign({name: _chunked_in_time(ds[name]) for name in ds.data_vars})


def _chunked_in_time(values):
    if values.chunks is not None or not values.size:
        return values.chunk()
    name = values.dims[0]  # time, as files have it
    steps = max(1, SLAB // (4 * values[0].size))
    of_file = time_chunk(values, name)
    return values.chunk({name: max(1, steps // of_file) * of_file})


def _sorted_by_time(ds):
    times = ds.indexes["time"]
    return ds if times.is_monotonic_increasing else ds.isel(time=np.argsort(times.values, kind="stable"))
