"""Everything that a finished clustering leaves behind, written into its run folder."""

import numpy as np

from ..regimes.describe import describe_regimes
from .figures import composite_maps, label_calendar, latent_map, training_curves
from .labels import label_rows, labels_dataset


def write_results(
    folder,
    ds,
    *,
    labels,
    sample_index,
    n_clusters,
    soft=None,
    latent=None,
    centres=None,
    components=False,
    distance=None,
    anomalies=None,
    history=(),
):
    """Write labels, regimes and figures.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    ds : xr.Dataset
        The record, dimensions (time, latitude, longitude).
    labels : array of int, shape (sample,)
        Cluster of each sample.
    sample_index : array of int, shape (sample,)
        Position in time of each sample; other steps stay unassigned (-1).
    n_clusters : int
        Number of clusters.
    soft : array of shape (sample, cluster), default=None
        Soft assignments.
    latent : array of shape (sample, feature), default=None
        Latent vectors.
    centres : array of shape (cluster, feature), default=None
        Centres in latent space.
    components : bool, default=False
        Whether the latent vectors are principal components.
    distance : array of shape (sample,), default=None
        Distance of each sample from the centre of its cluster.
    anomalies : xr.Dataset, default=None
        The record without its seasonal cycle, from which composites are made; None makes them from the record.
    history : list of dict, default=()
        Rows of training, see `training_curves`.
    """

    def over_record(values, missing):
        if values is None:
            return None
        whole = np.full((ds.sizes["time"], *np.shape(values)[1:]), missing, np.asarray(values).dtype)
        whole[sample_index] = values
        return whole

    every_label = over_record(labels, -1)
    described = labels_dataset(
        every_label,
        ds["time"],
        n_clusters=n_clusters,
        soft=over_record(soft, np.nan),
        latent=over_record(latent, np.nan),
        distance=over_record(distance, np.nan),
        truth=ds.coords.get("regime"),
        attrs={"title": "Regimes of " + str(ds.attrs.get("title", "a gridded record"))},
    )
    folder.write_netcdf("labels.nc", described)
    folder.write_csv("labels.csv", label_rows(described))
    composites = describe_regimes(ds if anomalies is None else anomalies, every_label)
    if anomalies is not None:
        composites.attrs["comment"] = "Composites are of departures from the seasonal cycle of the record."
    folder.write_netcdf("regimes.nc", composites)
    note = "synthetic data" if "synthetic" in str(ds.attrs.get("title", "")).lower() else ""
    folder.save_figure("calendar.png", label_calendar(every_label, ds["time"], n_clusters, note=note))
    for name in ds.data_vars:
        folder.save_figure(f"composite_{name}.png", composite_maps(composites, name, note=note))
    if history:
        folder.write_csv("history.csv", history)
        folder.save_figure("training.png", training_curves(history, note=note))
    if latent is not None:
        folder.save_figure(
            "latent.png", latent_map(latent, labels, centres, components=components, note=note)
        )
