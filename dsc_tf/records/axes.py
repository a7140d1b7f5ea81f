"""The decision which coordinate is time, latitude or longitude, and whether its values can be one."""

import re

import cf_xarray  # noqa: F401  registers the `.cf` accessor
import numpy as np
import xarray as xr

from ..errors import DscTfError
from .dates import described_dates

AXES = ("time", "latitude", "longitude")
UNITS = {
    "latitude": re.compile(r"(deg(ree)?s?|°)[_ ]?n(orth)?", re.I),
    "longitude": re.compile(r"(deg(ree)?s?|°)[_ ]?e(ast)?", re.I),
}
DEGREES = re.compile(r"((arc_?)?deg(ree)?s?|°)([_ ]?(n(orth)?|e(ast)?|true))?|", re.I)
OPPOSITE = re.compile(r"(deg(ree)?s?|°)[_ ]?(w(est)?|s(outh)?)", re.I)
NAMES = {
    "time": re.compile(r"x?times?\d*|valid_time|date|datetime|t", re.I),
    "latitude": re.compile(r"(g\d+_|nav_|x)?lat(itude)?s?(_?\d+)*", re.I),
    "longitude": re.compile(r"(g\d+_|nav_|x)?lon(g|gitude)?s?(_?\d+)*", re.I),
}
PLAIN = {"latitude": ("y", "yc"), "longitude": ("x", "xc")}  # degrees where nothing contradicts
ROTATED = re.compile(r"r(otated_?)?(lat|lon)(itude|gitude)?|grid_(latitude|longitude)", re.I)
PROJECTED = re.compile(r"projection_[xy](_angular)?_coordinate", re.I)
NUMBERS = {2: "two", 3: "three"}
MAX_LATITUDE, MAX_LONGITUDE = 90.0, 720.0
REGRID = "Interpolate it to a regular latitude-longitude grid first, for example with `cdo remapbil`."


def find_axes(ds, source, notes):
    """Name of the time, latitude and longitude coordinate of a dataset.

    CF attributes and units decide first; then names; then range and order of the values.

    Parameters
    ----------
    ds : xr.Dataset
        With auxiliary coordinates as coordinates (see `with_coordinates`).
    source : str
        Name of the dataset in messages.
    notes : Notes
        Receives what was assumed.

    Returns
    -------
    dict of str to str
        From "time", "latitude", "longitude" to the name of the coordinate.

    Raises
    ------
    DscTfError
        If an axis is missing, the grid is projected, rotated, curvilinear or unstructured, or values are no dates.
    """
    found = {axis: _axis(ds, axis, source) for axis in AXES}
    _refuse_two_dimensions(ds, found, source)
    _refuse_points(ds, found, source)
    for axis in ("latitude", "longitude"):
        _check_horizontal(ds[found[axis]], axis, source, notes)
    _check_time(ds, found["time"], source)
    return found


def with_coordinates(ds):
    """The dataset with latitudes, longitudes and times that are data variables as coordinates."""
    known = [name for name in ds.data_vars if _is_coordinate(ds[name])]
    return ds.set_coords(known)


def _is_coordinate(values):
    standard_name = values.attrs.get("standard_name")
    if standard_name in (*AXES, "grid_latitude", "grid_longitude", "forecast_reference_time"):
        return values.ndim <= 2
    named = any(NAMES[axis].fullmatch(str(values.name)) for axis in ("latitude", "longitude"))
    is_time = values.ndim == 1 and NAMES["time"].fullmatch(str(values.name)) and holds_dates(values)
    is_member = standard_name == "realization" and values.ndim == 1
    return (values.ndim <= 3 and named) or is_time or is_member or str(values.name) == "valid_time"


def holds_dates(values: xr.DataArray) -> bool:
    """Whether a variable holds dates, of any calendar."""
    first = np.ravel(values.values)[:1] if values.dtype.kind == "O" else np.empty(0)
    return values.dtype.kind == "M" or bool(len(first) and hasattr(first[0], "calendar"))


def _axis(ds, axis, source):
    candidates = [name for name in ds.cf.coordinates.get(axis, ()) if name in ds.coords]
    candidates += [n for n in ds.coords if n not in candidates and _units(ds[n], axis)]
    if axis == "time":
        candidates += [n for n in ds.cf.axes.get("T", ()) if n in ds.coords and n not in candidates]
    else:
        letter = "Y" if axis == "latitude" else "X"
        on_axis = [n for n in ds.cf.axes.get(letter, ()) if n in ds.coords and n not in candidates]
        candidates += [n for n in on_axis if ds[n].attrs.get("units") and _in_degrees(ds[n])]
    named = [n for n in ds.coords if NAMES[axis].fullmatch(str(n)) and n not in candidates]
    named += [n for n in ds.coords if str(n).lower() in PLAIN.get(axis, ()) and n not in candidates]
    for group in (candidates, named):
        ordered = sorted(group, key=lambda n: (ds[n].ndim != 1, n not in ds.dims))
        if ordered:
            return ordered[0]
    dates = [n for n in ds.coords if axis == "time" and n in ds.dims and holds_dates(ds[n])]
    if dates:
        return max(dates, key=lambda n: sum(n in values.dims for values in ds.data_vars.values()))
    rotated = [name for name in ds.coords if axis != "time" and _is_rotated(ds[name])]
    for name in sorted(rotated, key=lambda n: axis[:3] not in str(ds[n].attrs.get("standard_name", n))):
        raise DscTfError(f"{source}: {name} belongs to a rotated pole, so it is no {axis}. {REGRID}")
    _refuse_projection(ds, source, axis)
    dims = ", ".join(map(str, ds.dims))
    what = "time axis" if axis == "time" else axis
    raise DscTfError(f"{source}: no {what} among {dims}. Give a file of fields over time.")


