"""Weather-regime index and life cycles of regimes."""

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import DscTfError
from ..preprocessing.windows import segment_starts
from ..records.grids import area_weights
from ..records.units import factor_and_offset


def regime_index(anomaly, composites, *, reference=None):
    """Standardised projection of the anomaly of each step on the composite of each regime.

    Parameters
    ----------
    anomaly : xr.DataArray
        Anomalies over (time, latitude, longitude).
    composites : xr.DataArray
        Mean anomaly of each regime, over (cluster, latitude, longitude), on the same grid.
    reference : tuple of str, default=None
        First and last date of the period from which mean and standard deviation are computed; None is the record.

    Returns
    -------
    xr.Dataset
        projection (time, cluster): area mean of anomaly times composite over the cells that are not missing, weighted
        by cos(latitude); index (time, cluster): the projection minus its mean, divided by its standard deviation.

    Raises
    ------
    DscTfError
        If the grids differ, units do not convert, or the reference period has fewer than two steps.

    References
    ----------
    Michel, C., Riviere, G. (2011). The link between Rossby wave breakings and weather regime transitions. J. Atmos.
    Sci. 68. Grams, C. M. et al. (2017). Balancing Europe's wind-power output through spatial deployment informed by
    weather regimes. Nature Climate Change 7.
    """
    dims = ("latitude", "longitude")
    if any(
        not np.allclose(anomaly[d], composites[d]) for d in dims if anomaly.sizes[d] == composites.sizes[d]
    ):
        raise DscTfError("composites: not on the grid of the anomalies. Take both from one grid.")
    if any(anomaly.sizes[d] != composites.sizes[d] for d in dims):
        raise DscTfError("composites: not on the grid of the anomalies. Take both from one grid.")
    fields = anomaly.transpose("time", *dims).values.reshape(anomaly.sizes["time"], -1).astype(np.float64)
    patterns = composites.transpose("cluster", *dims).values.reshape(composites.sizes["cluster"], -1)
    patterns = patterns * _factor(composites.attrs.get("units"), anomaly.attrs.get("units"))
    area = np.repeat(area_weights(anomaly["latitude"].values), anomaly.sizes["longitude"])
    known = np.isfinite(fields) & np.isfinite(patterns).all(axis=0)
    weight = known * area
    values = np.where(known, fields, 0.0) * area @ np.nan_to_num(patterns).T
    values /= weight.sum(axis=1, keepdims=True)
    projection = xr.DataArray(
        values, {"time": anomaly["time"], "cluster": composites["cluster"]}, ("time", "cluster")
    )
    past = projection if reference is None else projection.sel(time=slice(*reference))
    if past.sizes["time"] < 2:
        raise DscTfError("reference: fewer than two steps in it. Give a period of the record.")
    index = (projection - past.mean("time")) / past.std("time")
    units = str(anomaly.attrs.get("units", "1"))
    return xr.Dataset(
        {
            "projection": projection.assign_attrs(units=f"({units})2" if units != "1" else "1"),
            "index": index.assign_attrs(long_name="weather-regime index", units="1"),
        }
    )


def _factor(units, wanted):
    """Factor from the units of composites to those of anomalies; 1 where one of them is not stated."""
    if units is None or wanted is None:
        return 1.0
    conversion = factor_and_offset(units, wanted)
    if conversion is None:
        raise DscTfError(
            f"composites: units {units!r} do not convert to {wanted!r}, those of the anomalies. Give one variable."
        )
    return conversion[0]


def life_cycles(index, *, threshold=1.0, min_duration=5, max_gap=0):
    """Periods in which the index of a regime is at or above a threshold.

    Parameters
    ----------
    index : xr.DataArray
        Regime index over (time, cluster), as returned by `regime_index`.
    threshold : float, default=1.0
        Threshold in standard deviations.
    min_duration : int, default=5
        Minimum duration in steps, including steps below the threshold that are bridged.
    max_gap : int, default=0
        Maximum number of consecutive steps below the threshold within a life cycle.

    Returns
    -------
    pandas.DataFrame
        One row for each life cycle, sorted by onset: cluster, onset, maximum, decay (times of the first, strongest and
        last step), duration (steps), peak (index at the maximum), first and last (positions in time). Life cycles of
        different regimes may overlap; a life cycle never crosses a gap in time.
    """
    index = index.transpose("time", "cluster")
    time, values = index["time"].values, index.values
    stretches = np.split(np.arange(len(time)), segment_starts(time)[1:])
    rows = []
    for j, cluster in enumerate(index["cluster"].values):
        for stretch in stretches:
            active = stretch[values[stretch, j] >= threshold]
            for part in np.split(active, np.flatnonzero(np.diff(active) > max_gap + 1) + 1):
                if len(part) and part[-1] - part[0] + 1 >= min_duration:
                    rows.append(_life_cycle(cluster, part[0], part[-1], values[:, j], time))
    columns = ["cluster", "onset", "maximum", "decay", "duration", "peak", "first", "last"]
    return pd.DataFrame(rows, columns=columns).sort_values(["first", "cluster"], ignore_index=True)


def active_regime(index, cycles):
    """Regime of each step according to its life cycles; the one with the largest index if several are active.

    Parameters
    ----------
    index : xr.DataArray
        Regime index over (time, cluster).
    cycles : pandas.DataFrame
        Life cycles as returned by `life_cycles`.

    Returns
    -------
    array of int, shape (time,)
        Position of the regime on the cluster axis; -1 if no regime is active.
    """
    index = index.transpose("time", "cluster")
    position = {cluster: j for j, cluster in enumerate(index["cluster"].values)}
    values = np.full(index.shape, -np.inf)
    for row in cycles.itertuples():
        inside, j = slice(row.first, row.last + 1), position[row.cluster]
        values[inside, j] = index.values[inside, j]
    return np.where(np.isfinite(values).any(axis=1), values.argmax(axis=1), -1)


def _life_cycle(cluster, first, last, values, time):
    peak = first + int(np.argmax(values[first : last + 1]))
    return cluster, time[first], time[peak], time[last], last - first + 1, values[peak], first, last
