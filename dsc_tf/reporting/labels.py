"""Labels as a CF dataset."""

import numpy as np
import xarray as xr


def labels_dataset(
    labels, time, *, n_clusters, soft=None, latent=None, distance=None, index=None, truth=None, attrs=None
):
    """Labels of a whole record as CF flags, with what belongs to them.

    Parameters
    ----------
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    time : xr.DataArray
        The record's time coordinate.
    n_clusters : int
        Number of clusters.
    soft : array of shape (time, cluster), default=None
        Soft assignments, NaN where unassigned.
    latent : array of shape (time, feature), default=None
        Latent vectors, NaN where unassigned.
    distance : array of shape (time,), default=None
        Distance of each step from the centre of its cluster, NaN where unassigned.
    index : array of shape (time, cluster), default=None
        Regime index of each step, NaN where unassigned.
    truth : array of int, shape (time,), default=None
        Known regimes.
    attrs : dict, default=None
        Global attributes.

    Returns
    -------
    xr.Dataset
        `labels` (time,) with flag_values and flag_meanings; soft_assignment (time, cluster), latent (time, feature),
        distance (time,), regime_index (time, cluster) and true_regime (time,) where given. Integers carry no
        fill value, so they are read back as integers.
    """
    kind = np.int8 if n_clusters < 127 else np.int16
    flags = {
        "long_name": "cluster of each time step, the largest first",
        "flag_values": np.arange(-1, n_clusters, dtype=kind),
        "flag_meanings": " ".join(["unassigned", *(f"cluster_{j}" for j in range(n_clusters))]),
    }
    if soft is not None:
        flags["ancillary_variables"] = "soft_assignment"
    ds = xr.Dataset(
        {"labels": ("time", np.asarray(labels).astype(kind), flags)},
        {"time": time, "cluster": np.arange(n_clusters, dtype=kind)},
        {"Conventions": "CF-1.8"} | (attrs or {}),
    )
    ds = ds.drop_vars([name for name in ds.coords if name not in ("time", "cluster")])
    if soft is not None:
        described = {"long_name": "soft assignment to each cluster", "units": "1"}
        ds["soft_assignment"] = (("time", "cluster"), np.asarray(soft, np.float32), described)
    if latent is not None:
        ds["latent"] = (
            ("time", "feature"),
            np.asarray(latent, np.float32),
            {"long_name": "latent vector", "units": "1"},
        )
    if distance is not None:
        described = {"long_name": "distance from the centre of the cluster, among features"}
        ds["distance"] = ("time", np.asarray(distance, np.float64), described)
    if index is not None:
        described = {"long_name": "standardised projection on the mean anomaly of each cluster", "units": "1"}
        ds["regime_index"] = (("time", "cluster"), np.asarray(index, np.float32), described)
    if truth is not None:
        ds["true_regime"] = ("time", np.asarray(truth).astype(np.int16), {"long_name": "known regime"})
    return ds


def label_rows(ds):
    """Rows of a table of labels.

    Parameters
    ----------
    ds : xr.Dataset
        As `labels_dataset` returns it.

    Returns
    -------
    list of dict
        time, label, and distance where there is one, of every step.
    """
    columns = {
        "time": [str(time)[:19].replace("T", " ") for time in ds["time"].values],
        "label": ds["labels"].values,
    }
    if "distance" in ds:
        columns["distance"] = [
            f"{value:.6g}" if np.isfinite(value) else "" for value in ds["distance"].values
        ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
