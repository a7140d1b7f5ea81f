"""Time axes: forecasts with a reference time and a lead time, preliminary data, order of steps."""

import re

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .axes import holds_dates
from .notes import Notes

REFERENCE = re.compile(
    r"forecast_reference_time|reference_time|reftime|init(ial)?_?(time|date)?|start_?(time|date)?|base_?time|S",
    re.I,
)
LEAD = re.compile(
    r"step|forecast_period|lead_?(time)?|prediction_timedelta|forecast_(hour|time)|fhour|L", re.I
)
LONE = 10  # usual time steps between a step and all others
WORDS = {"d": "D", "day": "D", "days": "D", "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h"}
WORDS |= {"min": "m", "minute": "m", "minutes": "m", "s": "s", "sec": "s", "second": "s", "seconds": "s"}


def with_one_time(ds, source):
    """The dataset with one time for each field, where it has reference times and lead times.

    Parameters
    ----------
    ds : xr.Dataset
        As read; valid times are kept in a coordinate with one or two dimensions in either order, or are the sum
        of reference time and lead time.
    source : str
        Name of the dataset in messages.

    Returns
    -------
    xr.Dataset
        With the valid time as its only time; other datasets unchanged.

    Raises
    ------
    DscTfError
        If forecasts overlap, so that several fields are valid at one time.
    """
    reference, lead, valid = _forecast_names(ds)
    if valid is None and (reference is None or lead is None):
        return ds
    if valid is None:
        valid = "valid_time"
        ds = ds.assign_coords(valid_time=_plus(ds[reference], _durations(ds[lead], source), source))
    if valid == reference or ds[valid].ndim > 2:
        return ds
    if ds[valid].ndim < 2:
        return _with_valid_time(ds, reference, lead, valid)
    return _stacked(ds, reference, lead, valid, source)


def _forecast_names(ds):
    standard: dict = {}
    for name in ds.coords:
        standard.setdefault(ds[name].attrs.get("standard_name"), name)
    valid = "valid_time" if "valid_time" in ds.coords else None
    reference = standard.get("forecast_reference_time") or _matching(ds, REFERENCE)
    lead = standard.get("forecast_period") or _matching(ds, LEAD)
    if valid is None and reference is not None:
        two = [n for n in ds.coords if ds[n].ndim == 2 and ds[n].dtype.kind == "M"]
        named = standard.get("time")
        valid = two[0] if two else named if named not in (None, reference) else None
    if reference is None and "time" in ds.coords and (valid or lead):
        reference = "time" if valid != "time" else None
    return reference, lead, valid


def _matching(ds, pattern):
    names = [name for name in ds.coords if pattern.fullmatch(str(name))]
    if pattern is REFERENCE:
        names = [name for name in names if holds_dates(ds[name])]
    return names[0] if names else None


def _durations(lead, source):
    if lead.dtype.kind == "m":
        return lead
    unit = WORDS.get(str(lead.attrs.get("units", "")).strip().lower())
    if unit is None or lead.dtype.kind not in "iuf":
        raise DscTfError(
            f"{source}: {lead.name} is a lead time in {lead.attrs.get('units', 'no units')!r}. "
            "Give it in hours or days."
        )
    nanoseconds = np.timedelta64(1, unit) / np.timedelta64(1, "ns")
    whole = np.round(lead.values.astype(float) * nanoseconds).astype("int64").astype("timedelta64[ns]")
    return lead.copy(data=whole)


def _plus(reference, lead, source):
    try:
        return reference + lead
    except TypeError as error:
        raise DscTfError(
            f"{source}: {reference.name} and {lead.name} give no dates. Fix the time axis."
        ) from error


def _with_valid_time(ds, reference, lead, valid):
    """One of reference and lead time is single: keep the dimension that fields vary with."""
    others = [name for name in (reference, lead) if name is not None and name in ds.coords and name != valid]
    dims = ds[valid].dims
    times = ds[valid].variable
    if not dims:
        varying = [n for n in others if ds[n].ndim == 1]
        if varying:
            return ds.drop_vars([valid, *(n for n in others if n not in varying)])
    single = [dim for dim in (reference, lead) if dim in ds.dims and dim not in dims and ds.sizes[dim] == 1]
    ds = ds.drop_vars([valid, *others]).squeeze(single, drop=True)
    ds = ds.assign_coords(time=(dims, times.values, {"standard_name": "time"}))
    return ds.swap_dims({dims[0]: "time"}) if dims and dims[0] != "time" else ds


def _stacked(ds, reference, lead, valid, source):
    dims = ds[valid].dims
    order = [dim for dim in (reference, lead) if dim in dims]
    order += [dim for dim in dims if dim not in order]
    times = ds[valid].transpose(*order).values.ravel()
    shared = len(times) - len(np.unique(times))
    if shared:
        raise DscTfError(
            f"{source}: forecasts along {' and '.join(map(str, order))} overlap, so "
            f"{shared} fields share their valid time with others. Choose one lead time, as in ds.isel({order[-1]}=0)."
        )
    unneeded = {valid, *(name for name in (reference, lead) if name in ds.coords), *order}
    ds = ds.drop_vars([name for name in unneeded if name in ds.variables])
    ds = ds.stack(_valid=order, create_index=False)
    return ds.assign_coords(time=("_valid", times, {"standard_name": "time"})).swap_dims(_valid="time")


