"""Objective Lamb weather types from the sea-level pressure of a day.

Sixteen points lie around a centre, numbered row by row from the north-west, 5 degrees of latitude and 10 of
longitude apart::

             p1   p2
        p3   p4   p5   p6
        p7   p8   p9   p10
        p11  p12  p13  p14
             p15  p16

The letters W, S, F, ZW, ZS and Z below are those of the papers.
"""

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..records.axes import AXES

OFFSETS = np.array(
    [
        (north, east)
        for north, easts in (
            (10, (-5, 5)),
            (5, (-15, -5, 5, 15)),
            (0, (-15, -5, 5, 15)),
            (-5, (-15, -5, 5, 15)),
            (-10, (-5, 5)),
        )
        for east in easts
    ],
    dtype=float,
)  # degrees from the centre, shape (point, 2)
TO_HPA = {"pa": 0.01, "hpa": 1.0, "mbar": 1.0, "mb": 1.0, "millibar": 1.0, "millibars": 1.0}
MID_LATITUDES = (30.0, 70.0)  # where the scheme holds (Jones et al. 2013)
WIDEST = 10.0  # degrees between grid points: the scheme's own spacing in longitude
TOLERANCE = 1e-3  # degrees, since longitudes are often float32
WEAK = 6.0  # hPa: below it flow and vorticity are indeterminate
SECTORS = ("NE", "E", "SE", "S", "SW", "W", "NW", "N")
UNCLASSIFIED, ANTICYCLONIC, DIRECTIONAL, CYCLONIC = -1, 0, 11, 20
TYPES = {
    "U": UNCLASSIFIED,
    "A": ANTICYCLONIC,
    **{f"A{sector}": ANTICYCLONIC + 1 + i for i, sector in enumerate(SECTORS)},
    **{sector: DIRECTIONAL + i for i, sector in enumerate(SECTORS)},
    "C": CYCLONIC,
    **{f"C{sector}": CYCLONIC + 1 + i for i, sector in enumerate(SECTORS)},
}
MERGED_TYPES = {name: TYPES[name] for name in ("U", "A", *SECTORS, "C")}


def weather_types(pressure, latitude=55.0, longitude=-5.0, *, merged=True):
    """Objective Lamb weather type of each step.

    Flow against vorticity decides: |Z| < F is directional, |Z| > 2F cyclonic or anticyclonic, between them
    a hybrid of both; F and |Z| both under 6 hPa leave a step unclassified, whatever their ratio. The codes are those of
    the catalogue of the Climatic Research Unit: U -1, A 0, ANE to AN 1 to 8, NE to N 11 to 18, C 20, CNE to CN
    21 to 28.

    Parameters
    ----------
    pressure : xr.DataArray
        Sea-level pressure over (time, latitude, longitude) in any order, attribute `units` Pa or hPa.
    latitude : float, default=55.0
        Centre, degrees north, from 30 to 70.
    longitude : float, default=-5.0
        Centre, degrees east, from -180 to 360.
    merged : bool, default=True
        Count hybrids as their direction, so that 11 types are left of 27.

    Returns
    -------
    xr.DataArray
        Codes over (time,), int8, with all possible codes and names in `flag_values` and `flag_meanings`.

    Raises
    ------
    DscTfError
        If the centre is not in the northern mid-latitudes, the unit is another, the record does not cover the
        sixteen points with a grid of 10 degrees or finer, or values are missing there.

    References
    ----------
    Jenkinson and Collison (1977), Synoptic Climatology Branch Memorandum 62, Met Office. Jones, Hulme and Briffa
    (1993), Int. J. Climatol. 13, 655. Some authors share hybrids half and half between direction and vorticity;
    merged types here do not.
    """
    indices = flow_indices(pressure, latitude, longitude)
    codes = _codes(indices["flow"].values, indices["direction"].values, indices["vorticity"].values, merged)
    types = MERGED_TYPES if merged else TYPES
    attrs = {
        "long_name": f"Lamb weather type around {latitude:g} N {longitude:g} E",
        "flag_values": np.array(list(types.values()), dtype=np.int8),
        "flag_meanings": " ".join(types),
    }
    return xr.DataArray(codes, {"time": indices["time"]}, ("time",), "weather_type", attrs)


def flow_indices(pressure, latitude=55.0, longitude=-5.0):
    """Strength, direction and vorticity of the geostrophic flow around a centre.

    At 55 N one hPa of flow is a wind of about 0.6 m/s. Vorticity is a difference of flows, positive where cyclonic;
    100 hPa at 55 N are about 0.46 times the Coriolis parameter.

    Parameters
    ----------
    pressure : xr.DataArray
        Sea-level pressure over (time, latitude, longitude) in any order, attribute `units` Pa or hPa.
    latitude : float, default=55.0
        Centre, degrees north, from 30 to 70.
    longitude : float, default=-5.0
        Centre, degrees east, from -180 to 360.

    Returns
    -------
    xr.Dataset
        Over (time,), float64: `westerly`, `southerly`, `flow` (their resultant) and `vorticity` in hPa, `direction`
        from which the flow comes in degrees clockwise from north (without meaning where the flow is 0).

    Raises
    ------
    DscTfError
        As `weather_types` does.

    References
    ----------
    Jones, Hulme and Briffa (1993), Int. J. Climatol. 13, 655, with the constants for any latitude.
    """
    points = _pressure_at_points(pressure, latitude, longitude)
    westerly, southerly, vorticity = _flow_and_vorticity(points, latitude)
    # The sign of -0.0 would turn a calm into a southerly.
    direction = np.degrees(np.arctan2(-westerly + 0.0, -southerly + 0.0)) % 360
    hpa = {"units": "hPa"}
    indices = {
        "westerly": ("time", westerly, hpa),
        "southerly": ("time", southerly, hpa),
        "flow": ("time", np.hypot(southerly, westerly), hpa),
        "direction": ("time", direction, {"units": "degree", "long_name": "direction the flow comes from"}),
        "vorticity": ("time", vorticity, hpa),
    }
    return xr.Dataset(indices, {"time": pressure["time"]})


