"""Description of the clusters of a record: frequencies, spells, transitions and composites."""

import numpy as np
import xarray as xr

from ..errors import DscTfError
from ..preprocessing.windows import segment_starts
from ..records.chunks import block_length, field_blocks
from .spells import check_labels, find_spells, transition_counts

ANOMALY_OF = "mean anomaly of "  # begins the long name of a composite, which has no standard name of its own
SEASONS = ("DJF", "MAM", "JJA", "SON")


def describe_regimes(ds, labels):
    """Frequencies, spells, transitions and composites of the clusters of a gridded record.

    Parameters
    ----------
    ds : xr.Dataset
        Variables over (time, latitude, longitude), in physical units.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.

    Returns
    -------
    xr.Dataset
        labels (time,); size and frequency (cluster,); frequency_by_month (cluster, month) and frequency_by_season
        (cluster, season), shares of each month's or season's assigned steps; mean_run_length (cluster,) in steps;
        run_length_count (cluster, run_length), number of spells by length; transition_count and
        transition_probability (cluster, next_cluster) between consecutive steps of a segment; and for each variable
        the mean anomaly of the cluster from the mean of the record (cluster, latitude, longitude), with "_" at the end
        of its name if that is one of the above.

    Raises
    ------
    DscTfError
        If no step is assigned, or the number of labels differs from the number of steps.

    Examples
    --------
    >>> import dsc_tf
    >>> ds = dsc_tf.sample_dataset(days=60)
    >>> described = describe_regimes(ds, ds.regime.values)
    >>> float(described.frequency.sum())
    1.0
    """
    labels = check_labels(labels)
    if len(labels) != ds.sizes["time"]:
        raise DscTfError(f"labels: {len(labels)} for {ds.sizes['time']} steps. Give one for each step.")
    starts = segment_starts(ds["time"].values)
    k = labels.max() + 1
    member = labels[:, None] == np.arange(k)
    size = member.sum(axis=0)
    month = ds["time"].dt.month.values
    lengths = _run_lengths(labels, starts, k)
    counts = transition_counts(labels, k, starts)
    share = {"units": "1"}
    pair = ("cluster", "next_cluster")
    result = xr.Dataset(
        {
            "labels": ("time", labels),
            "size": ("cluster", size, {"long_name": "steps in the cluster", "units": "1"}),
            "frequency": ("cluster", size / max(1, size.sum()), share),
            "frequency_by_month": (("cluster", "month"), _shares(member, month - 1, 12), share),
            "frequency_by_season": (("cluster", "season"), _shares(member, month % 12 // 3, 4), share),
            "mean_run_length": (
                "cluster",
                size / np.maximum(lengths.sum(axis=1), 1),
                {"long_name": "mean length of a spell", "units": "steps"},
            ),
            "run_length_count": (
                ("cluster", "run_length"),
                lengths,
                {"long_name": "number of spells of this length", "units": "1"},
            ),
            "transition_count": (
                pair,
                counts,
                {"long_name": "steps followed by the next cluster", "units": "1"},
            ),
            "transition_probability": (pair, _divide_rows(counts), share),
        },
        {
            "time": ds["time"],
            "cluster": np.arange(k),
            "next_cluster": np.arange(k),
            "month": np.arange(1, 13),
            "season": list(SEASONS),
            "run_length": ("run_length", np.arange(1, lengths.shape[1] + 1), {"units": "steps"}),
        },
        {"Conventions": "CF-1.8", "title": "Regimes of " + str(ds.attrs.get("title", "a gridded record"))},
    )
    for name, values in ds.data_vars.items():
        result[f"{name}_" if name in result.variables else name] = composite(values, member)
    return result.drop_vars([c for c in result.coords if c not in (*result.dims, "latitude", "longitude")])


def composite(values, member):
    """Mean anomaly of each cluster from the mean of the record, read block by block.

    Parameters
    ----------
    values : xr.DataArray
        A variable over (time, latitude, longitude); may hold NaN.
    member : array of bool, shape (time, cluster)
        Membership of each step in each cluster.

    Returns
    -------
    xr.DataArray
        Composites, float32 (cluster, latitude, longitude); NaN in cells that are always missing.
    """
    n_clusters, (height, width) = member.shape[1], (values.sizes["latitude"], values.sizes["longitude"])
    sums = np.zeros((n_clusters + 1, height * width))  # the last row is the whole record
    counts = np.zeros(sums.shape)
    for at, (fields,) in field_blocks(
        values.to_dataset(name="field"), ["field"], block_length(height * width)
    ):
        known = np.isfinite(fields)
        weights = np.column_stack([member[at], np.ones(len(fields))]).T
        sums += weights @ np.where(known, fields, 0.0).astype(np.float64)
        counts += weights @ known
    means = divide(sums, counts).reshape(-1, height, width)
    anomaly = (means[:-1] - means[-1]).astype(np.float32)
    coords = {"latitude": values["latitude"], "longitude": values["longitude"]}
    attrs = {"long_name": ANOMALY_OF + name_of(values)}
    attrs |= {"units": values.attrs["units"]} if "units" in values.attrs else {}
    return xr.DataArray(anomaly, coords, ("cluster", "latitude", "longitude"), attrs=attrs)


def name_of(values):
    """Long name of a variable, else its standard name in words, else its name."""
    standard = str(values.attrs.get("standard_name", "")).replace("_", " ")
    return str(values.attrs.get("long_name") or standard or values.name or "values")


def divide(a, b):
    """Quotient of two arrays; NaN where b is zero."""
    return np.divide(a, b, out=np.full(np.broadcast_shapes(np.shape(a), np.shape(b)), np.nan), where=b > 0)


def _divide_rows(counts):
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _shares(member, group, n_groups):
    """Share of each cluster among the assigned steps of each group, shape (cluster, group)."""
    counts = np.stack([member[group == g].sum(axis=0) for g in range(n_groups)], axis=1)
    return counts / np.maximum(counts.sum(axis=0), 1)


def _run_lengths(labels, starts, k):
    """Count spells by cluster and length."""
    found = find_spells(labels, starts)
    assigned = found.label >= 0
    counts = np.zeros((k, found.length[assigned].max()), dtype=int)
    np.add.at(counts, (found.label[assigned], found.length[assigned] - 1), 1)
    return counts
