"""Impact of regimes on another variable: composites, and odds ratios of events, with tests."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import t as student

from ..errors import DscTfError
from ..preprocessing.windows import segment_starts
from .describe import name_of
from .significance import adjust, composite_test
from .spells import check_labels


def regime_impact(
    values: xr.DataArray,
    labels: npt.ArrayLike,
    *,
    anomalies: xr.DataArray | None = None,
    quantile: float = 0.9,
    below: bool = False,
    block: int = 10,
    alpha: float = 0.05,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Composites of a variable in each cluster, and the odds of an event compared with the other clusters.

    An event is a value above a quantile of the cell in the same calendar month, so that regimes that prefer a season
    have no larger odds for that reason alone. The odds ratio of a cluster is p (1 - q) / (q (1 - p)), where p is the
    share of events among its steps and q that among the other assigned steps. If one of the four counts is zero, 0.5 is
    added to each (Haldane and Anscombe). Consecutive steps are not independent: the variance of the logarithm of the
    odds ratio is computed from the sums of the influences of the steps over blocks of consecutive steps. With blocks of
    one step it is that of Woolf, 1/a + 1/b + 1/c + 1/d, apart from the factor G / (G - 1) for G blocks.

    Parameters
    ----------
    values : xr.DataArray
        Over (time, latitude, longitude), in physical units; may hold NaN.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    anomalies : xr.DataArray, default=None
        The same variable without its seasonal cycle, from which composites are made; None uses `values`.
    quantile : float, default=0.9
        Quantile that defines an event.
    below : bool, default=False
        Whether an event is a value below the quantile instead.
    block : int, default=10
        Number of steps of a block; it should exceed the length of a spell and of an event.
    alpha : float, default=0.05
        Level of the tests of whole fields, see `composite_test`.
    confidence : float, default=0.95
        Confidence level of the interval of an odds ratio.

    Returns
    -------
    xr.Dataset
        composite, p_value, p_adjusted, significant and significant_share as of `composite_test` with the method
        "effective"; event_share, odds_ratio, odds_low, odds_high, odds_p_value and odds_significant (0 or 1, false
        discovery rate over the cells of each cluster), all (cluster, latitude, longitude), NaN in cells without values
        or without events. The threshold itself is not kept, since it differs between months.

    Raises
    ------
    DscTfError
        If lengths differ, no step is assigned, or `quantile`, `block` or `confidence` is out of range.

    References
    ----------
    Woolf, B. (1955). On estimating the relation between blood group and disease. Ann. Hum. Genet. 19. Liang, K.-Y.,
    Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73 (blocks). Wilks, D.
    S. (2016), see `composite_test`.

    Examples
    --------
    >>> import dsc_tf
    >>> from dsc_tf.regimes import regime_impact
    >>> ds = dsc_tf.mock_dataset(days=90)
    >>> found = regime_impact(ds["t2m"], np.arange(90) // 10 % 3)
    >>> dict(found["odds_ratio"].sizes)
    {'cluster': 3, 'latitude': 8, 'longitude': 9}
    """
    labels = check_labels(labels)
    if len(labels) != values.sizes["time"]:
        raise DscTfError(f"labels: {len(labels)} for {values.sizes['time']} steps. Give one for each step.")
    for name, value, fits in (
        ("quantile", quantile, 0 < quantile < 1),
        ("block", block, block >= 1),
        ("confidence", confidence, 0 < confidence < 1),
    ):
        if not fits:
            limits = "of at least 1" if name == "block" else "between 0 and 1"
            raise DscTfError(f"{name}: {value}. Give a number {limits}.")
    values = values.transpose("time", "latitude", "longitude")
    result = composite_test(
        values if anomalies is None else anomalies, labels, method="effective", alpha=alpha
    )
    fields = values.values.reshape(len(labels), -1)
    events = find_events(fields, values["time"].dt.month.values, quantile=quantile, below=below)
    blocks = block_starts(segment_starts(values["time"].values), len(labels), block)
    shape = result["composite"].shape
    dims, unit = ("cluster", "latitude", "longitude"), {"units": "1"}
    for name, found in odds_ratios(events, labels, blocks, confidence=confidence).items():
        result[name] = (dims, found.reshape(shape), unit)
    adjusted = np.stack([adjust(row) for row in result["odds_p_value"].values.reshape(shape[0], -1)])
    significant = (adjusted <= 2 * alpha).astype(np.int8).reshape(shape)
    result["odds_significant"] = (dims, significant, unit)
    side = "below" if below else "above"
    event = f"{name_of(values)} {side} the {quantile:g} quantile of its calendar month"
    return result.assign_attrs(event=event, block=block, confidence=confidence)


