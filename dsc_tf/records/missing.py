"""Missing values: default fill values, valid ranges, flags and chunks that a store lacks."""

import math
import re

import numpy as np
import xarray as xr

from .notes import Notes

FILLS = {"f4": 9.969209968386869e36, "f8": 9.969209968386869e36, "i2": -32767, "i4": -2147483647}
FILLS |= {"i8": -9223372036854775806, "u2": 65535, "u4": 4294967295, "u8": 18446744073709551614}
CODES = (-9999.0, -999.0, -99999.0, -999.9, -99.9, -9999.9, -9.99e8, -9e33, -1e34, 9999.0, 99999.0, 999999.0)
CODES += (999.0, 999.9, -99.0, -99.99, -888.0)
CODES += (
    1e20,
    1e30,
    1e34,
    1e35,
    1e36,
    -1e20,
    -1e30,
    9.969209968386869e36,
    -32767.0,
    -32768.0,
    32767.0,
    1e15,
    1e10,
)
CODES += (-2147483647.0, -2147483648.0, -8888.0, -7777.0, -6999.0, -999000000.0, 65535.0, 1e19, -1.7014118e38)
FILL_NAMES = (
    "_FillValue",
    "missing_value",
    "fill_value",
    "FillValue",
    "_fillvalue",
    "fillvalue",
    "_Fillvalue",
)
FILL_NAMES += ("Fill_Value", "missingvalue", "missing_val", "nodata", "NODATA", "NoData", "nodata_value")
HUGE = 1e30  # no quantity of the field has such values
VERY_FAR = 5.0  # ranges of the other values between them and an outlier that is no known code
FAR = 3.0  # ranges of the other values between a code and them


def correct_fills(raw: xr.Dataset, notes: Notes) -> None:
    """Fill values in the type of their variable, from numbers of another type, text, or attributes of other names.

    -9999.9 in double precision is not equal to any value in single precision, so that it would not count as missing.

    Parameters
    ----------
    raw : xr.Dataset
        Not decoded; its attributes are changed in place.
    notes : Notes
        Receives attributes of other names, not shown as warnings.
    """
    for name, values in raw.variables.items():
        if name in raw.dims and np.all(values.attrs.get("_FillValue", 1) == 0):
            del values.attrs[
                "_FillValue"
            ]  # of Zarr stores, whose fill value is 0 unless another one is given
        if values.dtype.kind not in "iuf" or values.ndim < 2 or name in raw.dims:
            continue
        stated = [key for key in FILL_NAMES[:2] if key in values.attrs]
        other = [key for key in FILL_NAMES[2:] if not stated and key in values.attrs]
        for key in stated or other[:1]:
            fill = _fill_of_type(values.attrs[key], values.dtype)
            if fill is None:
                continue
            values.attrs[key if key in stated else "missing_value"] = fill
            if np.any(fill == 0):
                notes.add(f"{name}: 0 counts as missing, as its {key} states. Check that this is meant.")
            if key not in stated:
                del values.attrs[key]
                notes.add(f"{name}: {fill} counts as missing, as its attribute {key} states.", minor=True)


def _fill_of_type(stated, dtype):
    """A fill value in a type; None where it is no number or has no equal in the type."""
    if isinstance(stated, (str, bytes)):
        text = stated.decode(errors="replace") if isinstance(stated, bytes) else stated
        stated = re.split(r"[\s,]+", text.strip(" ,\0"))
        stated = [re.sub(r"(?<=[\d.])[fdsbl]$", "", one, flags=re.I) for one in stated]
    try:
        numbers = np.atleast_1d(stated).astype(float)
    except (TypeError, ValueError):
        return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            fills = numbers.astype(dtype)
    else:
        limits = np.iinfo(dtype)
        inside = np.isfinite(numbers) & (numbers == np.floor(numbers))
        inside &= (numbers >= limits.min) & (numbers <= limits.max)
        if not inside.all() or np.abs(numbers).max() > 2**53:
            return None
        fills = numbers.astype(dtype)
    return fills[0] if len(fills) == 1 else fills


def declare_default_fills(raw):
    """Give variables without a fill value that of their type in netCDF, as netCDF4-python reads them.

    Parameters
    ----------
    raw : xr.Dataset
        Not decoded; its attributes are changed in place.
    """
    for name, values in raw.variables.items():
        kind = values.dtype.str[1:]
        is_stated = "_FillValue" in values.attrs or "missing_value" in values.attrs
        if is_stated or values.ndim < 2 or kind not in FILLS or name in raw.dims or _is_unsigned(values):
            continue
        values.attrs["_FillValue"] = values.dtype.type(FILLS[kind])


def _is_unsigned(values):
    return str(values.attrs.get("_Unsigned", "false")).lower() == "true"


def without_invalid(ds, notes):
    """The dataset without values outside their stated valid range and without flag values.

    Bounds of packed variables are compared as CF asks: in the packed unit where they have the packed type.

    Parameters
    ----------
    ds : xr.Dataset
        Decoded.
    notes : Notes
        Receives the ranges and flags, not shown as warnings.
    """
    result = {}
    for name, values in ds.data_vars.items():
        if values.dtype.kind not in "iuf":
            continue
        low, high = _valid_range(values)
        flags = _flags(values)
        if low is None and high is None and not len(flags):
            continue
        limits = [
            f"{'below' if is_low else 'above'} {bound:g}"
            for bound, is_low in ((low, True), (high, False))
            if bound is not None
        ]
        limits += [f"equal to {flag:g}" for flag in flags[:5]]
        notes.add(
            f"{name}: values {' or '.join(limits)} count as missing, as its attributes state.", minor=True
        )
        lazy = values if values.chunks is not None or values.variable._in_memory else values.chunk()
        good = np.isfinite(lazy)
        scale = abs(float(values.encoding.get("scale_factor", 0) or 0))
        for bound, is_low in ((low, True), (high, False)):
            if bound is not None:
                slack = scale / 2 + 1e-6 * abs(bound)
                good &= (lazy >= bound - slack) if is_low else (lazy <= bound + slack)
        for flag in flags:
            good &= abs(lazy - flag) > scale / 4 + 1e-6 * abs(flag)
        result[name] = lazy.where(good).assign_attrs(values.attrs)
        result[name].encoding = values.encoding
    return ds.assign(result) if result else ds


