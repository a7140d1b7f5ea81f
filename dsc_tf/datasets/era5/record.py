"""What came, checked against what was wanted, and described as CF has it."""

import numpy as np

from ...errors import DscTfError
from .variables import VARIABLES


def finished(ds, source):
    """What was fetched, checked against what was wanted, with CF attributes.

    Parameters
    ----------
    ds : xr.Dataset
        As `PieceStore.opened` gives it.
    source : ClimateDataStore or ZarrStore
        Where it comes from; its request is what was wanted.

    Returns
    -------
    xr.Dataset
        Variables over (time, latitude, longitude), read lazily.

    Raises
    ------
    DscTfError
        If steps or grid points are missing.
    """
    request = source.request
    ds = on_axes(ds, request)
    for name in ds.data_vars:
        variable = VARIABLES[name]
        units = str(ds[name].attrs.get("units", variable.units)).replace("**", "")
        ds[name].attrs = {"long_name": variable.long_name, "units": units}
        if variable.standard_name:
            ds[name].attrs["standard_name"] = variable.standard_name
        method = request.statistic if request.is_daily else "sum" if variable.is_accumulated else "point"
        ds[name].attrs["cell_methods"] = f"time: {method}"
    for axis, units in (("latitude", "degrees_north"), ("longitude", "degrees_east"), ("time", None)):
        ds[axis].attrs = {"standard_name": axis, "long_name": axis} | ({"units": units} if units else {})
    what = f"daily {request.statistic}" if request.is_daily else "hourly values"
    ds.attrs = {
        "Conventions": "CF-1.8",
        "title": f"ERA5 single levels, {what}, {request.period[0]} to {request.period[1]}",
        "source": f"ERA5 ({source.dataset})",
        "license": source.licence,
        "references": "Hersbach et al. (2020), doi:10.1002/qj.3803; doi:10.24381/cds.adbb2d47",
        "comment": "Contains modified Copernicus Climate Change Service information.",
    } | {name: value for name, value in ds.attrs.items() if name == "expver" and value}
    return ds


def on_axes(ds, request):
    """What came, if its steps and grid points are those wanted.

    Parameters
    ----------
    ds : xr.Dataset
        With time, latitude and longitude in any order.
    request : Request
        What was wanted.

    Returns
    -------
    xr.Dataset
        The variables wanted over (time, latitude, longitude).

    Raises
    ------
    DscTfError
        If steps or points are missing or others.
    """
    axes = {"time": request.time, "latitude": request.latitude, "longitude": request.longitude}
    ds = ds.sortby("latitude", ascending=False)
    for axis, wanted in axes.items():
        found = ds[axis].values
        if len(found) != len(wanted) or not _equal(found, wanted):
            raise DscTfError(
                f"{axis}: {len(found)} values from {found[0]} to {found[-1]} came, {len(wanted)} from {wanted[0]} to "
                f"{wanted[-1]} were wanted. The service may not hold them yet; change the request."
            )
    return ds[list(request.variables)].assign_coords(axes).transpose("time", "latitude", "longitude")


def _equal(found, wanted):
    if found.dtype.kind == "M":
        return bool((found.astype("datetime64[ns]") == wanted).all())
    return bool(np.allclose(found, wanted, atol=1e-4))


def checked(ds, request):
    """A piece, if it is all that was wanted: services hold steps that are not filled yet.

    Parameters
    ----------
    ds : xr.Dataset
        As it came.
    request : Request
        What was wanted.

    Returns
    -------
    xr.Dataset
        As `on_axes` gives it.

    Raises
    ------
    DscTfError
        If steps or grid points are missing, or a variable has no value at a step.
    """
    ds = on_axes(ds, request)
    for name in ds.data_vars:
        filled = ds[name].notnull().any(("latitude", "longitude")).values
        missing = VARIABLES[name].missing
        is_land = missing == "over land" and not filled.any()
        if not (filled.all() or is_land or missing == "at times"):
            first = str(ds["time"].values[~filled][0])[:10]
            raise DscTfError(
                f"{name}: no value on {first}, so the service has not got that far. Give an earlier --period, or "
                "another --source."
            )
    return ds
