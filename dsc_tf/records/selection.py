"""Choices of a user: variables, region, period, season."""

import re

import numpy as np

from ..errors import DscTfError
from .axes import AXES
from .dates import days_in_month
from .levels import BASE_KEY
from .times import calendar_of

YEAR_AND_NEXT = "JFMAMJJASOND" * 2
DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d+)?)?)?Z?)?)?)?"
)
RESERVED = ("labels", "size", "frequency", "frequency_by_month", "frequency_by_season", "mean_run_length")
RESERVED += (
    "run_length_count",
    "run_length",
    "transition_count",
    "transition_probability",
    "cluster",
    "next_cluster",
)
RESERVED += ("month", "season", "member")


def only_wanted(ds, variables):
    """The dataset with the wanted variables only, where all are there by name or standard name.

    Other variables may lie on other grids or levels, which then do not matter.
    """
    if variables is None:
        return ds
    found = [_by_name(ds, wanted) for wanted in variables]
    if [] in found:
        return ds
    names = [name for names in found for name in names]
    helpers = [
        name for name in ds.data_vars if ds[name].attrs.get("standard_name") in AXES or ds[name].ndim < 3
    ]
    return ds[list(dict.fromkeys([*names, *helpers]))]


def _by_name(ds, wanted):
    """Names of a variable by name, standard name, name without the unit of its level, or without its level.

    Raises
    ------
    DscTfError
        If it is the standard name of several variables.
    """
    if wanted in ds.data_vars:
        return [wanted]
    stated = [name for name in ds.data_vars if ds[name].attrs.get("standard_name") == wanted]
    if len({ds[name].attrs.get(BASE_KEY, name) for name in stated}) > 1:
        raise DscTfError(
            f"variables: {wanted!r} is the standard name of {', '.join(map(str, stated))}. Give their names."
        )
    without_unit = [n for n in ds.data_vars if re.fullmatch(re.escape(str(wanted)) + r"(hPa|Pa|m|K)", str(n))]
    if not stated and len(without_unit) == 1 and str(wanted)[-1:].isdigit():
        return without_unit
    return stated or [name for name in ds.data_vars if ds[name].attrs.get(BASE_KEY) == wanted]


def fields_only(ds, notes):
    """Variables that are numbers over time, latitude and longitude; the others are left out.

    A variable whose name stands for a result of clustering, such as `labels`, gets the name with "_" behind it.

    Raises
    ------
    DscTfError
        If no variable is left.
    """
    shape = {*AXES, "member"} if "member" in ds.dims else set(AXES)
    left_out = [str(n) for n in ds.data_vars if not set(AXES) <= set(ds[n].dims) <= shape]
    left_out += [str(n) for n in ds.data_vars if ds[n].dtype.kind not in "fiu" and str(n) not in left_out]
    unnamed = [name for name in left_out if not any(note.startswith(f"{name}: left out") for note in notes)]
    if len(left_out) == len(ds.data_vars):
        raise DscTfError(_no_fields(ds, unnamed, notes))
    if unnamed:
        notes.add(f"left out, since not numbers over time, latitude and longitude: {', '.join(unnamed)}")
    ds = ds.drop_vars(left_out)
    renamed = {name: f"{name}_" for name in ds.data_vars if name in RESERVED}
    for name, new in renamed.items():
        notes.add(f"{name}: called {new}, since {name} is the name of a result.")
    ds = ds.rename(renamed)
    return ds.drop_vars(
        [c for c in ds.coords if c not in ds.data_vars and ds[c].dims and not set(ds[c].dims) <= shape]
    )


def _no_fields(ds, unnamed, notes):
    """Message that no variable is left, with the reason of the first one that was left out."""
    start = "data: no variable of numbers over time, latitude and longitude"
    for note in notes:
        name, _, why = note.partition(": left out, since ")
        if why:
            return f"{start}: {name} was left out, since {why}"
    for name in (n for n in unnamed if set(AXES) <= set(ds[n].dims)):
        return f"{start}: {name} holds {ds[name].dtype}. Give a file of gridded fields."
    of_first = (
        f": {unnamed[0]} has {', '.join(map(str, ds[unnamed[0]].dims)) or 'no axis'}" if unnamed else ""
    )
    return f"{start}{of_first}. Give a file of gridded fields."


def choose_variables(ds, variables):
    """Variables by name or standard name, all levels of each, in the order of the choice; without a choice all.

    Raises
    ------
    DscTfError
        If one is not there.
    """
    if variables is None:
        return ds
    names = [name for wanted in variables for name in _chosen(ds, wanted)]
    return ds[list(dict.fromkeys(names))]


def chosen_groups(groups, variables):
    """Datasets of different variables, each with the chosen ones only; those without one are left out.

    Raises
    ------
    DscTfError
        If a chosen variable is in none of them.
    """
    if variables is None:
        return groups
    chosen: dict = {}
    for wanted in variables:
        at = [i for i, (ds, _) in enumerate(groups) if _by_name(ds, wanted)]
        if not at:
            there = ", ".join(str(name) for ds, _ in groups for name in ds.data_vars)
            raise DscTfError(f"variables: {wanted!r} is not in the data. Choose among {there}.")
        for i in at:
            chosen.setdefault(i, []).extend(_by_name(groups[i][0], wanted))
    return [(groups[i][0][list(dict.fromkeys(names))], groups[i][1]) for i, names in sorted(chosen.items())]


def _chosen(ds, wanted):
    names = _by_name(ds, wanted)
    if not names:
        raise DscTfError(
            f"variables: {wanted!r} is not in the data. Choose among {', '.join(map(str, ds.data_vars))}."
        )
    return names


