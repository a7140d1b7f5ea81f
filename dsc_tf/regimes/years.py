"""Frequency of regimes in each year, and its linear trend."""

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import t as student

from ..errors import DscTfError
from .spells import check_labels

MIN_SHARE = 0.5  # years with a smaller share of the median number of assigned steps have no frequency
MIN_YEARS = 3  # fewer years determine no confidence interval


def first_month(months: npt.ArrayLike) -> int:
    """Month with which a year of these months begins: the one after the longest absence, else January.

    Parameters
    ----------
    months : array of int
        Months in which there are steps, 1 to 12.

    Returns
    -------
    int

    Examples
    --------
    >>> first_month([12, 1, 2]), first_month([3, 4, 5]), first_month(range(1, 13))
    (12, 3, 1)
    """
    present = np.isin(np.arange(1, 13), months)
    absences = [0] * 12
    for m in range(12):
        while absences[m] < 12 and not present[(m - 1 - absences[m]) % 12]:
            absences[m] += 1
    begins = [absences[m] if present[m] else 0 for m in range(12)]
    return int(np.argmax(begins)) + 1 if max(begins) else 1


def season_years(time: xr.DataArray) -> np.ndarray:
    """Year of each step; a season across the New Year belongs to the year in which it begins.

    Parameters
    ----------
    time : xr.DataArray
        Times of any calendar.

    Returns
    -------
    array of int, shape (time,)
    """
    month = time.dt.month.values
    first = first_month(month)
    return time.dt.year.values - (month < first) * (first > 1)


def frequency_by_year(labels: npt.ArrayLike, time: xr.DataArray, *, confidence: float = 0.95) -> xr.Dataset:
    """Frequency of each cluster in each year, and its linear trend by least squares.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    time : xr.DataArray
        Times of the steps.
    confidence : float, default=0.95
        Confidence level of the interval of the trend.

    Returns
    -------
    xr.Dataset
        frequency_by_year (cluster, year), shares of the assigned steps of the year, NaN in years with fewer than half
        of the median number of assigned steps; trend, trend_low, trend_high (cluster,), in shares per decade, and its
        trend_p_value, all NaN with fewer than three years.

    Raises
    ------
    DscTfError
        If no step is assigned, or lengths differ.

    Examples
    --------
    >>> time = xr.DataArray(np.array(["2001-01-01", "2001-01-02", "2002-01-01", "2002-01-02"], "M8[ns]"), dims="time")
    >>> frequency_by_year([0, 1, 0, 0], time)["frequency_by_year"].values.tolist()
    [[0.5, 1.0], [0.5, 0.0]]
    """
    labels = check_labels(labels)
    if len(labels) != time.size:
        raise DscTfError(f"labels: {len(labels)} for {time.size} steps. Give one for each step.")
    year = season_years(time)
    years = np.arange(year.min(), year.max() + 1)
    counts = np.zeros((labels.max() + 1, len(years)))
    known = labels >= 0
    np.add.at(counts, (labels[known], year[known] - years[0]), 1)
    total = counts.sum(axis=0)
    enough = total >= MIN_SHARE * np.median(total[total > 0])
    frequency = np.where(enough, counts / np.maximum(total, 1), np.nan)
    trends = np.array([linear_trend(years, row, confidence=confidence) for row in frequency])
    per_decade = {"units": "(10 years)-1"}
    about = {"long_name": "frequency of the cluster in the year", "units": "1"}
    meaning = "calendar year, or year in which the season begins"
    return xr.Dataset(
        {
            "frequency_by_year": (("cluster", "year"), frequency, about),
            "trend": ("cluster", 10 * trends[:, 0], per_decade | {"long_name": "trend of the frequency"}),
            "trend_low": ("cluster", 10 * trends[:, 1], per_decade),
            "trend_high": ("cluster", 10 * trends[:, 2], per_decade),
            "trend_p_value": ("cluster", trends[:, 3], {"units": "1"}),
        },
        {"cluster": np.arange(len(counts)), "year": ("year", years, {"long_name": meaning})},
        {"confidence": confidence},
    )


def linear_trend(
    x: npt.ArrayLike, y: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[float, float, float, float]:
    """Slope of a straight line by least squares, with an interval that allows for serial correlation.

    The residuals are taken as an AR(1) process: with their lag-one autocorrelation r over consecutive x (negative
    values count as zero) the effective sample size is n_e = n (1 - r) / (1 + r), which replaces n in the residual
    variance and in the degrees of freedom, n_e - 2. For r = 0 this is the usual interval.

    Parameters
    ----------
    x : array of shape (n,)
        Such as years.
    y : array of shape (n,)
        Values; NaN is left out.
    confidence : float, default=0.95
        Confidence level.

    Returns
    -------
    slope, low, high, p_value : float
        Per unit of x; the interval and the two-sided p-value of no trend are NaN if n_e is not above 2. All are NaN
        with fewer than three values.

    References
    ----------
    Santer, B. D. et al. (2000). Statistical significance of trends and trend differences in layer-average atmospheric
    temperature time series. J. Geophys. Res. 105, equations 3 to 6.
    """
    known = np.isfinite(y)
    x, y = np.asarray(x, float)[known], np.asarray(y, float)[known]
    n = len(x)
    if n < MIN_YEARS:
        return (np.nan,) * 4
    away = x - x.mean()
    spread = (away**2).sum()
    slope = (away * y).sum() / spread
    rest = y - y.mean() - slope * away
    squares = (rest**2).sum()
    consecutive = np.diff(x) == 1
    r = (rest[1:] * rest[:-1])[consecutive].sum() / squares if squares > 0 else 0.0
    effective = n * (1 - max(r, 0.0)) / (1 + max(r, 0.0))
    freedom = effective - 2
    if freedom <= 0:
        return slope, np.nan, np.nan, np.nan
    error = np.sqrt(squares / freedom / spread)
    half = student.ppf(0.5 + confidence / 2, freedom) * error
    p_value = 2 * student.sf(abs(slope) / error, freedom) if error > 0 else float(slope == 0)
    return slope, slope - half, slope + half, p_value