def steps_in_common(time: npt.ArrayLike, other: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Find steps of two records that are of the same time, day or month.

    Parameters
    ----------
    time, other : array of datetime64 or cftime, shape (time,)
        Times. Records of daily steps are matched by the day and monthly ones by the month, since the hour of such a
        step is a convention; other records by the minute.

    Returns
    -------
    positions, other_positions : array of int, shape (step,)
        Positions of the same steps in both, in the order of the first.

    Examples
    --------
    >>> days = np.array(["2001-01-01T12", "2001-01-02T12", "2001-01-03T12"], "M8[h]")
    >>> steps_in_common(days, np.array(["2001-01-02", "2001-01-03"], "M8[D]"))[0].tolist()
    [1, 2]
    """
    length = min(_letters(time), _letters(other))
    texts, others = ([str(t).replace("T", " ")[:length] for t in np.asarray(one)] for one in (time, other))
    where = {text: i for i, text in enumerate(others)}
    found = [(i, where[text]) for i, text in enumerate(texts) if text in where]
    pairs = np.array(found, int).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _letters(time):
    """Count the letters of a time as a text that tell the steps of a record apart."""
    steps = np.diff(np.asarray(time))
    if not len(steps):
        return len("2001-01-01 00:00")
    median = np.median(steps / np.timedelta64(1, "h")) if steps.dtype.kind == "m" else _median_hours(steps)
    return (
        len("2001-01") if median > 24 * 27 else len("2001-01-01") if median > 23 else len("2001-01-01 00:00")
    )


def _median_hours(steps):
    return np.median([step.total_seconds() / 3600 for step in steps])


def find_events(
    fields: np.ndarray, month: np.ndarray, *, quantile: float = 0.9, below: bool = False
) -> np.ndarray:
    """Values above, or below, a quantile of the same cell and calendar month.

    Parameters
    ----------
    fields : array of shape (time, cell)
        Values; NaN where missing.
    month : array of int, shape (time,)
        Month of each step, 1 to 12.
    quantile : float, default=0.9
        Quantile.
    below : bool, default=False
        Whether values below it are the events.

    Returns
    -------
    array of shape (time, cell)
        1 for an event, 0 for none, NaN where missing.
    """
    events = np.full(fields.shape, np.nan)
    for m in np.unique(month):
        at = np.flatnonzero(month == m)
        part = fields[at]
        known = np.isfinite(part)
        limit = np.full(part.shape[1], np.nan)
        some = known.any(axis=0)
        limit[some] = np.nanquantile(part[:, some].astype(np.float64), quantile, axis=0)
        found = part < limit if below else part > limit
        events[at] = np.where(known, found, np.nan)
    return events


def block_starts(starts: Sequence[int] | np.ndarray, n: int, block: int) -> np.ndarray:
    """First steps of blocks of at most `block` consecutive steps within each segment.

    Examples
    --------
    >>> block_starts([0, 5], 8, 2).tolist()
    [0, 2, 4, 5, 7]
    """
    ends = [*starts[1:], n]
    return np.concatenate([np.arange(a, b, block) for a, b in zip(starts, ends, strict=True)])


def odds_ratios(
    events: np.ndarray, labels: np.ndarray, blocks: np.ndarray, *, confidence: float = 0.95
) -> dict[str, np.ndarray]:
    """Odds ratio of an event in each cluster, with the interval described in `regime_impact`.

    Parameters
    ----------
    events : array of shape (time, cell)
        1 for an event, 0 for none, NaN where missing.
    labels : array of int, shape (time,)
        Cluster of each step; steps with -1 are not counted.
    blocks : array of int, shape (block,)
        First steps of the blocks.
    confidence : float, default=0.95
        Confidence level.

    Returns
    -------
    dict of str to array of shape (cluster, cell)
        event_share, odds_ratio, odds_low, odds_high and odds_p_value.
    """
    counted = np.isfinite(events) & (labels >= 0)[:, None]
    event = np.nan_to_num(events)
    rows = [_odds(event, counted, labels == j, blocks, confidence) for j in range(labels.max() + 1)]
    names = ("event_share", "odds_ratio", "odds_low", "odds_high", "odds_p_value")
    return {name: np.stack([row[i] for row in rows]) for i, name in enumerate(names)}


def _odds(event, counted, member, blocks, confidence):
    """Share of events, odds ratio, interval and p-value of one cluster, each of shape (cell,)."""
    influence, log_odds, share = np.zeros(event.shape), 0.0, None
    groups = [counted & member[:, None], counted & ~member[:, None]]
    counts = [(group.sum(axis=0), (group * event).sum(axis=0)) for group in groups]
    zero = np.any([(hits == 0) | (hits == n) for n, hits in counts], axis=0)
    for sign, group, (n, hits) in zip((1, -1), groups, counts, strict=True):
        p = (hits + 0.5 * zero) / np.maximum(n + zero, 1)
        scale = np.maximum(n + zero, 1) * p * (1 - p)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_odds = log_odds + sign * (np.log(p) - np.log1p(-p))
            influence += sign * np.where(group, (event - p) / scale, 0.0)
        share = hits / np.maximum(n, 1) if share is None else share
    sums = np.add.reduceat(influence, blocks, axis=0)
    number = np.maximum(np.add.reduceat(counted, blocks, axis=0).astype(bool).sum(axis=0), 2)
    error = np.sqrt((sums**2).sum(axis=0) * number / (number - 1))
    half = student.ppf(0.5 + confidence / 2, number - 1) * error
    valid = np.all([n > 0 for n, _ in counts], axis=0) & (counts[0][1] + counts[1][1] > 0) & (error > 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        p_value = 2 * student.sf(np.abs(log_odds) / error, number - 1)
        found = (share, np.exp(log_odds), np.exp(log_odds - half), np.exp(log_odds + half), p_value)
    return [np.where(valid, one, np.nan) for one in found]