def _constants(latitude):
    """Of S, of ZW north and south, and of ZS: 1.74, 1.07, 0.95 and 1.52 at 55 N."""
    phi, step = np.radians(latitude), np.radians(5)
    return (
        1 / np.cos(phi),
        np.sin(phi) / np.sin(phi - step),
        np.sin(phi) / np.sin(phi + step),
        1 / (2 * np.cos(phi) ** 2),
    )


def _flow_and_vorticity(points, latitude):
    """W, S and Z, each of shape (time,), from pressure of shape (time, point)."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16 = points.T
    a, b, c, d = _constants(latitude)
    far_west, west = (p3 + 2 * p7 + p11) / 4, (p4 + 2 * p8 + p12) / 4
    east, far_east = (p5 + 2 * p9 + p13) / 4, (p6 + 2 * p10 + p14) / 4
    westerly = (p12 + p13) / 2 - (p4 + p5) / 2
    southerly = a * (east - west)
    zw = b * ((p15 + p16) / 2 - (p8 + p9) / 2) - c * ((p8 + p9) / 2 - (p1 + p2) / 2)
    zs = d * (far_east - east - west + far_west)
    return westerly, southerly, zw + zs


def _codes(flow, direction, vorticity, merged):
    """Codes of shape (time,) by the rules of Jenkinson and Collison."""
    turning = np.abs(vorticity)
    sector = (np.floor((direction + 22.5) / 45).astype(int) - 1) % len(SECTORS)
    centre = np.where(vorticity > 0, CYCLONIC, ANTICYCLONIC)
    directional = DIRECTIONAL + sector
    return np.select(
        [(flow < WEAK) & (turning < WEAK), turning < flow, turning > 2 * flow],
        [UNCLASSIFIED, directional, centre],
        directional if merged else centre + 1 + sector,
    ).astype(np.int8)


def _pressure_at_points(pressure, latitude, longitude):
    """Pressure at the sixteen points in hPa, shape (time, point), bilinear between grid points."""
    factor = _hpa_per_unit(pressure)
    lowest, highest = MID_LATITUDES
    if not lowest <= latitude <= highest:
        raise DscTfError(
            f"latitude: {latitude:g}. Give a centre between {lowest:g} and {highest:g} degrees north."
        )
    eastward = (pressure["longitude"].values.astype(float) - longitude + 180) % 360 - 180
    south, north, northern = _between(pressure["latitude"].values.astype(float), latitude + OFFSETS[:, 0])
    west, east, eastern = _between(eastward, OFFSETS[:, 1])
    if np.isnan(northern).any() or np.isnan(eastern).any():
        box = f"{latitude + 10:g} {longitude - 15:g} {latitude - 10:g} {longitude + 15:g}"
        raise DscTfError(
            f"pressure: the record does not cover {box} (north west south east) with a grid of {WIDEST:g} degrees or "
            "finer. Give a larger region or another centre."
        )
    corners = pressure.transpose(*AXES).isel(
        latitude=xr.DataArray(np.stack([south, south, north, north]), dims=("corner", "point")),
        longitude=xr.DataArray(np.stack([west, east, west, east]), dims=("corner", "point")),
    )
    weights = np.stack([1 - northern, 1 - northern, northern, northern])
    weights = weights * np.stack([1 - eastern, eastern, 1 - eastern, eastern])
    points = np.einsum("tcp,cp->tp", corners.values.astype(np.float64), weights) * factor
    _refuse_missing(points, pressure["time"])
    return points


def _between(axis, wanted):
    """Positions below and above each wanted value, and its share of the way up; NaN where `axis` has no such pair."""
    if len(axis) < 2:
        return np.zeros(len(wanted), int), np.zeros(len(wanted), int), np.full(len(wanted), np.nan)
    order = np.argsort(axis)
    values = axis[order]
    above = np.clip(np.searchsorted(values, wanted), 1, len(values) - 1)
    low, high = values[above - 1], values[above]
    covered = (wanted > low - TOLERANCE) & (wanted < high + TOLERANCE) & (high - low < WIDEST + TOLERANCE)
    share = np.clip((wanted - low) / (high - low), 0, 1)
    return order[above - 1], order[above], np.where(covered, share, np.nan)


def _hpa_per_unit(pressure):
    if not isinstance(pressure, xr.DataArray) or set(pressure.dims) != set(AXES):
        what = getattr(pressure, "dims", type(pressure).__name__)
        raise DscTfError(
            f"pressure: {what}. Give one variable over {', '.join(AXES)}, as open_dataset returns it."
        )
    units = pressure.attrs.get("units", "none")
    if str(units).strip().lower() not in TO_HPA:
        raise DscTfError(
            f"pressure: units {units}. Give sea-level pressure with the attribute units Pa or hPa."
        )
    return TO_HPA[units.strip().lower()]


def _refuse_missing(points, time):
    missing = ~np.isfinite(points).all(axis=1)
    if missing.any():
        first = str(time.values[missing.argmax()])[:10]
        raise DscTfError(
            f"pressure: {missing.sum()} steps miss values around the centre, the first {first}. Leave these steps out."
        )