def _units(values, axis):
    units = str(values.attrs.get("units", ""))
    return axis in UNITS and bool(UNITS[axis].fullmatch(units)) and not _is_rotated(values)


def _in_degrees(values):
    return bool(DEGREES.fullmatch(str(values.attrs.get("units", "")).strip())) and not _is_rotated(values)


def _is_rotated(values):
    name = str(values.attrs.get("standard_name", values.name))
    return bool(ROTATED.fullmatch(name))


def _refuse_projection(ds, source, axis):
    for name in ds.coords:
        values = ds[name]
        if PROJECTED.fullmatch(str(values.attrs.get("standard_name", ""))):
            raise DscTfError(f"{source}: {name} is a coordinate of a map projection, no {axis}. {REGRID}")


def _refuse_two_dimensions(ds, found, source):
    for axis in ("latitude", "longitude"):
        if ds[found[axis]].ndim > 1:
            number = NUMBERS.get(ds[found[axis]].ndim, "many")
            raise DscTfError(
                f"{source}: {found[axis]} has {number} dimensions, so the grid is curvilinear or rotated. {REGRID}"
            )
    if ds[found["time"]].ndim > 1:
        raise DscTfError(
            f"{source}: {found['time']} has {ds[found['time']].ndim} dimensions. Give each field one time."
        )


def _refuse_points(ds, found, source):
    """Refuse latitude and longitude along one dimension: stations, points of a path, an unstructured grid."""
    dims = [ds[found[axis]].dims for axis in ("latitude", "longitude")]
    if dims[0] and dims[0] == dims[1]:
        (dim,) = dims[0]
        kind = {str(v.attrs.get("GRIB_gridType")) for v in ds.data_vars.values()} - {"None"}
        of_kind = f" ({', '.join(sorted(kind))})" if kind else ""
        raise DscTfError(
            f"{source}: latitude and longitude share the dimension {dim}{of_kind}: {ds.sizes[dim]} stations or cells "
            "of an unstructured grid. Interpolate them to a regular latitude-longitude grid first."
        )


def _check_horizontal(values, axis, source, notes):
    name, units = values.name, str(values.attrs.get("units", "")).strip()
    if values.dtype.kind not in "iuf":
        raise DscTfError(f"{source}: {name} holds {values.dtype}, not numbers. Give {axis} in degrees.")
    if PROJECTED.fullmatch(str(values.attrs.get("standard_name", ""))):
        raise DscTfError(f"{source}: {name} is a coordinate of a map projection, no {axis}. {REGRID}")
    if _is_rotated(values):
        raise DscTfError(f"{source}: {name} belongs to a rotated pole, so it is no {axis}. {REGRID}")
    if units.lower().startswith("rad"):
        raise DscTfError(f"{source}: {name} is in {units}. Convert it to degrees, as in np.degrees.")
    if OPPOSITE.fullmatch(units) and not DEGREES.fullmatch(units):
        raise DscTfError(
            f"{source}: {name} is in {units}. Multiply it by -1, so that it counts east and north."
        )
    if not DEGREES.fullmatch(units):
        raise DscTfError(f"{source}: {name} is in {units!r}, not degrees, so it is no {axis}. {REGRID}")
    numbers = np.atleast_1d(values.values).astype(float)
    if not np.isfinite(numbers).all():
        count = int((~np.isfinite(numbers)).sum())
        raise DscTfError(f"{source}: {name} has {count} values that are not finite. Fix the axis.")
    limit = MAX_LATITUDE + 1e-4 if axis == "latitude" else MAX_LONGITUDE
    if len(numbers) and np.abs(numbers).max() > limit:
        raise DscTfError(
            f"{source}: {name} reaches {numbers[np.abs(numbers).argmax()]:g}, which is no {axis} in degrees. {REGRID}"
        )
    if ROTATED.fullmatch(str(name)):
        notes.add(f"{source}: {name} is named as of a rotated pole but described as {axis}; taken as {axis}.")
    if str(name).lower() in PLAIN[axis] and not units and "standard_name" not in values.attrs:
        _refuse_counts(numbers, name, axis, source)
        notes.add(f"{source}: {name} has no units; taken as {axis} in degrees.")


