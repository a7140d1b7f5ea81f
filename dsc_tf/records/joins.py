"""Several datasets joined into one: exactly, without values that no file holds."""

import re

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import DscTfError
from .accumulation import time_step
from .canonical import LEVEL_KEY, MEMBER_KEY
from .grids import aligned_grid
from .levels import BASE_KEY
from .members import choose_member, refuse_other_members
from .times import calendar_of, sorted_by_time, without_preliminary_duplicates
from .units import converted_value, in_units

LEVEL = re.compile(r"(-?\d[\d.]*)([A-Za-z].*)")  # value and unit behind the name of a variable
MAX_COMPARED = 100  # files whose first fields are compared
CELLS = 2000  # of a field that are compared
FAR = 5.0  # widths of a field's range between it and zero, so that a factor between two fields has a meaning
MIN_FACTOR = 9.0  # between two fields of different units, such as metres and geopotential
QUANTITY = ("standard_name", "cell_methods", "GRIB_stepType")
DESCRIBING = ("cell_methods", "long_name", "GRIB_stepType", "GRIB_shortName", "GRIB_name", "standard_name")


def joined_in_time(parts, names, notes, *, member=None):
    """Files of one variable appended in time, for each set of variables.

    Parameters
    ----------
    parts : list of xr.Dataset
        In canonical form.
    names : list of str
        Name of each part in messages.
    notes : Notes
        Receives what was converted.
    member : str, int or None, default=None
        Ensemble member, or "all", where files hold one member each.

    Returns
    -------
    list of (xr.Dataset, str)
        Datasets of different variables on one grid, each with a name for messages.

    Raises
    ------
    DscTfError
        If grids, calendars or units differ, or files overlap in time.
    """
    _refuse_calendars(parts, names)
    parts = _on_one_grid(parts, names)
    known = {values.attrs.get(MEMBER_KEY) for part in parts for values in part.data_vars.values()}
    refuse_other_members(
        known, member, names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    )
    parts = _members_joined(parts, names, member)
    parts, names = _named_by_level(*parts)
    pieces: dict = {}
    for part, name in zip(parts, names, strict=True):
        for variable in part.data_vars:
            pieces.setdefault(variable, []).append((part, name))
    groups: dict = {}
    for variable, of_variable in pieces.items():
        key = tuple(id(part) for part, _ in of_variable)
        groups.setdefault(key, (of_variable, []))[1].append(variable)
    return [_appended(of_group, variables, notes) for of_group, variables in groups.values()]


def merged(groups, notes=None):
    """Datasets of different variables as one, if they have the same times.

    Parameters
    ----------
    groups : list of (xr.Dataset, str)
        As `joined_in_time` returns them.
    notes : Notes, default=None
        Where given, times that not all variables have are left out and reported; otherwise they are refused.

    Raises
    ------
    DscTfError
        If times differ.
    """
    first, first_name = groups[0]
    times = first.indexes["time"]
    for other, name in groups[1:]:
        if not times.equals(other.indexes["time"]):
            if notes is None:
                raise DscTfError(_times_differ(first, first_name, other, name))
            times = times.intersection(other.indexes["time"])
    if len(groups) == 1:
        return first
    if not len(times):
        raise DscTfError(_times_differ(first, first_name, groups[1][0], groups[1][1]))
    if any(len(ds.indexes["time"]) != len(times) for ds, _ in groups):
        notes.add(f"time: {len(times)} steps are common to all variables; the others were left out.")
    same = [ds.sel(time=times) if not ds.indexes["time"].equals(times) else ds for ds, _ in groups]
    return xr.merge(same, join="exact", compat="override", combine_attrs="drop_conflicts")


def _times_differ(first, first_name, other, other_name):
    lists = [
        f"{name} ({', '.join(map(str, ds.data_vars))}) has {_span(ds)}"
        for ds, name in ((first, first_name), (other, other_name))
    ]
    return f"time: {lists[0]}, {lists[1]}. Give files of the same times, or choose them with --period or --aggregate."


def _span(ds):
    times = ds.indexes["time"]
    if not len(times):
        return "no steps"
    return f"{len(times)} steps from {str(times[0])[:16]} to {str(times[-1])[:16]}"


def _refuse_calendars(parts, names):
    calendars = [calendar_of(part) for part in parts]
    for calendar, name in zip(calendars, names, strict=True):
        if calendar != calendars[0]:
            raise DscTfError(
                f"data: {names[0]} has the calendar {calendars[0]}, {name} {calendar}. Convert one of them, "
                "for example with ds.convert_calendar."
            )


def _on_one_grid(parts, names):
    grid = {axis: parts[0][axis].values for axis in ("latitude", "longitude")}
    result = []
    for part, name in zip(parts, names, strict=True):
        aligned, differing = aligned_grid(part, grid)
        if differing:
            raise DscTfError(
                f"data: {names[0]} and {name} do not fit together: their grids differ ({differing}). "
                "Give files of one grid."
            )
        result.append(aligned)
    return result


