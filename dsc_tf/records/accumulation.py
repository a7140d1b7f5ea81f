"""Aggregation in time: sums, means, maxima by cell_methods; running accumulations are differenced first."""

import re

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import DscTfError
from .cell_methods import time_method
from .dates import days_in_month

WORDS = {"hourly": "1h", "daily": "1D", "monthly": "1MS", "yearly": "1YS", "seasonal": "QS-DEC"}
AMOUNT_UNITS = ("mm", "kg m-2", "kg/m2", "kg/m^2", "J m-2", "J/m2", "J/m^2", "m of water equivalent")
LENGTHS = ("m", "cm", "inch", "in")
AMOUNT_NAMES = re.compile(
    r"tp|cp|lsp|sf|ro|e|.*(precip|rain|snow_?fall|run_?off|evapo|_amount|thickness_of_.*fall).*", re.I
)
SAMPLED_DAYS, SAMPLED_PLACES = (
    4,
    3,
)  # consecutive days at the beginning, in the middle and at the end of a record
MAX_CELLS = 2000
LEAST_SIGNED = 6  # of values of both signs, whose daily cycle resembles an accumulation of few steps
LEAST_OF_PAIRS = 8  # steps a day, so that the daily cycle of amounts falls within some pairs of steps
LEAST_RISES = 50  # values that show that an accumulation of two steps never falls
LEAST_STEPS = 3  # of a period of accumulation, so that resets can be told from other steps
LEAST_OF_TOTAL = 9  # steps of a record whose values can be told to be a running total
OTHER_METHODS = ("median", "mode", "variance", "standard_deviation", "range", "mid_range")
TIME_UNIT = r"(s|sec|seconds?|min|minutes?|h|hr|hours?|d|days?|months?|mon)"
RATE = re.compile(rf"(?:.*[ .])?{TIME_UNIT}(?:\^|\*\*)?-1|.*/ ?{TIME_UNIT}|.* per (\w+?)s?", re.I)
RATE_HOURS = {"s": 1 / 3600, "mi": 1 / 60, "h": 1.0, "d": 24.0, "mo": 730.0}  # by the first letters of a unit


def check_accumulated(groups, accumulated):
    """Refuse names of accumulated variables that no dataset has.

    Raises
    ------
    DscTfError
        In this case.
    """
    known = [str(name) for ds, _ in groups for name in ds.data_vars]
    unknown = [name for name in accumulated if name not in known]
    if unknown:
        raise DscTfError(
            f"accumulated: {', '.join(unknown)} not in the data. Choose among {', '.join(known)}."
        )


def aggregate_time(ds, aggregate, accumulated, notes, *, months=None):
    """Sums, means, maxima or minima over days, months or any pandas offset, by each variable's cell_methods.

    A variable is summed if its CF cell_methods or GRIB step type say so, or the user names it. Variables that
    accumulate over several steps, such as from midnight on, are differenced first. Periods with fewer steps than
    the time step of the record implies are left out.

    Parameters
    ----------
    ds : xr.Dataset
        Over time, latitude, longitude, and perhaps `member`.
    aggregate : str
        "daily", "monthly" or a pandas offset.
    accumulated : sequence of str
        Variables to sum.
    notes : Notes
        Receives what was left out or differenced.
    months : sequence of int, default=None
        Months that matter; incomplete periods of others are not reported.

    Returns
    -------
    xr.Dataset

    Raises
    ------
    DscTfError
        If the offset is unknown or shorter than the time step, or no period is complete.
    """
    offset = _offset(aggregate)
    step = time_step(ds)
    _refuse_short(aggregate, offset, step)
    fields = {}
    for name in ds.data_vars:
        values = ds[name]
        stated = time_method(values.attrs)
        method = "sum" if name in accumulated else stated
        _note_doubtful_method(values, method, stated, step, notes)
        if method is None and _may_be_amounts(values):
            notes.add(
                f"{name}: averaged, since the file does not state that its values are sums. If they are amounts, add "
                f"--accumulated {name}."
            )
        if method == "sum":
            values = _increments(values, step, notes)
        fields[name] = _resampled(values, offset, method, step, aggregate, notes, months)
    result = xr.merge(
        [field.rename(name) for name, field in fields.items()], join="inner", combine_attrs="drop_conflicts"
    )
    if not result.sizes["time"]:
        raise DscTfError(f"aggregate: no complete period of {aggregate!r} in the data. Choose a shorter one.")
    return result.assign_attrs(ds.attrs)


