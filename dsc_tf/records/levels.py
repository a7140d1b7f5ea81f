"""Levels: several levels of a variable become several variables, named with value and unit."""

import re

import numpy as np
import xarray as xr

from ..errors import DscTfError
from .axes import AXES

NAMES = re.compile(
    r".*(lev(el)?s?|layer|depth|height|press|isobar|plev|alt(itude)?|sigma|hybrid|theta|potential|soil|model_?lev).*"
    r"|[zk]\d?|p\d?|lv_.*|olevel|deptht|gdep.*|mlev|surface|bottom_top.*|s[tw]_ocean|s_(rho|w)|z[tw]|n[zk]",
    re.I,
)
STANDARD = re.compile(
    r"air_pressure|height.*|depth.*|altitude.*|.*sigma.*|.*_level.*|alevel|olevel|model_level_number"
)
SAME_UNITS = {"millibars": "hPa", "millibar": "hPa", "mbar": "hPa", "mb": "hPa", "hectopascals": "hPa"}
BASE_KEY = "dsc_tf_base"  # name of a variable before its level was added; for joins only
NO_UNITS = {"", "1", "none", "unitless", "dimensionless", "level", "levels", "nan", "-"}


def is_level(ds, name):
    """Whether a dimension or coordinate is vertical, by CF attributes and units first, then by name."""
    if name in ds.coords:
        attrs = ds[name].attrs
        if attrs.get("axis") == "Z" or attrs.get("positive") in ("up", "down"):
            return True
        if STANDARD.fullmatch(str(attrs.get("standard_name", ""))):
            return True
        if re.fullmatch(r"h?Pa|millibars?|mb(ar)?", str(attrs.get("units", ""))):
            return True
    return bool(NAMES.fullmatch(str(name)))


def level_name(name, value, units=""):
    """Name of a variable at a level, such as t850hPa.

    >>> level_name("t", 850.0, "hPa"), level_name("ta", 100000.5, "Pa"), level_name("q", 3)
    ('t850hPa', 'ta100000.5Pa', 'q3')
    """
    return f"{name}{level_text(value)}{unit_text(units)}"


def level_text(value):
    """Text of a level, exact to rounding (1e-7 of its value)."""
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            return "nan"
        digits = next(n for n in range(6, 18) if abs(float(f"{value:.{n}g}") - value) <= 1e-7 * abs(value))
        return np.format_float_positional(float(f"{value:.{digits}g}"), trim="-")
    if isinstance(value, (int, np.integer)):
        return str(value)
    return f"_{value}"


def unit_text(units):
    """Unit of a level as part of a name; empty where it has none."""
    units = str(units).strip()
    return "" if units.lower() in NO_UNITS else SAME_UNITS.get(units.lower(), units).replace(" ", "")


def choose_level(ds, level, source, notes=None):
    """The chosen levels of every variable that has several.

    Parameters
    ----------
    ds : xr.Dataset
        With dimensions of levels.
    level : sequence of str or number, str, number or None
        Values in the file's unit, or with a unit, such as 500, "500hPa"; None takes all.
    source : str
        Name of the dataset in messages.
    notes : Notes, default=None
        Receives the variables that have levels, but none of the chosen ones; they are left out.

    Raises
    ------
    DscTfError
        If no dimension holds a chosen level.
    """
    if level is None:
        return ds
    wanted = [level] if isinstance(level, (str, int, float, np.number)) else list(level)
    dims = [d for d in ds.dims if d not in (*AXES, "member") and d in ds.coords and is_level(ds, d)]
    single = [n for n in ds.coords if ds[n].ndim == 0 and n not in AXES and is_level(ds, n)]
    found, without = {one: False for one in map(str, wanted)}, []
    for dim in dims:
        values, units = ds[dim].values, ds[dim].attrs.get("units", "")
        at = []
        for one in wanted:
            hits = [i for i, value in enumerate(values) if _matches(value, units, one)]
            found[str(one)] |= bool(hits)
            at += [i for i in hits if i not in at]
        if at:
            ds = ds.isel({dim: at})
        else:
            without.append(dim)
    for name in single:
        for one in wanted:
            found[str(one)] |= _matches(ds[name].item(), ds[name].attrs.get("units", ""), one)
    absent = [one for one, there in found.items() if not there]
    if absent:
        known = [level_text(v) + unit_text(ds[d].attrs.get("units", "")) for d in dims for v in ds[d].values]
        known += [level_text(ds[n].item()) + unit_text(ds[n].attrs.get("units", "")) for n in single]
        among = f"Choose among {', '.join(known[:20])}." if known else "Leave --level out."
        raise DscTfError(f"level: {', '.join(absent)} not in {source}. {among}")
    names = [name for name in ds.data_vars if set(ds[name].dims) & set(without)]
    if names and notes is not None:
        notes.add(f"left out, since at none of the levels {', '.join(found)}: {', '.join(map(str, names))}")
    return ds.drop_vars(names)


