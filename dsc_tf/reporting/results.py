"""Everything that a finished clustering leaves behind, written into its run folder."""

import numpy as np
import xarray as xr

from ..records.memory import memory_limit
from ..regimes.describe import describe_regimes
from ..regimes.significance import composite_test
from .clusters import sample_index
from .figures import label_calendar, latent_map, training_curves
from .labels import label_rows, labels_dataset
from .maps import each_composite
from .run_folder import part_of_file_name

SIGNIFICANCE = "significance.nc"  # file of a run folder that holds what `tested_composites` returns
TESTED_SHARE = 0.25  # of the memory limit: a larger variable is not tested


def write_results(
    folder,
    ds,
    *,
    X,
    labels,
    n_clusters,
    soft=None,
    latent=None,
    centres=None,
    components=False,
    distance=None,
    anomalies=None,
    history=(),
    memory=None,
):
    """Write labels, regimes and figures.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    ds : xr.Dataset
        The record, dimensions (time, latitude, longitude).
    X : Samples of shape (time, window, latitude, longitude, variable)
        The prepared samples; steps of the record that end none stay unassigned (-1).
    labels : array of int, shape (time,)
        Cluster of each sample.
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
        The record without its seasonal cycle, from which composites are made, in which case the regime index of each
        sample is written too; None makes them from the record.
    history : list of dict, default=()
        Rows of training, see `training_curves`.
    memory : int or str, default=None
        Memory for the record, see `tested_composites`.
    """

    def over_record(values, missing):
        if values is None:
            return None
        whole = np.full((ds.sizes["time"], *np.shape(values)[1:]), missing, np.asarray(values).dtype)
        whole[X.sample_index] = values
        return whole

    every_label = over_record(labels, -1)
    described = labels_dataset(
        every_label,
        ds["time"],
        n_clusters=n_clusters,
        soft=over_record(soft, np.nan),
        latent=over_record(latent, np.nan),
        distance=over_record(distance, np.nan),
        index=None if anomalies is None else over_record(sample_index(X, labels, n_clusters), np.nan),
        truth=ds.coords.get("regime"),
        attrs={"title": "Regimes of " + str(ds.attrs.get("title", "a gridded record"))},
    )
    folder.write_netcdf("labels.nc", described)
    folder.write_csv("labels.csv", label_rows(described))
    described_record = ds if anomalies is None else anomalies
    composites = describe_regimes(described_record, every_label)
    if anomalies is not None:
        composites.attrs["comment"] = "Composites are of departures from the seasonal cycle of the record."
    folder.write_netcdf("regimes.nc", composites)
    tested = tested_composites(described_record, every_label, memory=memory)
    if tested.data_vars:
        folder.write_netcdf(SIGNIFICANCE, tested)
    note = "synthetic data" if "synthetic" in str(ds.attrs.get("title", "")).lower() else ""
    folder.save_figure("calendar.png", label_calendar(every_label, ds["time"], n_clusters, note=note))
    names = list(ds.data_vars)
    figures = each_composite(composites, names, tested=tested, note=note)
    for name, figure in zip(names, figures, strict=True):
        folder.save_figure(f"composite_{part_of_file_name(name)}.png", figure)
    if history:
        folder.write_csv("history.csv", history)
        folder.save_figure("training.png", training_curves(history, note=note))
    if latent is not None:
        folder.save_figure(
            "latent.png", latent_map(latent, labels, centres, components=components, note=note)
        )


def tested_composites(ds: xr.Dataset, labels: np.ndarray, *, memory: int | str | None = None) -> xr.Dataset:
    """Test the composites of each variable against zero, allowing for serial correlation, see `composite_test`.

    Parameters
    ----------
    ds : xr.Dataset
        Variables over (time, latitude, longitude), best anomalies.
    labels : array of int, shape (time,)
        Cluster of each step, -1 where unassigned.
    memory : int or str, default=None
        Memory limit, see `memory_limit`; a variable that takes more than a quarter of it is not tested.

    Returns
    -------
    xr.Dataset
        For each variable NAME that is tested: NAME_p_value and NAME_significant (cluster, latitude, longitude).
    """
    result = xr.Dataset()
    for name, values in ds.data_vars.items():
        if values.nbytes > TESTED_SHARE * memory_limit(memory) or len(np.unique(labels[labels >= 0])) < 2:
            continue
        found = composite_test(values.compute(), labels, method="effective")
        for part in ("p_value", "significant"):
            result[f"{name}_{part}"] = found[part].astype(np.float32 if part == "p_value" else np.int8)
        result.attrs = {
            "Conventions": "CF-1.8",
            "title": "Significance of composites",
            "comment": "t test with the variance of an AR(1) process at each cell, then the false discovery rate "
            f"{found.attrs['alpha_fdr']:g} over the cells of each cluster",
        }
    return result
