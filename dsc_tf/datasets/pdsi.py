"""The Palmer Drought Severity Index: gridded, by US climate division, and as drought or none.

Negative is dry; from -2 down Palmer (1965) speaks of moderate drought, from -3 of severe, from -4 of extreme.
"""

import glob
import os

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..records.open import open_dataset

NOTHING = -99.0  # NOAA writes -99.99 for a missing month; no index comes near


def open_pdsi(source, *, variable="PDSI", region=None, period=None):
    """Open gridded monthly PDSI in the layout of TerraClimate.

    Parameters
    ----------
    source : path, str, list of those, xr.Dataset or xr.DataArray
        As `open_dataset` takes it: one file, one a year as a list or a pattern such as "TerraClimate_PDSI_*.nc".
        TerraClimate packs the index into 16 bits over (time, lat, lon), 1/24 degree, from north to south.
    variable : str, default="PDSI"
        Its name in the files; "scpdsi" in those of the Climatic Research Unit.
    region : tuple of float, default=None
        (north, west, south, east) in degrees; the whole globe is 37 million cells a month.
    period : tuple of str, default=None
        First and last date, both included.

    Returns
    -------
    xr.Dataset
        `pdsi` over (time, latitude, longitude), float32 without unit, read lazily; NaN over sea and where missing.

    Raises
    ------
    DscTfError
        As `open_dataset` does.

    References
    ----------
    Abatzoglou et al. (2018), Scientific Data 5, 170191.
    """
    # Cropped file by file: joined first, whole years of the globe would be read for a small region.
    parts = [open_dataset(one, variables=[variable], region=region) for one in _each(source)]
    ds = open_dataset(_joined(parts), period=period)
    ds = ds.rename({name: "pdsi" for name in ds.data_vars if name != "pdsi"})
    ds["pdsi"].attrs.update(units="1", long_name="Palmer Drought Severity Index")
    return ds


def open_divisions(path):
    """Read the PDSI of the US climate divisions.

    Parameters
    ----------
    path : path or str
        A netCDF file with `pdsi` over division and time, in any order. Divisions are state and number: those of
        Missouri are "2301" to "2306".

    Returns
    -------
    xr.DataArray
        Over (time, division), float32 without unit, in memory; time is the first of each month; missing months are NaN.

    Raises
    ------
    DscTfError
        If there is no such file, it cannot be read, or it holds no such variable.

    References
    ----------
    Vose et al. (2014), J. Appl. Meteor. Climatol. 53, 1232 (nClimDiv, NOAA NCEI).
    """
    try:
        with xr.open_dataset(path) as ds:
            pdsi = _over_divisions(ds, path).load()
    except FileNotFoundError as error:
        raise DscTfError(f"data: no such file: {path}. Check the path.") from error
    except DscTfError:
        raise
    except (OSError, ValueError) as error:
        raise DscTfError(
            f"data: {path} cannot be read as netCDF. Give the PDSI of the divisions as netCDF."
        ) from error
    return pdsi.where(pdsi > NOTHING)


def drought(pdsi, threshold=-2.0):
    """Label each value: 1 in drought, 0 not, NaN where the index is missing.

    Parameters
    ----------
    pdsi : xr.DataArray
        Palmer index of any dimensions, without unit.
    threshold : float, default=-2.0
        Drought lies strictly below it.

    Returns
    -------
    xr.DataArray
        Of the same dimensions, float32, named `drought`; lazy where `pdsi` is.

    Examples
    --------
    >>> drought(xr.DataArray([-3.0, -2.0, 1.0, np.nan], dims="time")).values
    array([ 1.,  0.,  0., nan], dtype=float32)
    """
    labels = (pdsi < threshold).astype(np.float32).where(pdsi.notnull()).rename("drought")
    return labels.assign_attrs(units="1", long_name=f"Palmer index below {threshold:g}")


def _each(source):
    """One source after the other; a pattern that fits no file is left to `open_dataset` to refuse."""
    if isinstance(source, (xr.Dataset, xr.DataArray)):
        return [source]
    sources = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    return [path for one in sources for path in sorted(glob.glob(os.path.expanduser(one))) or [one]]


def _joined(parts):
    if len(parts) == 1:
        return parts[0]
    try:
        return xr.concat(
            [part.chunk(time=1) for part in parts],
            "time",
            data_vars="all",
            coords="minimal",
            compat="override",
            join="exact",
            combine_attrs="drop_conflicts",
        )
    except ValueError as error:
        raise DscTfError("data: the files do not fit together: their grids differ. Give one grid.") from error


def _over_divisions(ds, path):
    if "pdsi" not in ds or set(ds["pdsi"].dims) != {"time", "division"}:
        raise DscTfError(
            f"data: {path} has no pdsi over time and division. Open gridded PDSI with open_pdsi."
        )
    if ds["time"].dtype.kind != "M":
        raise DscTfError(f"time: {ds['time'].dtype} in {path} is no date. Give times with CF units.")
    return ds["pdsi"].transpose("time", "division").astype(np.float32).sortby("time")
