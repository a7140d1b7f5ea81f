"""Units: compared, converted by a library or refused; units and grid of a record compared with expected ones."""

import functools
import re
import warnings

import numpy as np

from ..errors import DscTfError
from .grids import aligned_grid

SPELLINGS = {"kelvin": "K", "celsius": "degC", "centigrade": "degC", "c": "degC", "fahrenheit": "degF"}
SPELLINGS |= {"m of water equivalent": "m"}
SPELLINGS |= {"percent": "%", "(0 - 1)": "1", "(0-1)": "1", "0-1": "1", "fraction": "1", "unitless": "1"}
SPELLINGS |= {"gpm": "m", "gpdm": "dam", "millibar": "hPa", "millibars": "hPa", "mb": "hPa", "mbar": "hPa"}
SPELLINGS |= {
    "pascal": "Pa",
    "pascals": "Pa",
    "hectopascal": "hPa",
    "hectopascals": "hPa",
    "mm of water": "mm",
}


DEGREES_OF = re.compile(r"deg(?:ree)?s?[ _.]*(c|celsius|centigrade|k|kelvin|f|fahrenheit)|°(c|k|f)", re.I)
TEMPERATURES = {"c": "degC", "k": "K", "f": "degF"}


def factor_and_offset(units, wanted):
    """Factor and offset from one unit to another: value in `wanted` = factor * value + offset.

    Parameters
    ----------
    units, wanted : str
        In any spelling of UDUNITS.

    Returns
    -------
    tuple of float or None
        None where the units are not convertible or one of them is unknown.

    >>> factor_and_offset("hPa", "Pa"), factor_and_offset("kg m-2", "K")
    ((100.0, 0.0), None)
    """
    units, wanted = _spelled(units), _spelled(wanted)
    return (1.0, 0.0) if units == wanted else _converted(units, wanted)


def converted_value(value, units, wanted):
    """A value in another unit; None where the units are not convertible."""
    conversion = factor_and_offset(units, wanted)
    return None if conversion is None else conversion[0] * value + conversion[1]


def _spelled(units):
    text = re.sub(r"\s+", " ", str(units)).strip()
    degrees = DEGREES_OF.fullmatch(text)  # a library reads "degrees Celsius" as an angle times a temperature
    if degrees is not None:
        return TEMPERATURES[(degrees[1] or degrees[2])[0].lower()]
    return SPELLINGS.get(text.lower(), text)


@functools.lru_cache(256)
def _converted(units, wanted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cf_xarray.units import units as registry  # takes a second to import

        try:
            low, high = (registry.Quantity(v, registry.parse_units(units)).to(wanted).m for v in (0.0, 1.0))
        except Exception:  # pint raises errors of several kinds for units that it does not know
            return None
    factor = float(high) - float(low)
    nice = float(f"{factor:.12g}")  # 100.0, not 99.99999999999999
    return nice, float(f"{float(low):.12g}")


def in_units(values, wanted, what, notes=None):
    """A variable in other units.

    Parameters
    ----------
    values : xr.DataArray
        With `units` among its attributes, or without.
    wanted : str or None
        Units; None leaves the variable as it is.
    what : str
        Name of the variable in messages.
    notes : Notes, default=None
        Receives what was converted or assumed.

    Returns
    -------
    xr.DataArray
        Unchanged where units are equal or one of them is not stated.

    Raises
    ------
    DscTfError
        If the units are not convertible.
    """
    units = values.attrs.get("units")
    if wanted is None or units is None or _spelled(units) == _spelled(wanted):
        if notes is not None and (units is None) != (wanted is None):
            notes.add(f"{what}: units are stated by some files only; taken as {units or wanted}.")
        return values
    conversion = factor_and_offset(units, wanted)
    if conversion is None:
        raise DscTfError(f"{what}: units {units!r} do not convert to {wanted!r}. Give one unit throughout.")
    if conversion == (1.0, 0.0):
        return values.assign_attrs(units=wanted)
    if notes is not None:
        notes.add(f"{what}: converted from {units} to {wanted}.")
    factor, offset = (np.float32(v) if values.dtype == np.float32 else v for v in conversion)
    return (values * factor + offset).astype(values.dtype).assign_attrs(values.attrs | {"units": wanted})


def check_units_and_grid(ds, expected):
    """A record with the variables, units and grid that a model was fitted to.

    Parameters
    ----------
    ds : xr.Dataset
        Over time, latitude and longitude.
    expected : dict
        "variables": dict of name to units (None where unknown), in order; "latitude" and "longitude": arrays in
        degrees, or absent.

    Returns
    -------
    xr.Dataset
        The expected variables in the expected units and order of rows and columns.

    Raises
    ------
    DscTfError
        If a variable is absent, its units are not convertible, or the grid differs by more than rounding.

    Warns
    -----
    UserWarning
        Of each conversion.

    >>> from dsc_tf.datasets.mock import mock_dataset
    >>> ds = mock_dataset(days=3)
    >>> check_units_and_grid(ds, {"variables": {"msl": "Pa"}, "latitude": ds.latitude.values})["msl"].attrs["units"]
    'Pa'
    """
    units = expected["variables"]
    absent = [name for name in units if name not in ds.data_vars]
    if absent:
        there = ", ".join(map(str, ds.data_vars))
        raise DscTfError(
            f"variables: {', '.join(absent)} not in the data, which hold {there}. Give the fitted ones."
        )
    notes = []
    result = ds[list(units)]
    for name, wanted in units.items():
        before = result[name].attrs.get("units")
        changed = in_units(result[name], wanted, name)
        if changed is not result[name]:
            result = result.assign({name: changed})
            if factor_and_offset(before, wanted) != (1.0, 0.0):
                notes.append(f"{name}: converted from {before} to {wanted}, in which the model was fitted.")
    grid = {axis: expected[axis] for axis in ("latitude", "longitude") if expected.get(axis) is not None}
    result, differing = aligned_grid(result, grid)
    if differing:
        raise DscTfError(
            f"data: {differing} differ from those the model was fitted to. Give the same grid and region."
        )
    for text in notes:
        warnings.warn(text, UserWarning, stacklevel=2)
    return result