def at_begin_of_intervals(ds: xr.Dataset, notes: Notes) -> xr.Dataset:
    """The dataset with times at the beginning of their intervals, where they are at the end by their bounds.

    The mean of January is stamped 1 February in files of some models; it belongs to January.

    Parameters
    ----------
    ds : xr.Dataset
        With bounds of times.
    notes : Notes
        Receives what was changed.

    Returns
    -------
    xr.Dataset
        Unchanged where times are not the ends of intervals that follow one another.
    """
    for name in list(ds.coords):
        bounds = ds[name].attrs.get("bounds") or ds[name].encoding.get("bounds")
        if ds[name].ndim != 1 or bounds not in ds.variables or not holds_dates(ds[name]):
            continue
        limits = ds[bounds]
        if limits.dims[:1] != ds[name].dims or limits.shape[1:] != (2,) or limits.dtype != ds[name].dtype:
            continue
        ends, (low, high) = ds[name].values, np.sort(limits.values, axis=1).T
        if (
            len(ends) < 2
            or np.any(ends != high)
            or np.any(low == high)
            or np.mean(low[1:] == high[:-1]) < 0.5
        ):
            continue
        notes.add(
            f"{name}: each step is stamped at the end of its interval, as {bounds} states; taken at its beginning, "
            f"the first {str(low[0])[:16]} instead of {str(ends[0])[:16]}."
        )
        ds = ds.assign_coords({name: (ds[name].dims, low, ds[name].attrs)})
    return ds


def one_version(ds, notes):
    """Join final (expver 1) and preliminary (expver 5) data; final values are preferred in any order."""
    if "expver" not in ds.dims or ds.sizes["expver"] < 2:
        return ds
    numbers = [_version(value) for value in ds["expver"].values] if "expver" in ds.coords else [1, 5]
    versions = [ds.isel(expver=int(i), drop=True) for i in np.argsort(numbers, kind="stable")]
    joined = versions[0]
    for version in versions[1:]:
        joined = joined.combine_first(version)
    return joined


def _version(value):
    digits = re.sub(r"\D", "", str(value))
    return int(digits) if digits else 10**6


def without_preliminary_duplicates(ds, notes):
    """Of fields of one time, those of the lowest expver; the others are dropped.

    Parameters
    ----------
    ds : xr.Dataset
        Over time, perhaps with a coordinate `expver` along it.
    notes : Notes
        Receives how many steps were dropped.
    """
    times = ds.indexes["time"]
    if "expver" not in ds.coords or not times.has_duplicates:
        return ds
    numbers = [_version(value) for value in ds["expver"].values]
    lowest: dict = {}
    for time, number in zip(times, numbers, strict=True):
        lowest[time] = min(number, lowest.get(time, number))
    keep = [i for i, time in enumerate(times) if numbers[i] == lowest[time]]
    if len(keep) < len(times):
        dropped = len(times) - len(keep)
        notes.add(
            f"expver: {dropped} steps of preliminary data were replaced by final data of the same time."
        )
    return ds.isel(time=keep)


def sorted_by_time(ds, notes=None):
    """The dataset in order of time, member by member where steps have a member.

    Parameters
    ----------
    ds : xr.Dataset
        With times in any order.
    notes : Notes, default=None
        Receives a step that comes long before or after all others.
    """
    times = ds.indexes["time"]
    if "member" in ds.coords and ds["member"].dims == ("time",):
        members = ds["member"].values
        first = {m: i for i, m in reversed(list(enumerate(members)))}
        order = sorted(range(len(times)), key=lambda i: (first[members[i]], times[i]))
        return ds if order == list(range(len(times))) else ds.isel(time=order)
    if times.hasnans:
        raise DscTfError("time: missing values. Fix the time axis.")
    if times.is_monotonic_increasing:
        return ds
    order = np.argsort(times.values, kind="stable")
    if notes is not None:
        _note_lone_step(times, order, notes)
    return ds.isel(time=order)


def _note_lone_step(times, order, notes):
    """Remark on a step from within the file that comes long before or after all others, as by a code for missing."""
    steps = np.diff(times.values[order])
    usual = np.sort(steps)[len(steps) // 2]
    for step, at, place in ((steps[0], order[0], 0), (steps[-1], order[-1], len(order) - 1)):
        if at != place and len(steps) > 2 and step > LONE * usual and not times.is_monotonic_decreasing:
            where = "before" if place == 0 else "after"
            notes.add(
                f"time: {str(times[at])[:19]}, step {at + 1} of the file, comes long {where} all others. "
                "Check that this time is right."
            )


def with_whole_seconds(ds: xr.Dataset) -> xr.Dataset:
    """The dataset with times rounded to seconds, where they are floating-point numbers of days or hours in the file.

    Otherwise midnight, read as a moment before it, would belong to the day before.
    """
    times = ds.indexes["time"]
    if not len(times) or not hasattr(times, "microsecond") or not np.any(times.microsecond):
        return ds
    rounded = times.round("s")
    if times.is_unique and not rounded.is_unique:
        return ds
    return ds.assign_coords(time=("time", rounded, ds["time"].attrs))


def calendar_of(ds):
    """Name of a dataset's calendar, one name for those that are equal today."""
    name = ds["time"].dt.calendar if ds.sizes["time"] else "standard"
    same = {
        "gregorian": "standard",
        "proleptic_gregorian": "standard",
        "365_day": "noleap",
        "366_day": "all_leap",
    }
    return same.get(name, name)


def as_dataset(source):
    """A dataset from a DataArray; datasets unchanged.

    Raises
    ------
    DscTfError
        If times have a time zone.
    """
    for name, values in source.coords.items():
        zone = getattr(getattr(values, "dtype", None), "tz", None)
        if zone is not None:
            raise DscTfError(
                f"data: {name} has the time zone {zone}. Convert it to UTC without a zone, as in "
                f"ds.assign_coords({name}=ds.indexes['{name}'].tz_convert(None))."
            )
    if isinstance(source, xr.DataArray):
        return source.to_dataset(name=source.name or "field")
    return source