def _matches(value, units, wanted):
    found = re.fullmatch(r"\s*([-+0-9.eE]+?)\s*([A-Za-z%]\S*)?\s*", str(wanted))
    if not found:
        return str(value) == str(wanted)
    try:
        number = float(found[1])
        value = float(value)
    except (TypeError, ValueError):
        return False
    if found[2]:
        from .units import converted_value

        converted = converted_value(number, found[2], str(units))
        if converted is None:
            return False
        number = converted
    return bool(np.isclose(value, number, rtol=1e-6, atol=0))


def levels_as_variables(ds, notes):
    """Every level of a variable as a variable of its own; variables with other dimensions are left out.

    Parameters
    ----------
    ds : xr.Dataset
        Over time, latitude, longitude, and perhaps `member` and one dimension of levels.
    notes : Notes
        Receives the names of variables that were left out.

    Returns
    -------
    xr.Dataset
        Variables over the axes, others unchanged.
    """
    plain = {str(name) for name in ds.data_vars if not _extra(ds[name])}
    result = {}
    for name, values in ds.data_vars.items():
        extra = _extra(values)
        if not extra or not set(AXES) <= set(values.dims):
            result[name] = values
        elif 0 in (ds.sizes[dim] for dim in extra):
            notes.add(f"{name}: left out, since {' and '.join(map(str, extra))} has no entry.")
        elif len(extra) == 1 and is_level(ds, extra[0]):
            for new, field in _by_level(ds, values, extra[0]).items():
                taken = new in plain or new in result
                result[f"{new}_{extra[0]}" if taken else new] = field
        else:
            sizes = ", ".join(f"{dim} ({ds.sizes[dim]})" for dim in extra)
            notes.add(
                f"{name}: left out, since {sizes} is no level and no ensemble member. "
                f"Select one, as in ds.isel({extra[0] if extra else 'dim'}=0)."
            )
    coords = {name: ds[name] for name in ds.coords if set(ds[name].dims) <= {*AXES, "member"}}
    return xr.Dataset(result, coords, ds.attrs)


def _extra(values):
    return [dim for dim in values.dims if dim not in (*AXES, "member")]


def _by_level(ds, values, dim):
    levels = ds[dim].values if dim in ds.coords else np.arange(ds.sizes[dim])
    units = ds[dim].attrs.get("units", "") if dim in ds.coords else ""
    if levels.dtype.kind == "f" and not np.isfinite(levels).all():
        raise DscTfError(f"{dim}: {int((~np.isfinite(levels)).sum())} levels are not finite. Fix the axis.")
    texts = [level_text(level) for level in levels]
    if len(set(texts)) < len(texts):
        texts = [str(level) for level in levels]
    if len(set(texts)) < len(texts):
        raise DscTfError(f"{dim}: a level occurs twice among {', '.join(texts[:10])}. Give each level once.")
    fields = {}
    for i, text in enumerate(texts):
        field = values.isel({dim: i}, drop=True)
        fields[f"{values.name}{text}{unit_text(units)}"] = field.assign_attrs({BASE_KEY: str(values.name)})
    return fields
