"""Gap filling, kriging of stations and space-time fields on real records; each part prints its table.

    python benchmarks/interpolation.py gaps --data sst_pacific_1970-2003.nc --masks gap_masks.py
    python benchmarks/interpolation.py clusters --data sst_pacific_1970-2003.nc --masks gap_masks.py

`--masks` names a module with `masks(path, kind)`, which returns values (time, cell), latitude, longitude and the
mask of hidden values. Times are CPU seconds of the process.
"""

import argparse
import importlib.util
import resource
import time
import warnings

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

import dsc_tf
from dsc_tf.evaluation.ensembles import gaussian_coverage
from dsc_tf.geostatistics.kriging import sphere_points


def load_masks(path):
    """Function `masks` of the module at `path`."""
    spec = importlib.util.spec_from_file_location("masks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.masks


def masked_record(path, kind, masks):
    """Record with hidden values, the whole record, and where values are hidden, (time, latitude, longitude)."""
    sst = xr.open_dataset(path)["sst"].rename(lat="latitude", lon="longitude")
    sst = sst.transpose("time", "latitude", "longitude").astype(float)
    sea = np.isfinite(sst.values).all(axis=0)
    hidden = np.zeros(sst.shape, bool)
    hidden[:, sea] = masks(path, kind)[3]
    whole = sst.where(sea).drop_attrs()
    return xr.Dataset({"sst": whole.where(~hidden)}), xr.Dataset({"sst": whole}), hidden


def inverse_distance(values, places, neighbours=8):
    """Missing values of fields (time, cell) from the nearest known ones of the step."""
    result = values.copy()
    fillable = np.isfinite(values).any(axis=0)
    for row in result:
        known, missing = np.flatnonzero(np.isfinite(row)), np.flatnonzero(np.isnan(row) & fillable)
        distance, nearest = cKDTree(places[known]).query(places[missing], neighbours)
        weights = 1 / np.maximum(distance, 1.0) ** 2
        row[missing] = (weights * row[known][nearest]).sum(axis=1) / weights.sum(axis=1)
    return result


def dineof(values, *, largest=70, share=0.02, tolerance=1e-3, random_state=0):
    """EOF filling with the number of modes chosen on hidden values (Beckers and Rixen, 2003)."""
    rng = np.random.default_rng(random_state)
    cells = np.isfinite(values).any(axis=0)
    data = values[:, cells]
    known = np.isfinite(data)
    test = known & (rng.random(data.shape) < share)
    mean = np.nanmean(data, axis=0)
    anomalies = np.where(known, data - mean, 0.0)
    truth = anomalies[test]

    def filled(modes, start, observed):
        current = np.where(observed, anomalies, start)
        for _ in range(100):
            u, s, v = np.linalg.svd(current, full_matrices=False)
            new = np.where(observed, anomalies, (u[:, :modes] * s[:modes]) @ v[:modes])
            change = np.sqrt(np.mean((new - current) ** 2))
            current = new
            if change < tolerance * anomalies[observed].std():
                break
        return current

    best, current, errors = (np.inf, 1), np.zeros_like(anomalies), []
    for modes in [m for m in (2, 5, 10, 15, 20, 26, 35, 50, 70) if m <= largest]:
        current = filled(modes, current, known & ~test)
        errors.append(np.sqrt(np.mean((current[test] - truth) ** 2)))
        best = min(best, (errors[-1], modes))
        if errors[-1] > 1.02 * best[0]:
            break
    result = values.copy()
    result[:, cells] = filled(best[1], np.zeros_like(anomalies), known) + mean
    return result, best[1]


def flat(ds, name="sst"):
    """Values (time, cell), float64."""
    return ds[name].values.reshape(ds.sizes["time"], -1).astype(np.float64)


def cell_points(ds):
    """Places of the cells."""
    grids = np.meshgrid(ds.latitude.values, ds.longitude.values, indexing="ij")
    return sphere_points(*(grid.ravel() for grid in grids))


def gaps(options):
    """RMSE of hidden values by method on the scored months."""
    masks = load_masks(options.masks)
    for kind in ("scattered 40 %", "blobs 30 %"):
        holes, whole, hidden = masked_record(options.data, kind, masks)
        hidden = hidden.reshape(len(hidden), -1)
        scored = np.zeros(len(hidden), bool)
        scored[25::25] = True
        where = hidden & scored[:, None]
        values, truth = flat(holes), flat(whole)

        def report(name, filled, began, where=where, truth=truth, more=""):
            cpu = time.process_time() - began
            rmse = np.sqrt(np.mean((filled - truth)[where] ** 2))
            print(f"  {name:28} RMSE {rmse:.4f}  {cpu:7.1f} CPU s  {more}", flush=True)

        print(kind)
        began = time.process_time()
        mean = np.full(values.shape, np.nan)
        mean[:] = np.nanmean(values[:, np.isfinite(values).any(axis=0)])
        report("constant", mean, began)
        report("inverse distance, 8", inverse_distance(values, cell_points(holes)), began)
        began = time.process_time()
        filled, modes = dineof(values)
        report(f"DINEOF, {modes} modes", filled, began)
        began = time.process_time()
        filler = dsc_tf.interpolation.GapFiller().fit(holes)
        learned = time.process_time() - began
        result = filler.transform(holes)
        cpu = time.process_time() - began - learned
        cover = gaussian_coverage(flat(result)[where], flat(result, "sst_fill_sd")[where], truth[where])
        more = f"fit {learned:.1f} CPU s, {1000 * cpu / hidden.sum():.2f} CPU s a thousand; 90 % cover {cover:.3f}"
        report("kriging", flat(result), began, more=f"{more}; scale {filler.models_['sst'].scale:.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def clusters(options):
    """Agreement of clusters of months with those of the whole record."""
    from sklearn.metrics import adjusted_rand_score

    masks = load_masks(options.masks)
    for kind in ("blobs 30 %", "blobs 60 %"):
        holes, whole, _ = masked_record(options.data, kind, masks)
        began = time.process_time()
        filled = dsc_tf.fill_gaps(holes)[["sst"]]
        print(f"{kind}: filled in {time.process_time() - began:.0f} CPU s", flush=True)
        eof = dineof(flat(holes))[0].reshape(holes.sst.shape)
        records = {"constant": holes, "DINEOF": holes.assign(sst=holes.sst.copy(data=eof)), "kriging": filled}
        for k in (3, 4, 6):
            truth = month_clusters(whole, k)
            agreement = {
                name: adjusted_rand_score(truth, month_clusters(record, k))
                for name, record in records.items()
            }
            print(f"  k {k}: " + ", ".join(f"{n} {v:.3f}" for n, v in agreement.items()), flush=True)


def month_clusters(ds, k):
    """Clusters of k-means on ten principal components of area-weighted anomalies from the mean of each cell."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    values = flat(ds) * np.sqrt(np.cos(np.deg2rad(np.repeat(ds.latitude.values, ds.sizes["longitude"]))))
    values = values[:, np.isfinite(values).any(axis=0)]
    values = np.where(np.isfinite(values), values, np.nanmean(values)) - np.nanmean(values, axis=0)
    scores = PCA(10, random_state=0).fit_transform(values)
    return KMeans(k, n_init=50, random_state=0).fit_predict(scores)


PARTS = {"gaps": gaps, "clusters": clusters}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--masks")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    PARTS[arguments.part](arguments)
