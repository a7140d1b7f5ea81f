"""Canonical names: time, latitude, longitude, whatever a file calls them."""

import cf_xarray  # noqa: F401  registers the `.cf` accessor
import numpy as np
import xarray as xr

from ..errors import DscTfError

AXES = ("time", "latitude", "longitude")
ALIASES = {
    "time": ("time", "valid_time", "date", "t"),
    "latitude": ("latitude", "lat", "nav_lat", "y", "rlat"),
    "longitude": ("longitude", "lon", "nav_lon", "x", "rlon"),
}
ENSEMBLE = ("number", "expver", "realization", "member", "ensemble")


def canonical(ds, source):
    """A dataset whose variables all have the dimensions (time, latitude, longitude), in any order.

    CF standard names and axis attributes are trusted before names. Dimensions of length 1 are
    dropped; several levels become several variables, such as z500 and z850.

    Parameters
    ----------
    ds : xr.Dataset
        As read.
    source : str
        What to call it in messages.

    Returns
    -------
    xr.Dataset
        Lazy where `ds` is.

    Raises
    ------
    DscTfError
        If an axis is missing or the grid is curvilinear.
    """
    ds = _one_time_axis(ds)
    ds = _one_version(ds)
    names = {_axis_name(ds, axis, source): axis for axis in AXES}
    for name in names:
        if name in ds.coords and ds[name].ndim == 2:
            raise DscTfError(
                f"{source}: {name} has two dimensions, so the grid is curvilinear or rotated. "
                "Interpolate it to a regular latitude-longitude grid first, for example with `cdo remapbil`."
            )
    clash = [axis for name, axis in names.items() if name != axis and axis in ds.variables]
    ds = ds.drop_vars(clash)
    ds = ds.swap_dims(
        {ds[name].dims[0]: name for name in names if name not in ds.dims and ds[name].ndim == 1}
    )
    ds = ds.rename({name: axis for name, axis in names.items() if name != axis})
    for axis in AXES:
        if axis not in ds.dims:
            ds = ds.expand_dims(axis)
    unneeded = [
        name for name in ds.coords if name not in (*AXES, *ds.dims) and not _belongs_to_time(ds[name])
    ]
    ds = ds.drop_vars(unneeded)
    single = [dim for dim in ds.dims if dim not in AXES and ds.sizes[dim] == 1]
    return _levels_as_variables(ds.squeeze(single, drop=True))


def _axis_name(ds, axis, source):
    """What the file calls `axis`: by attributes, then by name."""
    attributed = [name for name in ds.cf.coordinates.get(axis, ()) if name in ds.coords]
    on_a_dimension = [name for name in attributed if name in ds.dims or ds[name].ndim == 1]
    if on_a_dimension or attributed:
        return (on_a_dimension or attributed)[0]
    lower = {str(name).lower(): name for name in [*ds.coords, *ds.dims]}
    for alias in ALIASES[axis]:
        if alias in lower and lower[alias] in ds.coords:
            return lower[alias]
    what = "time axis" if axis == "time" else axis
    raise DscTfError(
        f"{source}: no {what} among {', '.join(map(str, ds.dims))}. Give a file of fields over time."
    )


def _one_time_axis(ds):
    """GRIB files hold forecast reference time and valid time: keep the one that fields vary with."""
    if "time" not in ds.coords or "valid_time" not in ds.coords:
        return ds
    if ds["valid_time"].ndim == 1 and ds["time"].ndim == 1 and ds["time"].dims == ds["valid_time"].dims:
        reference, valid = ds["time"], ds["valid_time"]
        ds = ds.assign_coords(time=(reference.dims, valid.values, {"standard_name": "time"}))
        return ds.drop_vars("valid_time")
    if {"time", "step"} <= set(ds["valid_time"].dims):
        valid = ds["valid_time"].values.ravel()
        ds = ds.stack(valid=("time", "step")).drop_vars(["valid", "time", "step", "valid_time"])
        return ds.assign_coords(time=("valid", valid, {"standard_name": "time"})).swap_dims(valid="time")
    extra = "time" if ds["time"].ndim == 0 else "valid_time"
    return ds.drop_vars(extra)


def _one_version(ds):
    """Join final (ERA5) and preliminary (ERA5T) data, of which each holds what the other misses."""
    if "expver" not in ds.dims or ds.sizes["expver"] < 2:
        return ds
    versions = [ds.isel(expver=i, drop=True) for i in range(ds.sizes["expver"])]
    joined = versions[0]
    for version in versions[1:]:
        joined = joined.combine_first(version)
    return joined


def _belongs_to_time(coordinate):
    return coordinate.dims == ("time",) and coordinate.name not in ENSEMBLE


def _levels_as_variables(ds):
    result = {}
    for name, values in ds.data_vars.items():
        extra = [dim for dim in values.dims if dim not in AXES]
        if len(extra) == 1 and set(AXES) <= set(values.dims):
            levels = ds[extra[0]].values if extra[0] in ds.coords else np.arange(ds.sizes[extra[0]])
            for i, level in enumerate(levels):
                result[f"{name}{level:g}" if np.isreal(level) else f"{name}_{level}"] = values.isel(
                    {extra[0]: i}, drop=True
                )
        else:
            result[name] = values
    return xr.Dataset(result, {axis: ds[axis] for axis in AXES} | _time_coords(ds), ds.attrs)


def _time_coords(ds):
    return {name: ds[name] for name in ds.coords if name not in AXES and ds[name].dims == ("time",)}
