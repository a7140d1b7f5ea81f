"""One dataset as read brought into the form of the project: dimensions time, latitude, longitude."""

import re

from .axes import AXES, NAMES, find_axes, ordered_grid, with_coordinates
from .dates import with_dates
from .levels import BASE_KEY, choose_level, is_level, level_name, levels_as_variables
from .members import choose_member, is_member_coordinate
from .times import (
    at_begin_of_intervals,
    one_version,
    sorted_by_time,
    with_one_time,
    with_whole_seconds,
    without_preliminary_duplicates,
)

BOUNDS = re.compile(r".*_(bnds|bounds|bnd|vertices|vertex|corners)", re.I)
CALENDAR = re.compile(
    r"(init(ial)?_?|valid_?|forecast_?)?(time|date|calendar).*|year|month|day|hour|n[db]+(ate|ase|day)|yyyymmdd",
    re.I,
)
LEVEL_KEY = "dsc_tf_level"  # of a variable at one level: for names where several files hold several levels
MEMBER_KEY = "dsc_tf_member"
KEYS = {LEVEL_KEY, MEMBER_KEY, BASE_KEY}


def canonical(ds, source, notes, *, member=None, level=None):
    """A dataset whose variables have the dimensions (time, latitude, longitude), in any order.

    Dimensions of length 1 are dropped, one or all ensemble members are taken, levels become variables.

    Parameters
    ----------
    ds : xr.Dataset
        As read.
    source : str
        Name of the dataset in messages.
    notes : Notes
        Receives what was assumed or left out.
    member : str, int or None, default=None
        Ensemble member, or "all" for all along a dimension `member`.
    level : sequence, str, number or None, default=None
        Levels to take; None takes all.

    Returns
    -------
    xr.Dataset
        Lazy where `ds` is; may have the further dimension `member` and the coordinate `expver` along time. Variables at
        one level or of one member have it among their attributes as `dsc_tf_level` and `dsc_tf_member`.

    Raises
    ------
    DscTfError
        If an axis is missing or is no axis, or members are not chosen.
    """
    ds = with_coordinates(with_dates(ds))
    ds = _without_helpers(at_begin_of_intervals(ds, notes))
    ds = one_version(with_one_time(ds, source), notes)
    found = find_axes(ds, source, notes)
    ds = with_whole_seconds(_renamed(ds, found))
    ds = choose_member(ds, member, source, notes)
    ds = choose_level(ds, level, source, notes)
    ds = _with_single_values_as_attributes(ds)
    versions = _versions(ds)
    ds = _without_other_coordinates(ds)
    if versions is not None:
        ds = ds.assign_coords(expver=("time", versions))
    single = [dim for dim in ds.dims if dim not in (*AXES, "member") and ds.sizes[dim] == 1]
    ds = levels_as_variables(ds.squeeze(single, drop=True), notes)
    ds = without_preliminary_duplicates(ds, notes)
    return sorted_by_time(ordered_grid(ds, source, notes), notes)


def _without_helpers(ds):
    """Without bounds, formula terms, grid mappings and vectors that describe the calendar."""
    named = set()
    for variable in ds.variables.values():
        for key in ("bounds", "climatology", "grid_mapping"):
            text = variable.attrs.get(key) or variable.encoding.get(key) or ""
            named |= set(re.findall(r"[\w.-]+", str(text)))
        terms = variable.attrs.get("formula_terms") or variable.encoding.get("formula_terms") or ""
        named |= {
            term for term in re.findall(r":\s*([\w.-]+)", str(terms)) if term in ds and ds[term].ndim <= 2
        }
    helpers = [name for name in ds.variables if name in named and name not in ds.dims]
    helpers += [n for n in ds.data_vars if n not in helpers and _is_helper(ds[n])]
    return ds.drop_vars(helpers)


def _is_helper(values):
    name = str(values.name)
    if BOUNDS.fullmatch(name) or "grid_mapping_name" in values.attrs:
        return True
    if values.ndim == 0:
        return True
    if values.dtype.kind not in "iufM":
        return values.ndim == 1 and bool(CALENDAR.fullmatch(name))
    return bool(CALENDAR.fullmatch(name)) and values.ndim != 3 or values.ndim == 1 and not _is_series(values)


def _is_series(values):
    """Whether a variable of one dimension is a series over time, of which the user should know that it is left out."""
    return any(NAMES["time"].fullmatch(str(dim)) for dim in values.dims)


def _renamed(ds, found):
    clash = [
        axis
        for axis, name in found.items()
        if name != axis and axis in ds.variables and axis not in found.values()
    ]
    ds = ds.drop_vars(clash)
    dims = {ds[name].dims[0]: name for name in found.values() if name not in ds.dims and ds[name].ndim == 1}
    ds = ds.swap_dims(dims).rename({name: axis for axis, name in found.items() if name != axis})
    for axis in AXES:
        if axis not in ds.dims:
            ds = ds.expand_dims(axis)
    return ds


def _with_single_values_as_attributes(ds):
    """Level and member of variables that have only one, as attributes of the variables.

    Files of several levels or members are named by them when they are joined.
    """
    result = {}
    for name, values in ds.data_vars.items():
        known = {}
        for coordinate in values.coords:
            if ds[coordinate].size != 1 or coordinate in AXES:
                continue
            value = ds[coordinate].values.ravel()[0]
            if is_member_coordinate(ds[coordinate]):
                known[MEMBER_KEY] = str(value)
            elif is_level(ds, coordinate) and ds[coordinate].dtype.kind in "iuf":
                known[LEVEL_KEY] = level_name("", value, ds[coordinate].attrs.get("units", ""))
        if known:
            result[name] = values.assign_attrs(values.attrs | known)
    return ds.assign(result) if result else ds


def without_keys(ds):
    """The dataset without the attributes and the coordinate that only joining needs."""
    ds = ds.drop_vars("expver", errors="ignore")
    keyed = [name for name in ds.data_vars if KEYS & set(ds[name].attrs)]
    changed = {name: ds[name].copy(deep=False) for name in keyed}
    for values in changed.values():
        values.attrs = {k: v for k, v in values.attrs.items() if k not in KEYS}
    return ds.assign(changed) if changed else ds


def _versions(ds):
    if "expver" in ds.coords and ds["expver"].dims == ("time",):
        return ds["expver"].values
    if "expver" in ds.coords and ds["expver"].size == 1:
        return [ds["expver"].values.ravel()[0]] * ds.sizes["time"]
    return None


def _without_other_coordinates(ds):
    unneeded = [n for n in ds.coords if n not in (*AXES, *ds.dims) and not _belongs_to_time(ds[n])]
    return ds.drop_vars(unneeded)


def _belongs_to_time(coordinate):
    if coordinate.dims != ("time",):
        return False
    return coordinate.name == "member" or not (
        coordinate.name == "expver" or is_member_coordinate(coordinate)
    )
