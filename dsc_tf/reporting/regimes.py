"""What the clusters of a record look like: how often, how long, what follows what, mean fields."""

import numpy as np
import xarray as xr

from ..data.windows import segment_starts


def regimes(ds, labels):
    """Describe the clusters of a gridded record.

    Parameters
    ----------
    ds : xr.Dataset
        Variables over (time, latitude, longitude), in physical units.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.

    Returns
    -------
    xr.Dataset
        labels (time,); size and frequency (cluster,); frequency_by_month (cluster, month), shares of each month's
        assigned steps; mean_run_length (cluster,) in steps; transition_probability (cluster, next_cluster) between
        steps without a gap; and for each variable its mean anomaly from the record's mean (cluster, latitude,
        longitude).
    """
    labels = np.asarray(labels)
    k = labels.max() + 1
    member = labels[:, None] == np.arange(k)
    size = member.sum(axis=0)
    month = ds["time"].dt.month.values
    by_month = np.stack([member[month == m].sum(axis=0) for m in range(1, 13)], axis=1)
    assigned = np.maximum(by_month.sum(axis=0), 1)
    counts = _transitions(labels, _follows(ds["time"].values), k)
    leaves = np.maximum(size - np.diag(counts), 1)
    share = {"units": "1"}
    result = xr.Dataset(
        {
            "labels": ("time", labels),
            "size": ("cluster", size, {"long_name": "steps in the cluster", "units": "1"}),
            "frequency": ("cluster", size / max(1, size.sum()), share),
            "frequency_by_month": (("cluster", "month"), by_month / assigned, share),
            "mean_run_length": (
                "cluster",
                size / leaves,
                {"long_name": "mean length of a stay", "units": "steps"},
            ),
            "transition_probability": (
                ("cluster", "next_cluster"),
                counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
                share,
            ),
        },
        {
            "time": ds["time"],
            "cluster": np.arange(k),
            "next_cluster": np.arange(k),
            "month": np.arange(1, 13),
        },
        {"title": "Regimes of " + str(ds.attrs.get("title", "a gridded record"))},
    )
    for name, values in ds.data_vars.items():
        result[name] = _composite(values, member)
    return result.drop_vars([c for c in result.coords if c not in (*result.dims, "latitude", "longitude")])


def _composite(values, member):
    """Mean anomaly of each cluster where enough is known; NaN where a cell is always missing."""
    fields = values.transpose("time", "latitude", "longitude").values
    known = np.isfinite(fields)
    total = np.where(known, fields, 0.0).astype(np.float64)
    mean = _divide(total.sum(axis=0), known.sum(axis=0))
    weights = member.T.astype(np.float64)
    sums = np.tensordot(weights, total, axes=1)
    counts = np.tensordot(weights, known, axes=1)
    anomaly = (_divide(sums, counts) - mean).astype(np.float32)
    coords = {"latitude": values["latitude"], "longitude": values["longitude"]}
    attrs = {k: v for k, v in values.attrs.items() if k in ("units", "long_name", "standard_name")}
    return xr.DataArray(anomaly, coords, ("cluster", "latitude", "longitude"), attrs=attrs)


def _divide(a, b):
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b > 0)


def _follows(time):
    """Whether each step but the first follows the one before without a gap."""
    follows = np.ones(len(time) - 1, dtype=bool)
    follows[segment_starts(time)[1:] - 1] = False
    return follows


def _transitions(labels, follows, k):
    counts = np.zeros((k, k))
    both = follows & (labels[:-1] >= 0) & (labels[1:] >= 0)
    np.add.at(counts, (labels[:-1][both], labels[1:][both]), 1)
    return counts