def _valid_range(values):
    attrs = values.attrs
    low, high = attrs.get("valid_min"), attrs.get("valid_max")
    if np.size(attrs.get("valid_range", ())) == 2:
        low, high = np.ravel(attrs["valid_range"])
    low, high = _unpacked(low, values), _unpacked(high, values)
    is_reversed = low is not None and high is not None and low > high  # as by a negative scale_factor
    return (high, low) if is_reversed else (low, high)


def _flags(values):
    """Flag values of a quantity with units, unpacked; categories without units are no quantity."""
    if "flag_values" not in values.attrs or "flag_meanings" not in values.attrs:
        return []
    flags = [_unpacked(flag, values) for flag in np.ravel(values.attrs["flag_values"])]
    return [flag for flag in flags if flag is not None]


def _unpacked(bound, values):
    """A bound in the unit of the decoded values; None where it is no number."""
    try:
        number = float(bound)
    except (TypeError, ValueError):
        return None
    packed = values.encoding.get("dtype")
    scale, offset = (values.encoding.get(key) for key in ("scale_factor", "add_offset"))
    is_packed = (
        packed is not None and np.dtype(packed).kind in "iu" and (scale is not None or offset is not None)
    )
    if is_packed and getattr(bound, "dtype", np.dtype(float)).kind in "iu":
        number = number * float(1 if scale is None else scale) + float(offset or 0)
    return number if math.isfinite(number) else None


def is_category(values):
    """Whether a variable holds flags rather than a quantity."""
    if any("enum" in (dtype.metadata or {}) for dtype in _dtypes(values)):
        return True
    has_flags = "flag_meanings" in values.attrs
    return has_flags and str(values.attrs.get("units", "")).strip() in ("", "1", "none")


def _dtypes(values):
    """Type of a variable, and that which it has in its file."""
    of_file = values.encoding.get("dtype")
    return [values.dtype, *([of_file] if isinstance(of_file, np.dtype) else [])]


def note_absent_chunks(path, raw, notes):
    """Remark on chunks that a local Zarr store lacks and that are read as a value which counts as known."""
    import zarr

    group = zarr.open_group(str(path), mode="r")
    for name in raw.data_vars:
        try:
            array = group[str(name)]
            absent = array.nchunks - array.nchunks_initialized
        except (KeyError, AttributeError, TypeError, ValueError, OSError):
            continue
        fill = array.fill_value
        is_missing = fill is not None and np.asarray(fill).dtype.kind == "f" and np.isnan(fill)
        stated = raw[name].attrs.get("_FillValue", raw[name].attrs.get("missing_value"))
        is_missing = is_missing or stated is not None and fill is not None and bool(np.all(stated == fill))
        if absent and raw[name].ndim > 1:
            read_as = "undefined values" if fill is None else f"{fill}"
            if not is_missing:
                notes.add(
                    f"{name}: {absent} of {array.nchunks} chunks are not in the store and are read as {read_as}. "
                    "Copy the store again unless all values there are equal to that."
                )


def missing_code(known):
    """A value in use as a code for missing values that the file does not state; None where there is none.

    Parameters
    ----------
    known : FieldStatistics
        Of a variable.
    """
    for extreme, others in _extremes(known):
        if abs(extreme) > HUGE:
            return extreme
        is_code = any(np.float32(extreme) == np.float32(code) for code in CODES)
        if is_code and _distance(extreme, others) > FAR:
            return extreme
    return None


def outlier(known):
    """An extreme value far from all others that is reached by few cells, and their range; None where there is none.

    Parameters
    ----------
    known : FieldStatistics
        Of a variable.

    Returns
    -------
    tuple of float or None
        The value, and the lowest and highest of the extremes of all other cells.
    """
    for extreme, others in _extremes(known):
        at = np.count_nonzero((known.low == np.float32(extreme)) | (known.high == np.float32(extreme)))
        is_rare = at < np.count_nonzero(known.counts) / 2
        if (
            is_rare
            and len(others) > 2
            and others.max() > others.min()
            and _distance(extreme, others) > VERY_FAR
        ):
            return extreme, float(others.min()), float(others.max())
    return None


def _extremes(known):
    """The lowest and the highest value, each with the other extremes of all cells."""
    bounds = np.concatenate([known.low, known.high]).astype(float)
    bounds = bounds[np.isfinite(bounds)]
    if not len(bounds):
        return []
    return [(extreme, bounds[bounds != extreme]) for extreme in (float(bounds.min()), float(bounds.max()))]


def _distance(extreme, others):
    """Distance of a value from the nearest of others, in ranges of the others."""
    if not len(others):
        return 0.0
    spread = max(float(others.max()) - float(others.min()), 1e-3 * abs(float(others.mean())))
    return float(np.abs(others - extreme).min()) / spread if spread else np.inf