def _note_doubtful_method(values, method, stated, step, notes):
    """Remark on values whose averages or sums are not of the quantity that the file describes."""
    units = str(values.attrs.get("units", "")).strip()
    is_rate = _is_rate(units, step)
    if method in OTHER_METHODS:
        notes.add(f"{values.name}: averaged, although its cell_methods state a {method.replace('_', ' ')}.")
    if method == "sum" and (is_rate or stated not in (None, "sum")):
        what = f"its units are {units}" if is_rate else f"the file states values of kind {stated}"
        notes.add(f"{values.name}: summed, although {what}. Check that sums are wanted.")


def _is_rate(units, step):
    """Whether units are those of a rate per another time than the time step, so that sums are no amounts."""
    found = RATE.fullmatch(units)
    unit = next((text.lower() for text in found.groups() if text), "") if found else ""
    hours = next((value for start, value in RATE_HOURS.items() if unit.startswith(start)), None)
    if hours is None:
        return False
    return step is None or not 0.9 < step / pd.Timedelta(hours=hours) < 1.1


def _may_be_amounts(values):
    """Whether units or names are those of amounts of water or energy, which are summed rather than averaged."""
    units = str(values.attrs.get("units", "")).strip().replace("**", "")
    names = (str(values.name), str(values.attrs.get("standard_name", "")))
    return units in AMOUNT_UNITS or units in LENGTHS and any(AMOUNT_NAMES.fullmatch(name) for name in names)


def _offset(aggregate):
    offset = WORDS.get(aggregate, aggregate)
    try:
        parsed = pd.tseries.frequencies.to_offset(offset)
    except (ValueError, TypeError) as error:
        parsed, cause = None, error
    else:
        cause = None
    if parsed is None or parsed.n <= 0 or _days_of(parsed) is None:
        raise DscTfError(
            f"aggregate: {aggregate!r}. Give daily, monthly, or an offset such as 6h or 5D."
        ) from cause
    return offset