def choose_region(ds, region):
    """The box (north, west, south, east) in degrees; west above east crosses the date line.

    Raises
    ------
    DscTfError
        If the box is upside down or holds no grid point.
    """
    if region is None:
        return ds
    try:
        north, west, south, east = (float(number) for number in region)
    except (TypeError, ValueError) as error:
        raise DscTfError(f"region: {region!r} is not four numbers. Give north, west, south, east.") from error
    if not np.isfinite([north, west, south, east]).all():
        raise DscTfError("region: a number is not finite. Give north, west, south, east in degrees.")
    if south > north:
        raise DscTfError(f"region: south {south:g} above north {north:g}. Give north, west, south, east.")
    eastward = (ds["longitude"] - west) % 360
    width = 360.0 if east - west >= 360 else (east - west) % 360
    columns = np.flatnonzero(eastward.values <= width + 1e-6)
    columns = columns[np.argsort(eastward.values[columns], kind="stable")]
    rows = np.flatnonzero((ds["latitude"].values >= south - 1e-6) & (ds["latitude"].values <= north + 1e-6))
    if not len(rows) or not len(columns):
        box = f"{float(ds.latitude.max()):g} {float(ds.longitude.min()):g} {float(ds.latitude.min()):g}"
        raise DscTfError(
            f"region: {' '.join(f'{v:g}' for v in region)} holds no grid point. "
            f"The data lie within {box} {float(ds.longitude.max()):g} (north west south east)."
        )
    part = ds.isel(latitude=rows, longitude=columns)
    longitude = west + (part["longitude"] - west) % 360
    return part.assign_coords(
        longitude=longitude.astype(ds["longitude"].dtype).assign_attrs(ds.longitude.attrs)
    )


def choose_period(ds, period):
    """Steps from the first to the last date given, both included.

    A last day that the calendar does not have, such as 31 December in a calendar of 360 days, is the last day of
    its month.

    Raises
    ------
    DscTfError
        If a date cannot be read, the first is after the last, or no step is left.
    """
    if period is None:
        return ds
    part = ds.isel(time=steps_within(ds, period))
    if not part.sizes["time"]:
        times = ds.indexes["time"]
        first, last = (str(t)[:10] for t in (times.min(), times.max())) if len(times) else ("none", "none")
        raise DscTfError(
            f"period: no step from {period[0]} to {period[1]}. The data run from {first} to {last}."
        )
    return part


def steps_within(ds, period):
    """Positions of the steps from the first to the last date of a period, both included."""
    try:
        first, last = (str(date).strip() for date in period)
    except (TypeError, ValueError) as error:
        raise DscTfError(f"period: {period!r} is not two dates. Write them as 2001-01-31.") from error
    calendar = calendar_of(ds)
    begin, end = _bounds(first, calendar, period)[0], _bounds(last, calendar, period)[1]
    if begin > end:
        raise DscTfError(f"period: {first} comes after {last}. Give the first date before the last.")
    t = ds["time"].dt
    fields = (t.year, t.month, t.day, t.hour, t.minute, t.second)
    stamps = (
        list(zip(*(np.asarray(f.values).tolist() for f in fields), strict=True)) if ds.sizes["time"] else []
    )
    return [i for i, stamp in enumerate(stamps) if begin <= stamp <= end]


def _bounds(text, calendar, period):
    """First and last (year, month, day, hour, minute, second) that a date written in part stands for."""
    found = DATE.fullmatch(text)
    parts = [int(part) for part in found.groups() if part is not None] if found else []
    limits = [(1, 12), (1, 31), (0, 23), (0, 59), (0, 59)]
    good = bool(parts) and all(low <= p <= high for p, (low, high) in zip(parts[1:], limits, strict=False))
    if good and len(parts) > 2:
        most = days_in_month(parts[0], parts[1], calendar)
        usual = max(most, days_in_month(parts[0], parts[1], "standard"))
        good = parts[2] <= (
            usual if calendar in ("standard", "julian") else max(usual, 29 if parts[1] == 2 else 0)
        )
        parts[2] = min(parts[2], most)
    if not good:
        raise DscTfError(f"period: {' '.join(map(str, period))} is not two dates. Write them as 2001-01-31.")
    first = tuple(parts + [low for low, _ in limits[len(parts) - 1 :]])
    last = parts + [high for _, high in limits[len(parts) - 1 :]]
    last[2] = min(last[2], days_in_month(last[0], last[1], calendar))
    return first, tuple(last)


def choose_season(ds, season):
    """Steps in the months of a season of every year.

    Raises
    ------
    DscTfError
        If the season is no run of first letters of months, or no step is left.
    """
    months = season_months(season)
    if months is None:
        return ds
    part = ds.isel(time=ds["time"].dt.month.isin(months).values)
    if not part.sizes["time"]:
        raise DscTfError(f"season: no step in {season}. Choose another, or give a longer period.")
    return part


def season_months(season):
    """Numbers of the months of a season; None without a season.

    Raises
    ------
    DscTfError
        If the season is no run of first letters of months.

    >>> season_months("djf")
    [12, 1, 2]
    """
    if season is None:
        return None
    first = YEAR_AND_NEXT.find(season.upper()) if isinstance(season, str) else -1
    if first < 0 or not 2 <= len(season) <= 12:
        raise DscTfError(
            f"season: {season!r}. Give the first letters of two or more months in a row, such as DJF or NDJFM."
        )
    return [(first + i) % 12 + 1 for i in range(len(season))]