def _members_joined(parts, names, member):
    """Files of one member each as one dataset with a dimension of members."""
    keys = [_single(part, MEMBER_KEY) for part in parts]
    if len(set(keys)) < 2 or None in keys or not _repeat(parts):
        return parts, names
    labels = list(dict.fromkeys(keys))
    groups = {
        label: [part for part, key in zip(parts, keys, strict=True) if key == label] for label in labels
    }
    if any(len(group) != len(groups[labels[0]]) for group in groups.values()):
        raise DscTfError(
            f"data: members {', '.join(labels[:5])} have different numbers of files. Give the same for each."
        )
    joined = []
    for pieces in zip(*groups.values(), strict=True):
        if any(not piece.indexes["time"].equals(pieces[0].indexes["time"]) for piece in pieces):
            raise DscTfError(
                f"data: members {', '.join(labels[:5])} have different times. Give the same for each."
            )
        stacked = xr.concat(
            list(pieces),
            pd.Index(labels, name="number"),
            data_vars="all",
            coords="minimal",
            compat="override",
            join="exact",
            combine_attrs="drop_conflicts",
        )
        joined.append(choose_member(stacked, member, f"{names[0]} and {len(names) - 1} more"))
    of_group = [name for name, key in zip(names, keys, strict=True) if key == labels[0]]
    return joined, of_group


def _single(part, key):
    values = {v.attrs.get(key) for v in part.data_vars.values()}
    return values.pop() if len(values) == 1 else None


def _repeat(parts):
    """Whether two parts have a variable and times in common."""
    for i, one in enumerate(parts):
        for other in parts[:i]:
            if set(one.data_vars) & set(other.data_vars) and _common_times(one, other):
                return True
    return False


def _common_times(one, other):
    return len(one.indexes["time"].intersection(other.indexes["time"]))


def _named_by_level(parts, names):
    """Variables that several files hold at one level each, named by it."""
    levels: dict = {}
    for part in parts:
        for variable, values in part.data_vars.items():
            levels.setdefault(variable, set()).add(values.attrs.get(LEVEL_KEY))
    several = {variable for variable, known in levels.items() if len(known) > 1 and None not in known}
    bases = {values.attrs.get(BASE_KEY) for part in parts for values in part.data_vars.values()}
    several |= {variable for variable, known in levels.items() if variable in bases and None not in known}
    renamed = []
    for part in parts:
        new = {v: f"{v}{part[v].attrs[LEVEL_KEY]}" for v in part.data_vars if v in several}
        named = {v: part[v].assign_attrs({BASE_KEY: part[v].attrs.get(BASE_KEY, str(v))}) for v in new}
        renamed.append(part.assign(named).rename(new) if new else part)
    return _levels_in_one_unit(renamed), names


def _levels_in_one_unit(parts):
    """Variables at one level, which files write in different units, under the name of the first of them."""
    known: dict = {}
    result = []
    for part in parts:
        new = {}
        for name, values in part.data_vars.items():
            base = str(values.attrs.get(BASE_KEY) or str(name).removesuffix(values.attrs.get(LEVEL_KEY, "")))
            level = LEVEL.fullmatch(str(name).removeprefix(base))
            if level is None:
                continue
            for other, number, units in known.get(base, ()):
                same = units != level[2] and converted_value(float(level[1]), level[2], units)
                if same and abs(same - number) < 1e-6 * abs(number):
                    new[name] = other
            known.setdefault(base, []).append((new.get(name, name), float(level[1]), level[2]))
        result.append(part.rename(new) if new else part)
    return result


def _appended(pieces, variables, notes):
    """Parts of the same variables in order of time."""
    parts = [part[variables] for part, _ in pieces]
    names = [name for _, name in pieces]
    if len(parts) == 1:
        return parts[0], names[0]
    _refuse_steps(parts, names)
    _note_other_hours(parts, names, notes)
    for variable in variables:
        units = parts[0][variable].attrs.get("units")
        parts = [
            part.assign({variable: in_units(part[variable], units, f"{variable} of {name}", notes)})
            for part, name in zip(parts, names, strict=True)
        ]
        _note_differing(variable, parts, names, notes)
        _note_other_range(variable, parts, names, notes)
    if "expver" not in parts[0].coords or any("expver" not in part.coords for part in parts):
        parts = [part.drop_vars("expver", errors="ignore") for part in parts]
    order = sorted(
        range(len(parts)), key=lambda i: parts[i].indexes["time"][0] if parts[i].sizes["time"] else 0
    )
    joined = xr.concat(
        [parts[i] for i in order],
        "time",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="exact",
        combine_attrs="drop_conflicts",
    )
    joined = without_preliminary_duplicates(sorted_by_time(joined), notes)
    if joined.indexes["time"].has_duplicates:
        raise DscTfError(_overlap(parts, names, variables))
    return joined, f"{names[0]} and {len(names) - 1} more"


