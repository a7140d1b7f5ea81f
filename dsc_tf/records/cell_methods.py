"""CF cell_methods in any spelling: how values stand for the interval that they belong to."""

import re

METHODS = {
    "sum": "sum", "accumulated": "sum", "accumulation": "sum", "accum": "sum", "total": "sum", "mean": "mean",
    "average": "mean", "avg": "mean", "maximum": "maximum", "max": "maximum", "minimum": "minimum", "min": "minimum",
    "point": "point", "instantaneous": "point", "instant": "point", "median": "median", "mode": "mode",
    "variance": "variance", "standard_deviation": "standard_deviation", "range": "range", "mid_range": "mid_range",
}  # fmt: skip
PART = re.compile(
    r"((?:[\w.-]+\s*:\s*)+)([\w.-]+)((?:\s+(?:within|over|where|for|during)\s+[\w.-]+)*)(\s*\([^)]*\))?"
)
STEP_TYPES = {"accum": "sum", "avg": "mean", "max": "maximum", "min": "minimum", "instant": "point"}
TIME = re.compile(r".*time.*|t|date", re.I)


def time_method(attrs):
    """Method over time that a variable's attributes state last; None where they state none.

    Parameters
    ----------
    attrs : dict
        Of a variable: `cell_methods` of CF, else the step type of GRIB.

    >>> time_method({"cell_methods": "area: time: Sum (interval: 1 hour)"})
    'sum'
    >>> time_method({"cell_methods": "time: sum within days time: maximum over days"})
    'maximum'
    >>> time_method({"GRIB_stepType": "accum"})
    'sum'
    """
    found = None
    for dims, method, _, _ in PART.findall(str(attrs.get("cell_methods", ""))):
        if any(TIME.fullmatch(dim.strip()) for dim in dims.split(":")):
            found = METHODS.get(method.lower(), found)
    return found or STEP_TYPES.get(str(attrs.get("GRIB_stepType", "")).lower())