def time_step(ds):
    """Median step of a record; None where it has fewer than two steps."""
    times = ds.indexes["time"]
    if len(times) < 2:
        return None
    steps = np.sort((times[1:] - times[:-1]).values)
    return pd.Timedelta(steps[len(steps) // 2])


def _refuse_short(aggregate, offset, step):
    parsed = pd.tseries.frequencies.to_offset(offset)
    length = pd.Timedelta(days=_days_of(parsed))
    if step is not None and length < step * 0.99 or length < pd.Timedelta("1min"):
        raise DscTfError(
            f"aggregate: {aggregate!r} is shorter than the time step of the data ({_text(step)}). Choose a longer one."
        )
    steps = 1.0 if step is None or _months(parsed) or step > pd.Timedelta("1D") else length / step
    if abs(steps - round(steps)) > 0.01 * steps:
        raise DscTfError(
            f"aggregate: {aggregate!r} is no multiple of the time step of the data ({_text(step)}). Choose one."
        )


def _days_of(parsed):
    """Longest length of an offset in days; None of one that is neither a duration nor weeks, months or years."""
    try:
        return pd.Timedelta(parsed) / pd.Timedelta("1D")
    except (ValueError, TypeError):
        pass
    if isinstance(parsed, pd.offsets.Week):
        return 7.0 * parsed.n
    return 31.0 * _months(parsed) or None


def _text(step):
    if step is None:
        return "one step"
    hours = step.total_seconds() / 3600
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:g} days"


# Periods


def _resampled(values, offset, method, step, aggregate, notes, months):
    try:
        groups = values.resample(time=offset)
        counts = _counts(values, offset)
    except (ValueError, TypeError, OverflowError) as error:
        raise DscTfError(
            f"aggregate: {aggregate!r} does not fit the calendar. Give daily, monthly, or an offset such as 5D."
        ) from error
    expected = _expected(counts, offset, step, values)
    whole = counts.values >= expected
    if method == "sum":
        result = groups.sum(skipna=False)  # a sum without some of its amounts would be too small
    elif method == "maximum":
        result = groups.max(skipna=True)
    elif method == "minimum":
        result = groups.min(skipna=True)
    else:
        result = groups.mean(skipna=True)
    partly = (counts.values > 0) & ~whole
    if months is not None:
        partly &= counts["time"].dt.month.isin(months).values
    if partly.any():
        at = int(np.flatnonzero(partly)[0])
        first = str(counts.indexes["time"][at])[:10]
        notes.add(
            f"aggregate: {int(partly.sum())} incomplete periods of {aggregate!r} left out, the first {first} "
            f"with {int(counts.values[at])} of {int(expected[at])} steps."
        )
    kept = np.isin(result["time"].values, counts["time"].values[whole])
    names = {"sum": "sum", "maximum": "maximum", "minimum": "minimum"}
    attrs = values.attrs | {"cell_methods": f"time: {names.get(method, 'mean')}"}
    return result.isel(time=np.flatnonzero(kept)).assign_attrs(attrs)


def _counts(values, offset):
    ones = xr.DataArray(np.ones(values.sizes["time"]), {"time": values["time"]}, ("time",))
    return ones.resample(time=offset).sum()


def _expected(counts, offset, step, values):
    """Steps that each period has when complete."""
    if step is None:
        return np.ones(counts.sizes["time"])
    lengths = _lengths(counts, offset, values)
    return np.maximum(1, np.round(lengths / (step / pd.Timedelta("1D")) - 0.01))


def _lengths(counts, offset, values):
    """Length of each period in days."""
    labels = counts.indexes["time"]
    try:
        fixed = pd.Timedelta(pd.tseries.frequencies.to_offset(offset))
        return np.full(len(labels), fixed / pd.Timedelta("1D"))
    except (ValueError, TypeError):
        pass
    parsed = pd.tseries.frequencies.to_offset(offset)
    at_end = parsed.freqstr.split("-")[0].lstrip("0123456789")[-1:] == "E" or parsed.freqstr.startswith("W")
    calendar = None if isinstance(labels, pd.DatetimeIndex) else values["time"].dt.calendar
    months = _months(parsed)
    lengths = []
    for label in labels:
        year, month = (label.year, label.month)
        if not months:
            lengths.append(7.0 * parsed.n)
            continue
        first = month - months + 1 if at_end else month
        lengths.append(float(sum(_days(year, first + i, calendar or "standard") for i in range(months))))
    return np.array(lengths)


def _months(parsed):
    """Months in an offset of months, quarters or years; 0 for others."""
    return {"M": 1, "Q": 3, "Y": 12}.get(re.sub(r"^[\d.]+B?", "", parsed.freqstr)[:1], 0) * parsed.n


def _days(year, month, calendar):
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return days_in_month(year, month, calendar)


# Running accumulations


def _increments(values, step, notes):
    """Amounts of each step, where values are accumulated over several steps; others unchanged."""
    found = accumulation_period(values, step)
    if found is None:
        total = _running_total(values, step)
        if total is not None:
            sign, slack, begins = total
            return _increments_of_total(values, step, sign, slack, begins, notes)
        if _is_coarse(values, step):
            notes.add(
                f"{values.name}: taken as amounts of {_text(step)} each. If it accumulates over several steps, "
                "difference it first."
            )
        return values
    period, first = found
    per_day = round(pd.Timedelta("1D") / step)
    slots = _slots(values, step, per_day)
    at_start = (slots - first) % period == 0
    coords = {"time": values["time"]}
    is_start = xr.DataArray(at_start, coords, ("time",))
    is_known = xr.DataArray(at_start | _follows(values, step), coords, ("time",))
    changes = values - values.shift(time=1)
    amounts = xr.where(is_start, values, changes).where(is_known).transpose(*values.dims)
    since = (
        "midnight"
        if period == per_day and first == 1
        else f"the start of every {period * step / pd.Timedelta('1h'):g} hours"
    )
    notes.add(
        f"{values.name}: accumulated since {since}; differenced before it is summed. "
        "Each amount counts in the period in which its interval begins."
    )
    return _at_begin(amounts, values, step, first_is_known=at_start[0])


def _follows(values, step):
    """Whether each step comes one time step after the one before it."""
    steps = values.indexes["time"]
    return np.r_[False, [abs((b - a) / step - 1) < 0.01 for a, b in zip(steps[:-1], steps[1:], strict=True)]]


def _at_begin(amounts, values, step, *, first_is_known):
    """Amounts of the intervals that end at their times, at the times at which these begin."""
    shifted = amounts.assign_coords(time=values["time"] - step)
    return shifted.isel(time=slice(0 if first_is_known else 1, None)).assign_attrs(values.attrs)


def _running_total(values, step):
    """Sign, rounding and first step of a total that grows over the whole record; None where values are none.

    A forecast accumulates from its start for weeks; the total falls, if at all, where the next forecast begins. Amounts
    of single steps fall about as often as they rise.
    """
    if step is None:
        return None
    per_day = max(1, round(pd.Timedelta("1D") / step))
    blocks = [fields for fields, _ in _blocks(values, step, max(per_day, LEAST_OF_TOTAL))]
    if max(map(len, blocks)) < max(LEAST_OF_TOTAL, per_day + 1):
        return None
    low, high = (_mean([np.ravel(part(f, initial=0.0)) for f in blocks]) for part in (np.nanmin, np.nanmax))
    if min(-low, high) > 1e-3 * max(-low, high):
        return None
    sign, slack = (1.0 if high > -low else -1.0), 5e-5 * max(-low, high)
    changes = [sign * np.diff(fields, axis=0) for fields in blocks]
    rises, falls = (_mean([c > slack for c in changes]), _mean([c < -slack for c in changes]))
    if not rises > max(0.05, 50 * falls):
        return None
    begins = sign * _mean([blocks[0][:1]]) <= 3 * _mean([changes[0][: max(1, per_day)]])
    return sign, slack, bool(begins)


def _increments_of_total(values, step, sign, slack, begins, notes):
    """Amounts of each step of a running total; where it falls, it begins at zero."""
    changes = values - values.shift(time=1)
    follows = _follows(values, step)
    follows[0] = begins
    is_known = xr.DataArray(follows, {"time": values["time"]}, ("time",))
    has_begun = (sign * changes < -slack) | changes.isnull()
    amounts = xr.where(has_begun, values, changes).where(is_known).transpose(*values.dims)
    notes.add(
        f"{values.name}: accumulated since the start of the record or of a forecast; differenced before it is summed. "
        "Each amount counts in the period in which its interval begins."
    )
    return _at_begin(amounts, values, step, first_is_known=begins)


def _is_coarse(values, step):
    """Whether steps are too long to tell running accumulations from amounts."""
    if step is None or step >= pd.Timedelta("1D"):
        return False
    per_day = round(pd.Timedelta("1D") / step)
    if per_day < LEAST_STEPS:
        return True
    blocks = _blocks(values, step, per_day) if per_day < LEAST_OF_PAIRS else []
    if _has_both_signs(blocks):
        return per_day < LEAST_SIGNED
    return _first_of_pairs(blocks, per_day) is not None


def accumulation_period(values, step):
    """Length and first step of the intervals over which a variable accumulates, from its own values.

    An accumulation falls back to the amount of one step after each interval, by more than it changes from one
    step to the next within the interval; the amounts that follow from it continue smoothly there; and amounts of one
    sign never change back within an interval. Of the intervals for which this holds, the one with the smoothest
    amounts is taken.

    Parameters
    ----------
    values : xr.DataArray
        Over time, latitude and longitude.
    step : pandas.Timedelta or None
        Time step.

    Returns
    -------
    tuple of int or None
        Steps of an interval, and position within the day of its first value; None where values are amounts of
        single steps, or it cannot be told.
    """
    day = pd.Timedelta("1D")
    if step is None or step >= day or abs(day / step - round(day / step)) > 1e-6:
        return None
    per_day = round(day / step)
    blocks = _blocks(values, step, per_day) if per_day >= LEAST_STEPS else []
    has_both_signs = _has_both_signs(blocks)
    least, ratio = (LEAST_SIGNED, 2.2) if has_both_signs else (LEAST_STEPS, 1.5)
    best = None
    for period in (p for p in range(least, per_day + 1) if per_day % p == 0):
        for first in range(period):
            roughness = _roughness(blocks, period, first, ratio)
            if roughness is not None and (best is None or roughness < best[0]):
                best = roughness, period, first
    if best is None and not has_both_signs:
        first = _first_of_pairs(blocks, per_day)
        return None if first is None or per_day < LEAST_OF_PAIRS else (2, first)
    return None if best is None else best[1:]


def _first_of_pairs(blocks, per_day):
    """Position in the day of the first value of two, if each second value is the sum of two amounts; else None.

    The second value is then never nearer to zero than the first one, by day and by night, but the next value often is.
    """
    for first in (0, 1):
        rises, falls, slots = [], [], []
        for fields, positions in blocks if per_day % 2 == 0 else ():
            steps = np.diff(np.abs(fields), axis=0) / max(np.nanmax(np.abs(fields), initial=0.0), 1e-300)
            is_second = (positions[1:] - first) % 2 == 1
            rises.append(steps[is_second])
            falls.append(steps[~is_second])
            slots.append(positions[1:][is_second])
        changes = np.concatenate(rises) if rises else np.zeros((0, 1))
        is_rise, is_fall = changes > 1e-4, changes < -1e-4
        after = np.concatenate(falls) if falls else np.zeros((0, 1))
        if is_rise.sum() < LEAST_RISES or is_fall.sum() > 1e-3 * is_rise.sum():
            continue
        rising = np.unique(np.concatenate(slots)[is_rise.mean(axis=1) > 0.01])
        if 2 * len(rising) >= per_day // 2 and (after < -1e-4).sum() > 0.2 * (np.abs(after) > 1e-4).sum():
            return first
    return None


def _has_both_signs(blocks):
    low = min((np.nanmin(fields, initial=0.0) for fields, _ in blocks), default=0.0)
    high = max((np.nanmax(fields, initial=0.0) for fields, _ in blocks), default=0.0)
    return min(-low, high) > 1e-3 * max(-low, high)


def _roughness(blocks, period, first, ratio):
    """Mean change from one amount to the next if values accumulate over such intervals; None if they do not."""
    parts = [_parts(fields, (slots - first) % period == 0) for fields, slots in blocks]
    jump, usual, at_reset, before, error, usual_error, back, change = (
        _mean([part[i] for part in parts]) for i in range(8)
    )
    if not usual > 0 or not jump > max(ratio, 0.15 * (period - 1)) * usual:
        return None
    if not at_reset < 0.5 * before or not error < 2 * usual_error or back > 0.02:
        return None
    return change


def _parts(fields, at):
    """Sizes that tell an accumulation from amounts, for one block of consecutive steps."""
    steps = np.diff(fields, axis=0)
    sizes = np.abs(fields)
    amounts = fields.copy()
    amounts[1:][~at[1:]] = steps[~at[1:]]
    amounts[0] = fields[0] if at[0] else np.nan
    errors = np.abs(amounts[1:-1] - (amounts[:-2] + amounts[2:]) / 2)
    slack = 1e-3 * np.nanmax(sizes, initial=0.0)
    within = steps[~at[1:]]
    back = np.zeros(1)
    if np.nanmin(fields, initial=np.inf) >= -slack:
        back = within < -slack
    elif np.nanmax(fields, initial=-np.inf) <= slack:
        back = within > slack
    return (
        np.abs(steps[at[1:]]),
        np.abs(within),
        sizes[1:][at[1:]],
        sizes[:-1][at[1:]],
        errors[at[1:-1]],
        errors[~at[1:-1]],
        back,
        np.abs(np.diff(amounts, axis=0)),
    )


def _mean(arrays):
    joined = np.concatenate([np.ravel(array).astype(float) for array in arrays]) if arrays else np.zeros(0)
    joined = joined[np.isfinite(joined)]
    return joined.mean() if len(joined) else np.nan


def _slots(values, step, per_day):
    t = values["time"].dt
    seconds = t.hour.values * 3600 + t.minute.values * 60 + t.second.values
    return np.round(seconds / step.total_seconds()).astype(int) % per_day


def _blocks(values, step, per_day):
    """Consecutive steps from the beginning, the middle and the end of a record, with their positions in the day.

    Returns
    -------
    list of (array of shape (time, cell), array of int)
        Missing values and steps after a gap are NaN.
    """
    total = values.sizes["time"]
    length = SAMPLED_DAYS * per_day + 1
    last = max(0, total - length)
    begins = sorted({round(i * last / (SAMPLED_PLACES - 1)) for i in range(SAMPLED_PLACES)})
    other = [dim for dim in values.dims if dim != "time"]
    cells = int(np.prod([values.sizes[dim] for dim in other]))
    every = slice(None, None, max(1, int(np.sqrt(cells / MAX_CELLS))))
    blocks = []
    for begin in begins:
        part = values.isel(time=slice(begin, begin + length), latitude=every, longitude=every)
        fields = part.transpose("time", *other).values.reshape(part.sizes["time"], -1).astype(float)
        times = part.indexes["time"]
        gaps = [i + 1 for i in range(len(times) - 1) if abs((times[i + 1] - times[i]) / step - 1) > 0.01]
        fields[gaps] = np.nan
        blocks.append((fields, _slots(part, step, per_day)))
    return blocks
