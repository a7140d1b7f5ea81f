"""Dates that are not written as CF asks: calendar months since a date, numbers such as 20010131, text."""

import re

import numpy as np
import xarray as xr

from .notes import Notes

SINCE = re.compile(r"\s*(months?|mons?|years?|yrs?)\s+since\s+(\S.*)", re.I)
ABSOLUTE = re.compile(r"day as %Y%m%d\.%f", re.I)
CALENDARS = {"360": "360_day", "365": "365_day", "366": "366_day"}
FORMS = {
    "%Y-%m-%d": re.compile(r"\d{4}-\d\d?-\d\d?.*"),
    "%Y/%m/%d": re.compile(r"\d{4}/\d\d?/\d\d?.*"),
    "%Y%m%d%H": re.compile(r"(1[5-9]|2[0-4])\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])"),
    "%Y%m%d": re.compile(r"(1[5-9]|2[0-4])\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])"),
    "%Y%m": re.compile(r"(1[5-9]|2[0-4])\d\d(0[1-9]|1[0-2])"),
}
SHOWN = 19  # characters of a date in messages


def with_calendar_months(raw: xr.Dataset, notes: Notes) -> xr.Dataset:
    """Times in calendar months or years since a date as days since it, which xarray decodes.

    Parameters
    ----------
    raw : xr.Dataset
        Not decoded.
    notes : Notes
        Receives what was assumed.

    Returns
    -------
    xr.Dataset
        Names of calendars such as "360" are those of CF. Month 0.5 is half a month after the date.
    """
    changed = {}
    for name, values in raw.variables.items():
        attrs = values.attrs
        calendar = CALENDARS.get(str(attrs.get("calendar", "")), attrs.get("calendar", "standard"))
        found = SINCE.fullmatch(str(attrs.get("units", "")))
        if found is None or values.dtype.kind not in "iuf" or values.ndim > 1:
            if calendar != attrs.get("calendar", "standard"):
                changed[name] = values.copy(deep=False)
                changed[name].attrs = attrs | {"calendar": calendar}
            continue
        factor = 12 if found[1].lower().startswith("y") else 1
        described = attrs | {"units": f"days since {found[2]}", "calendar": calendar}
        for of_axis in (name, attrs.get("bounds")):
            if of_axis in raw.variables:
                months = raw.variables[of_axis]
                days = _days_of_months(np.asarray(months.values, dtype=float) * factor, described)
                changed[of_axis] = months.copy(data=days)
                changed[of_axis].attrs = described if of_axis == name else dict(months.attrs)
        notes.add(f"{name}: {found[1]} since {found[2]} taken as those of the calendar.")
    return raw.assign({n: v for n, v in changed.items() if n not in raw.coords}).assign_coords(
        {n: v for n, v in changed.items() if n in raw.coords}
    )


def _days_of_months(months, described):
    """Days after the date in the units, of numbers of calendar months after it."""
    import cftime

    calendar = described["calendar"]
    start = cftime.num2date(0, described["units"], calendar, only_use_cftime_datetimes=True)
    days = []
    for number in months.ravel():
        if not np.isfinite(number):
            days.append(np.nan)
            continue
        whole = int(np.floor(number + 1e-6))
        year, month = start.year + (start.month - 1 + whole) // 12, (start.month - 1 + whole) % 12 + 1
        length = days_in_month(year, month, calendar)
        date = start.replace(year=year, month=month, day=min(start.day, length))
        days.append((date - start).total_seconds() / 86400 + max(0.0, number - whole) * length)
    return np.reshape(days, months.shape)


def with_dates(ds: xr.Dataset) -> xr.Dataset:
    """The dataset with dates where times are written as YYYYMMDD with parts of a day, as their units state.

    Parameters
    ----------
    ds : xr.Dataset
        Decoded.
    """
    for name in list(ds.variables):
        values = ds[name]
        is_absolute = ABSOLUTE.fullmatch(str(values.attrs.get("units", "")).strip())
        if is_absolute and values.ndim == 1 and values.size:
            numbers = values.values.astype(float)
            texts = [f"{day:08.0f}" for day in np.floor(numbers)]
            seconds = np.round((numbers - np.floor(numbers)) * 86400).astype("timedelta64[s]")
            try:
                days = np.array([np.datetime64(f"{t[:-4]}-{t[-4:-2]}-{t[-2:]}", "ns") for t in texts])
            except ValueError:
                continue
            described = {"standard_name": "time"} | {k: v for k, v in values.attrs.items() if k == "bounds"}
            ds = ds.assign_coords({name: (values.dims, days + seconds, described)})
    return ds


def described_dates(values: xr.DataArray) -> tuple[str, str] | None:
    """Example and form of dates that are written as numbers or text without units that state it; None for others.

    >>> import xarray as xr
    >>> described_dates(xr.DataArray([20010131, 20010201]))
    ('20010131', '%Y%m%d')
    """
    first = [v.decode(errors="replace") if isinstance(v, bytes) else v for v in np.ravel(values.values)[:1]]
    text = "".join(map(str, first))
    text = text.removesuffix(".0") if values.dtype.kind in "iuf" else text
    found = [form for form, kind in FORMS.items() if kind.fullmatch(text)]
    return (text[:SHOWN], found[0]) if found else None


def days_in_month(year, month, calendar):
    """Number of days of a month in a calendar of CF.

    >>> days_in_month(2000, 2, "standard"), days_in_month(2000, 2, "noleap"), days_in_month(2000, 12, "360_day")
    (29, 28, 30)
    """
    if calendar == "360_day":
        return 30
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0 or calendar == "julian")
        is_longer = calendar in ("all_leap", "366_day") or leap and calendar not in ("noleap", "365_day")
        return 29 if is_longer else 28
    return 30 if month in (4, 6, 9, 11) else 31