def _note_differing(variable, parts, names, notes):
    """Remark on files of one variable whose attributes describe different quantities."""
    first = parts[0][variable].attrs
    for part, name in zip(parts[1:], names[1:], strict=True):
        other = part[variable].attrs
        for key in QUANTITY:
            if key in first and key in other and str(first[key]) != str(other[key]):
                notes.add(
                    f"{variable}: {key} is {first[key]} in {names[0]}, {other[key]} in {name}; joined in time "
                    "all the same. Check that they are one quantity."
                )
                return


def _note_other_range(variable, parts, names, notes):
    """Remark on files whose first fields differ as kelvins and degrees Celsius do, or by a factor as of other units."""
    fields = []
    for part, name in zip(parts, names, strict=True):
        if part.sizes["time"] and len(parts) <= MAX_COMPARED:
            every = max(1, round((part.sizes["latitude"] * part.sizes["longitude"] / CELLS) ** 0.5))
            grid = {"latitude": slice(None, None, every), "longitude": slice(None, None, every)}
            field = part[variable].isel(time=0, **grid).values.astype(float)
            if np.isfinite(field).any():
                fields.append((float(np.nanmin(field)), float(np.nanmax(field)), name))
    for low, high, name in fields[1:]:
        first, last, first_name = fields[0]
        if _are_of_other_units(low, high, first, last):
            notes.add(
                f"{variable}: {first:g} to {last:g} in the first field of {first_name}, {low:g} to {high:g} in that of "
                f"{name}. Check that both have the units {parts[0][variable].attrs.get('units', 'that they should')}."
            )
            return


def _are_of_other_units(low, high, first, last):
    """Whether two ranges of a field differ by about 273 and the width of neither, or by a factor of 9 or more."""
    one, other = (low + high) / 2, (first + last) / 2
    widths = (high - low, last - first)
    is_kelvin = 200 < abs(one - other) < 350 and max(widths) < 100 and min(abs(one), abs(other)) < 60
    is_far = abs(one) > FAR * widths[0] and abs(other) > FAR * widths[1]
    return is_kelvin or is_far and max(abs(one), abs(other)) > MIN_FACTOR * min(abs(one), abs(other))


def _refuse_steps(parts, names):
    """Refuse files of different time steps, such as daily and monthly ones."""
    medians = []
    for part, name in zip(parts, names, strict=True):
        times = part.indexes["time"]
        if len(times) > 2:
            steps = sorted(times[1:] - times[:-1])
            medians.append((steps[len(steps) // 2], name))
    for step, name in medians[1:]:
        first, first_name = medians[0]
        if not 0.6 < abs(step / first) < 1.7:
            raise DscTfError(
                f"time: {first_name} has steps of {_days(first)} days, {name} of {_days(step)}. "
                "Give files of one time step."
            )


def _note_other_hours(parts, names, notes):
    """Remark on daily files of which one is of another hour of the day."""
    if any(part.sizes["time"] < 2 or time_step(part) < pd.Timedelta("1D") for part in parts):
        return
    hours = [{(t.hour, t.minute) for t in part.indexes["time"]} for part in parts]
    for hour, name in zip(hours[1:], names[1:], strict=True):
        if len(hours[0]) == 1 and len(hour) == 1 and hour != hours[0]:
            (first,), (other,) = hours[0], hour
            notes.add(
                f"time: {names[0]} is of {first[0]:02d}:{first[1]:02d}, {name} of {other[0]:02d}:{other[1]:02d}; "
                "joined in time all the same. Check that they are one quantity."
            )
            return


def _days(step):
    return f"{pd.Timedelta(step).total_seconds() / 86400:g}"


def _overlap(parts, names, variables):
    for i, one in enumerate(parts):
        for j in range(i):
            count = _common_times(one, parts[j])
            if not count:
                continue
            differing = _differing(parts[j][variables[0]].attrs, one[variables[0]].attrs)
            if differing:
                return (
                    f"data: {names[j]} and {names[i]} both hold {variables[0]}, with different {differing}. "
                    "Rename the variable in one of them, for example with ds.rename."
                )
            return (
                f"time: {count} duplicated steps in {names[j]} and {names[i]}, the first "
                f"{str(one.indexes['time'].intersection(parts[j].indexes['time'])[0])[:19]}. "
                "Give each time once, or rename the variable of one file if they hold different quantities."
            )
    return f"time: duplicated steps in {names[0]}. Remove them, for example with ds.drop_duplicates('time')."


def _differing(one, other):
    keys = [key for key in DESCRIBING if str(one.get(key)) != str(other.get(key))]
    texts = [f"{key} ({one.get(key, 'none')}, {other.get(key, 'none')})" for key in keys]
    return " and ".join(texts[:2])
