"""WeatherBench 1 on disk: a folder for each variable, in it a netCDF file for each year.

The layout is that of https://github.com/pangeo-data/WeatherBench (Rasp et al. 2020): hourly fields of ERA5 over
(time, lat, lon) or (time, level, lat, lon), in float32; longitudes from 0 to 360; a global grid of 32 x 64 points
at 5.625 degrees, 64 x 128 at 2.8125 and 128 x 256 at 1.40625. Above
them lies a folder for each grid.
"""

import os
import re
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..records.open import open_dataset

FOLDERS = {
    "t2m": "2m_temperature",
    "u10": "10m_u_component_of_wind",
    "v10": "10m_v_component_of_wind",
    "tcc": "total_cloud_cover",
    "tp": "total_precipitation",
    "tisr": "toa_incident_solar_radiation",
    "z": "geopotential",
    "t": "temperature",
    "q": "specific_humidity",
    "r": "relative_humidity",
    "u": "u_component_of_wind",
    "v": "v_component_of_wind",
    "vo": "vorticity",
    "pv": "potential_vorticity",
}
ACCUMULATED = ("tp", "tisr")  # over the hour; the files do not say so
CHUNK = 2**24  # values of a dask chunk: 64 MiB


def open_weatherbench(folder, variables, *, levels=None, region=None, period=None, aggregate=None):
    """Open variables of WeatherBench as one dataset.

    Parameters
    ----------
    folder : path or str
        The folder of one grid, such as "weatherbench/5.625deg".
    variables : str or list of str
        Folders ("2m_temperature", "geopotential_500", "geopotential") or short names ("t2m", "z", "z500"). A
        short name with a level takes the folder of that level if there is one, else the level from the folder of all.
    levels : list of int, default=None
        Pressure levels in hPa, of variables that have several; None takes all.
    region : tuple of float, default=None
        (north, west, south, east) in degrees.
    period : tuple of str, default=None
        First and last date, both included.
    aggregate : str, default=None
        "daily", "monthly" or a pandas offset, as in `open_dataset`; precipitation and solar radiation are summed,
        the others averaged.

    Returns
    -------
    xr.Dataset
        Variables over (time, latitude, longitude), float32, in dask chunks; one for each level, such as `z500`. Times
        are those that all variables have; precipitation begins some hours after the others.

    Raises
    ------
    DscTfError
        If a folder, its files or a level is not there, a variable comes twice, grids differ, or no time is
        common to all.
    """
    base = Path(os.path.expanduser(folder))
    wanted = [
        _located(base, name, levels) for name in ([variables] if isinstance(variables, str) else variables)
    ]
    if not wanted:
        raise DscTfError("variables: none. Name at least one, such as 2m_temperature.")
    fields = [_one_folder(base / name, chosen) for name, chosen in wanted]
    names = [str(name) for ds in fields for name in ds.data_vars]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DscTfError(f"variables: {', '.join(twice)} more than once. Name each variable and level once.")
    merged = xr.merge(
        _on_one_grid(fields, [name for name, _ in wanted]), join="inner", combine_attrs="drop_conflicts"
    )
    if not merged.sizes["time"]:
        raise DscTfError(
            f"variables: {', '.join(names)} have no time in common. Give files of the same years."
        )
    summed = [name for name in ACCUMULATED if name in merged] if aggregate is not None else []
    return open_dataset(merged, region=region, period=period, aggregate=aggregate, accumulated=summed)


def _located(base, name, levels):
    """Folder of a variable below `base`, and the levels to take from it."""
    short = re.fullmatch(r"([a-z]+)(\d+)", name)
    if (base / name).is_dir():
        return name, levels
    if name in FOLDERS:
        return _existing(base, FOLDERS[name]), levels
    if short and short[1] in FOLDERS:
        several, level = FOLDERS[short[1]], int(short[2])
        if (base / f"{several}_{level}").is_dir():
            return f"{several}_{level}", None
        return _existing(base, several), [level]
    return _existing(base, name), levels


def _existing(base, name):
    if (base / name).is_dir():
        return name
    if not base.is_dir():
        raise DscTfError(f"data: no such folder: {base}. Give the folder that holds those of the variables.")
    there = ", ".join(sorted(path.name for path in base.iterdir() if path.is_dir())) or "none"
    raise DscTfError(f"variables: no folder {name} in {base}. Choose among {there}.")


def _one_folder(folder, levels):
    """All years of one variable, by level."""
    paths = sorted(folder.glob("*.nc"))
    if not paths:
        raise DscTfError(f"data: {folder} holds no .nc files. Unpack the archives of WeatherBench there.")
    years = [_one_file(path, levels) for path in paths]
    # In chunks only now: so a chunk of one level reads no other.
    years = [ds.chunk(time=_steps(ds)) for ds in _on_one_grid(years, [path.name for path in paths])]
    return xr.concat(
        years,
        "time",
        data_vars="all",
        coords="minimal",
        compat="override",
        join="exact",
        combine_attrs="drop_conflicts",
    )


def _one_file(path, levels):
    """One year; a field at a single level is named by it, as `open_dataset` names those at several."""
    ds = open_dataset(path)
    in_folder = re.search(r"_(\d+)$", path.parent.name)
    there = [in_folder[1]] if in_folder else _levels_in(path)
    if len(there) == 1:
        ds = ds.rename({name: f"{name}{there[0]}" for name in ds if not str(name).endswith(there[0])})
    if levels is None or in_folder or not there:
        return ds
    absent = [f"{level:g}" for level in levels if f"{level:g}" not in there]
    if absent:
        raise DscTfError(
            f"levels: {', '.join(absent)} hPa not in {path.name}. Choose among {', '.join(there)}."
        )
    by_level = {re.search(r"\d+$", str(name))[0]: name for name in ds}
    return ds[[by_level[f"{level:g}"] for level in levels]]


def _levels_in(path):
    """Levels of a file in hPa, as text; none where its variable has no level."""
    with xr.open_dataset(path) as raw:
        return [f"{level:g}" for level in np.atleast_1d(raw["level"])] if "level" in raw.coords else []


def _on_one_grid(datasets, names):
    """The same datasets with exactly the latitudes and longitudes of the first."""
    first = datasets[0]
    for ds, name in zip(datasets, names, strict=True):
        for axis in ("latitude", "longitude"):
            if ds.sizes[axis] != first.sizes[axis] or not np.allclose(ds[axis], first[axis], atol=1e-4):
                raise DscTfError(
                    f"data: {name} has {_grid(ds)} points, {names[0]} {_grid(first)}: two grids. "
                    "Give variables and years of one resolution."
                )
    return [ds.assign_coords(latitude=first["latitude"], longitude=first["longitude"]) for ds in datasets]


def _grid(ds):
    return f"{ds.sizes['latitude']} x {ds.sizes['longitude']}"


def _steps(ds):
    return max(1, CHUNK // (ds.sizes["latitude"] * ds.sizes["longitude"]))