def _refuse_counts(numbers, name, axis, source):
    """Refuse 0, 1, 2, ... or 1, 2, 3, ..., which number the rows or columns of a grid."""
    if len(numbers) > 2 and numbers[0] in (0, 1) and np.all(np.diff(numbers) == 1):
        raise DscTfError(
            f"{source}: {name} counts cells from {numbers[0]:g} to {numbers[-1]:g} and has no units. "
            f"Give {axis} in degrees."
        )


def _check_time(ds, name, source):
    values = ds[name]
    _refuse_mixed_calendars(values, source)
    first = np.ravel(values.values)[:1]
    if values.dtype.kind == "O" and len(first) and getattr(first[0], "year", 0) < 0:
        raise DscTfError(
            f"{source}: {name} begins in the year {first[0].year}. Results cannot be written for years before 0; "
            "shift the years."
        )
    if holds_dates(values) or not values.size:
        return
    advice = "Give it units such as 'days since 2001-01-01'."
    written = described_dates(values)
    if written is not None and values.ndim == 1:
        example, form = written
        text = f"ds.{name}.astype(str)" if values.dtype.kind in "iuf" else f"ds.{name}"
        advice = f"{example} looks like a date: convert it, as in pd.to_datetime({text}, format={form!r})."
    raise DscTfError(f"{source}: {name} holds {values.dtype}, not dates. {advice}")


def _refuse_mixed_calendars(values, source):
    if values.dtype.kind != "O":
        return
    calendars = sorted({str(getattr(value, "calendar", "none")) for value in np.ravel(values.values)})
    if len(calendars) > 1:
        raise DscTfError(
            f"{source}: {values.name} mixes the calendars {', '.join(calendars)}. Convert the dates to one of them."
        )


def refuse_radians(latitude, longitude, source):
    """Refuse global axes without units that are in radians.

    Raises
    ------
    DscTfError
        If latitudes end near pi / 2 and longitudes span nearly 2 pi.
    """
    if latitude.attrs.get("units") or longitude.attrs.get("units") or latitude.size < 3:
        return
    rows, columns = np.abs(latitude.values), longitude.values
    span = columns.max() - columns.min()
    if 1.3 < rows.max() <= np.pi / 2 + 1e-4 and 5.0 < span <= 2 * np.pi + 1e-4:
        raise DscTfError(f"{source}: latitude and longitude look like radians. Convert them to degrees.")


def ordered_grid(ds, source, notes):
    """The dataset with strictly monotone latitudes and longitudes that are distinct modulo 360.

    Monotone axes keep their order. Longitudes that run across Greenwich or the date line are written without
    the jump; the last column of a cyclic grid is dropped; axes without order are sorted.

    Parameters
    ----------
    ds : xr.Dataset
        Over time, latitude and longitude.
    source : str
        Name of the dataset in messages.
    notes : Notes
        Receives what was changed.

    Raises
    ------
    DscTfError
        If two rows or columns have one position.
    """
    if not ds.sizes["latitude"] or not ds.sizes["longitude"]:
        return ds
    refuse_radians(ds["latitude"], ds["longitude"], source)
    rows = ds["latitude"].values.astype(float)
    steps = np.diff(rows)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        _refuse_repeated(rows, "latitude", source)
        notes.add(f"{source}: latitudes without order were sorted from north to south.")
        ds = ds.isel(latitude=np.argsort(-rows, kind="stable"))
    return _ordered_longitudes(_without_cyclic_column(ds, source, notes), source, notes)


def _without_cyclic_column(ds, source, notes):
    columns = ds["longitude"].values.astype(float)
    turns = (columns[-1] - columns[0]) / 360
    is_cyclic = len(columns) > 2 and abs(turns) > 0.5 and abs(turns - round(turns)) * 360 < 1e-4
    if not is_cyclic:
        return ds
    notes.add(f"{source}: longitude {columns[-1]:g} repeats {columns[0]:g}; the last column was dropped.")
    return ds.isel(longitude=slice(0, -1))


def _ordered_longitudes(ds, source, notes):
    columns = ds["longitude"].values
    _refuse_repeated(np.round(columns.astype(float), 5) % 360, "longitude", source)
    steps = np.diff(columns.astype(float))
    if np.all(steps > 0) or np.all(steps < 0):
        return ds
    jump = np.flatnonzero(steps < 0)
    if len(jump) == 1 and (columns[-1] - columns[0]) % 360 > 0:
        first = np.arange(len(columns)) <= jump[0]
        moved = columns + 360 * ~first if columns[jump[0] + 1] < 0 else columns - 360 * first
        if np.all(np.diff(moved) > 0) and moved[-1] - moved[0] < 360:
            return _with_longitudes(ds, moved)
    notes.add(f"{source}: longitudes without order were sorted from west to east.")
    return ds.isel(longitude=np.argsort(columns, kind="stable"))


def _with_longitudes(ds, columns):
    old = ds["longitude"]
    return ds.assign_coords(longitude=("longitude", columns.astype(old.dtype), old.attrs))


def _refuse_repeated(values, axis, source):
    unique, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        raise DscTfError(
            f"{source}: {axis} {unique[counts > 1][0]:g} occurs {counts.max()} times. Give each row and column once."
        )
