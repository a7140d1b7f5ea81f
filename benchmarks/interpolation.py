r"""Gap filling, kriging of stations and space-time fields on real records; each part prints its table.

    python benchmarks/interpolation.py gaps --data sst_pacific_1970-2003.nc --masks gap_masks.py
    python benchmarks/interpolation.py clusters --data sst_pacific_1970-2003.nc --masks gap_masks.py
    python benchmarks/interpolation.py daily --data eraint_europe_2000-2010_daily.nc
    python benchmarks/interpolation.py stations --data noaa_stations_1990-1992.nc --variable tmax
    python benchmarks/interpolation.py stations --data airbase_pm10_germany_1998-2007.nc --variable pm10
    python benchmarks/interpolation.py covariates --data eobs_tas_iberia_djf_1982-2002.nc --variable tas \\
        --coarse ncep_iberia_djf_1982-2002.nc --draws 3
    python benchmarks/interpolation.py field --data amato_sim1_spatialbasis.txt --seeds 5

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


def masked_record(path, kind, masks, draw=0):
    """Record with hidden values, the whole record, and where values are hidden, (time, latitude, longitude).

    Draw 0 has the masks as the module returns them; draw n has them 100 n months later.
    """
    sst = xr.open_dataset(path)["sst"].rename(lat="latitude", lon="longitude")
    sst = sst.transpose("time", "latitude", "longitude").astype(float)
    sea = np.isfinite(sst.values).all(axis=0)
    hidden = np.zeros(sst.shape, bool)
    hidden[:, sea] = np.roll(masks(path, kind)[3], 100 * draw, axis=0)
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
            leading = np.linalg.eigh(current @ current.T)[1][
                :, -modes:
            ]  # truncated singular value decomposition
            new = np.where(observed, anomalies, leading @ (leading.T @ current))
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
    """RMSE of hidden values by method on the scored months, for several draws of the masks."""
    masks = load_masks(options.masks)
    for kind in options.kinds or ("scattered 40 %", "blobs 30 %"):
        for draw in options.draw or range(options.draws):
            _gaps_of_draw(options, kind, masks, draw)
    print(f"peak memory {peak_memory():.0f} MiB")


def peak_memory():
    """Largest resident memory of the process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _gaps_of_draw(options, kind, masks, draw):
    holes, whole, hidden = masked_record(options.data, kind, masks, draw)
    hidden = hidden.reshape(len(hidden), -1)
    months = np.arange(25 - 6 * draw, len(hidden) - 2, 25)
    values, truth = flat(holes), flat(whole)

    def report(name, filled, began, more=""):
        errors = [(filled[t] - truth[t])[hidden[t]] for t in months]
        rmse = np.sqrt(np.mean(np.concatenate(errors) ** 2))
        cpu = time.process_time() - began
        print(f"  {name:28} RMSE {rmse:.4f}  {cpu:7.1f} CPU s  {more}", flush=True)

    print(f"{kind}, draw {draw}: {len(months)} months scored, from number {months[0]}")
    began = time.process_time()
    mean = np.full(values.shape, np.nan)
    mean[:] = np.nanmean(values[:, np.isfinite(values).any(axis=0)])
    report("constant", mean, began)
    report("inverse distance, 8", inverse_distance(values, cell_points(holes)), began)
    if options.dineof:
        began = time.process_time()
        filled, modes = dineof(values)
        report(f"DINEOF, {modes} modes", filled, began)
    began = time.process_time()
    filler = dsc_tf.interpolation.GapFiller().fit(holes)
    learned = time.process_time() - began
    filled, deviation, missing = np.full(values.shape, np.nan), np.zeros(values.shape), 0
    for t in months:  # with the two months before and after, which are filled as well
        part = filler.transform(holes.isel(time=slice(t - 2, t + 3)))
        filled[t], deviation[t] = flat(part)[2], flat(part, "sst_fill_sd")[2]
        missing += hidden[t - 2 : t + 3].sum()
    cpu = time.process_time() - began - learned
    where = hidden & np.isin(np.arange(len(hidden)), months)[:, None]
    cover = gaussian_coverage(filled[where], deviation[where], truth[where])
    more = f"fit {learned:.1f} CPU s, {1000 * cpu / missing:.2f} CPU s a thousand; 90 % cover {cover:.3f}"
    report("kriging", filled, began, more=f"{more}; scale {filler.models_['sst'].scale:.2f}")


def clusters(options):
    """Agreement of clusters of months with those of the whole record, for several draws of the masks."""
    from sklearn.metrics import adjusted_rand_score

    masks = load_masks(options.masks)
    for draw in options.draw or range(options.draws):
        for kind in options.kinds or ("blobs 30 %", "blobs 60 %"):
            holes, whole, _ = masked_record(options.data, kind, masks, draw)
            began = time.process_time()
            filled = dsc_tf.fill_gaps(holes, neighbours=options.neighbours, steps=options.steps)[["sst"]]
            print(f"{kind}, draw {draw}: filled in {time.process_time() - began:.0f} CPU s", flush=True)
            records = {"constant": holes, "kriging": filled}
            if options.dineof:
                began = time.process_time()
                eof = dineof(flat(holes))[0].reshape(holes.sst.shape)
                print(f"  DINEOF {time.process_time() - began:.0f} CPU s", flush=True)
                records["DINEOF"] = holes.assign(sst=holes.sst.copy(data=eof))
            for k in (3, 4, 6):
                truth = month_clusters(whole, k)
                agreement = {
                    name: adjusted_rand_score(truth, month_clusters(record, k))
                    for name, record in records.items()
                }
                print(f"  k {k}: " + ", ".join(f"{n} {v:.3f}" for n, v in agreement.items()), flush=True)
    print(f"peak memory {peak_memory():.0f} MiB")


def month_clusters(ds, k):
    """Clusters of k-means on ten principal components of area-weighted anomalies from the mean of each cell."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    values = flat(ds) * np.sqrt(np.cos(np.deg2rad(np.repeat(ds.latitude.values, ds.sizes["longitude"]))))
    values = values[:, np.isfinite(values).any(axis=0)]
    values = np.where(np.isfinite(values), values, np.nanmean(values)) - np.nanmean(values, axis=0)
    scores = PCA(10, random_state=0).fit_transform(values)
    return KMeans(k, n_init=50, random_state=0).fit_predict(scores)


def daily(options):
    """Hidden discs in a daily record with a seasonal cycle: RMSE by method over two years."""
    ds = dsc_tf.open_dataset(options.data).sel(time=slice("2000", "2001"))[["t850"]].load()
    rng = np.random.default_rng(0)
    row, column = np.meshgrid(
        np.arange(ds.sizes["latitude"]), np.arange(ds.sizes["longitude"]), indexing="ij"
    )
    hidden = np.zeros(ds.t850.shape, bool)
    for day in hidden:
        while day.mean() < 0.3:
            centre = rng.integers(0, row.shape[0]), rng.integers(0, row.shape[1])
            day |= np.hypot(row - centre[0], column - centre[1]) < rng.uniform(2, 5)
    holes = ds.where(~hidden)
    truth, values, where = flat(ds, "t850"), flat(holes, "t850"), hidden.reshape(len(hidden), -1)
    print(f"t850, {len(hidden)} days, {hidden.mean():.2f} hidden, sd {truth.std():.2f}")
    began = time.process_time()
    mean = np.broadcast_to(np.nanmean(values, axis=0), values.shape)
    prep = dsc_tf.interpolation.GapFiller(neighbours=options.neighbours).fit(holes)
    cycle = dsc_tf.preprocessing.seasonal_cycle.seasonal_design(ds.time) @ prep.models_["t850"].seasonal
    spatial = inverse_distance(values, cell_points(ds))
    eof, modes = dineof(values - cycle)
    filled = prep.transform(holes)
    rows = {"mean of the cell": mean, "seasonal cycle": cycle, "inverse distance, 8": spatial}
    rows |= {f"DINEOF of anomalies, {modes} modes": eof + cycle, "kriging": flat(filled, "t850")}
    for name, result in rows.items():
        print(f"  {name:32} RMSE {np.sqrt(np.mean((result - truth)[where] ** 2)):.3f} K")
    cover = gaussian_coverage(flat(filled, "t850")[where], flat(filled, "t850_fill_sd")[where], truth[where])
    print(f"  90 % cover {cover:.3f}; {time.process_time() - began:.0f} CPU s in all")


def stations(options):
    """Scores of stations that were left out, by method."""
    ds = xr.open_dataset(options.data)
    count = min(ds.sizes["time"], len(ds.time.values))
    values = ds[options.variable].transpose("time", "station").values[:count]
    place = {name: ("station", ds[name].values) for name in ("latitude", "longitude")}
    record = xr.Dataset({options.variable: (("time", "station"), values)}, place | {"time": ds.time.values})
    few_missing = np.isnan(values).mean() < 0.5
    for log in (False, True) if options.variable == "pm10" else (False,):
        began = time.process_time()
        rows = dsc_tf.interpolation.cross_validate_stations(
            record, log=log, field="gp" if few_missing and not log else None
        )
        print(f"{options.variable}, log {log}: {time.process_time() - began:.1f} CPU s")
        for r in rows:
            print("  " + "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else str(v) for k, v in r.items()))


def covariates(options):
    """Grid cells as stations, coarse fields as covariates: a model, kriged residuals, pseudo-labels."""
    from dsc_tf.geostatistics.kriging import sphere_points
    from dsc_tf.interpolation.stations import StationInterpolator, _boosted, _features, _predict

    fine, coarse = xr.open_dataset(options.data), xr.open_dataset(options.coarse)
    t62 = coarse[["tas", "pr"]].rename(latitude_t62="latitude", longitude_t62="longitude")
    common = {n: coarse[n].clip(t62[n].min(), t62[n].max()) for n in ("latitude", "longitude")}
    t62 = t62.interp(common).assign_coords({n: coarse[n] for n in common})
    fields = xr.merge([coarse[["psl", "ta850", "hus850"]], t62], compat="override")
    days = np.intersect1d(fine.time.values, coarse.time.values)
    fine, fields = fine[options.variable].sel(time=days), fields.sel(time=days)
    if options.variable == "pr":
        fine = np.sqrt(fine.clip(0))
    land = np.flatnonzero(np.isfinite(fine.values).all(axis=0).ravel())
    grids = np.meshgrid(fine.latitude.values, fine.longitude.values, indexing="ij")
    latitude, longitude = (g.ravel().astype(float) for g in grids)
    values = fine.values.reshape(len(days), -1).astype(float)
    train = np.arange(len(days)) < 0.8 * len(days)
    table = {}
    began = time.process_time()
    for draw in options.draw or range(options.draws):
        order = np.random.default_rng(draw).permutation(land)
        at, scored, unlabelled = (
            order[: options.places],
            order[options.places : options.places + 80],
            order[-60:],
        )
        place = xr.Dataset(
            coords={n: ("station", g[at]) for n, g in (("latitude", latitude), ("longitude", longitude))}
        )
        features = {
            key: _features(fields, fine.time, latitude[cells], longitude[cells])
            for key, cells in (("at", at), ("scored", scored), ("unlabelled", unlabelled))
        }
        targets = sphere_points(latitude[scored], longitude[scored])
        known = values[:, at]
        kriging = StationInterpolator().fit(known[train], place)
        model = StationInterpolator().fit(known[train], place, features["at"][train])
        pseudo, deviation = kriging.estimate(
            known[train], sphere_points(latitude[unlabelled], longitude[unlabelled])
        )
        labelled = np.concatenate([known[train], pseudo], axis=1)
        inputs = np.concatenate([features["at"][train], features["unlabelled"][train]], axis=1)
        variance = (deviation**2).mean(axis=0)
        weights = {
            "1": np.ones(len(unlabelled)),
            "kriging variance": 1 / (1 + variance / np.median(variance)),
        }
        weights["0.2 x kriging variance"] = 0.2 * weights["kriging variance"]
        found = {
            "kriging": kriging.estimate(known, targets)[0],
            "model": _predict(model.model_, features["scored"]),
            "model + kriged residuals": model.estimate(known, targets, features["scored"], features["at"])[0],
        }
        for name, weight in weights.items():
            both = np.concatenate([np.ones(len(at)), weight])
            boosted = _boosted(labelled, inputs, both, 0)
            found[f"model + pseudo-labels, weight {name}"] = _predict(boosted, features["scored"])
        for name, estimate in found.items():
            squares = (estimate - values[:, scored]) ** 2
            table.setdefault(name, []).append(
                [np.sqrt(squares[train].mean()), np.sqrt(squares[~train].mean())]
            )
    count = len(options.draw or range(options.draws))
    print(f"{options.variable}, {options.places} places, {count} draws: training dates / new dates")
    for name, errors in table.items():
        print(f"  {name:52} {np.mean(errors, axis=0)[0]:.3f} / {np.mean(errors, axis=0)[1]:.3f}")
    print(f"  {time.process_time() - began:.0f} CPU s")


def field(options):
    """Simulated field of 20 bases: error at 1000 places by Gaussian process and network."""
    bases = np.loadtxt(options.data, skiprows=1)
    places, patterns = bases[:, 1:3] / 1000, bases[:, 4:]
    rng = np.random.default_rng(0)
    coefficients = np.zeros((1080, 20))
    for t in range(1, 1080):
        coefficients[t] = 0.8 * coefficients[t - 1] + rng.normal(size=20)
    truth = patterns @ coefficients.T
    truth *= 15.49 / truth.std()
    noisy = truth + rng.normal(0, 1.549, truth.shape)
    order = rng.permutation(len(places))
    test = order[3000:4000]
    print(f"noise floor {np.abs(noisy - truth)[test].mean():.4f}")
    runs = [("gp", 0, 3000)] + [("network", seed, 2000) for seed in range(options.seeds)]
    for kind, seed, count in runs:
        began = time.process_time()
        one = dsc_tf.interpolation.SpaceTimeField(kind, random_state=seed).fit(
            places[order[:count]], noisy[order[:count]]
        )
        found = one.predict(places[test])
        errors = [np.abs(found - other[test]).mean() for other in (noisy, truth)]
        print(
            f"  {kind}, seed {seed}: K {one.n_components_}, MAE {errors[0]:.4f}, to the truth {errors[1]:.4f}, "
            f"{time.process_time() - began:.0f} CPU s",
            flush=True,
        )


def figure(options):
    """Maps of one month: known values, estimates, truth, standard deviation."""
    from dsc_tf.reporting.style import new_figure

    holes, whole, _ = masked_record(options.data, "blobs 30 %", load_masks(options.masks))
    months = slice(320, 345)
    filled = dsc_tf.fill_gaps(holes.isel(time=months), neighbours=32, steps=1)
    t = 12
    panels = {
        "known": holes.sst.isel(time=months)[t],
        "filled": filled.sst[t],
        "truth": whole.sst.isel(time=months)[t],
        "standard deviation": filled.sst_fill_sd[t],
    }
    chart = new_figure(9, 4.6, "")
    axes = chart.subplots(2, 2, sharex=True, sharey=True)
    for ax, (title, field_) in zip(axes.flat, panels.items(), strict=True):
        limits = {"vmin": 0, "vmax": 1} if "deviation" in title else {"vmin": -3, "vmax": 3, "cmap": "RdBu_r"}
        image = ax.pcolormesh(field_.longitude, field_.latitude, field_, **limits)
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_facecolor("0.85")
        chart.colorbar(image, ax=ax, label="K", shrink=0.85)
    date = str(holes.time.isel(time=months)[t].values)[:7]
    chart.suptitle(f"Sea-surface temperature anomaly, {date}", x=0.02, ha="left", fontsize=11)
    chart.savefig(options.output, dpi=110)


PARTS = {
    "figure": figure,
    "gaps": gaps,
    "clusters": clusters,
    "daily": daily,
    "stations": stations,
    "covariates": covariates,
    "field": field,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--masks")
    parser.add_argument("--variable", default="tas")
    parser.add_argument("--coarse")
    parser.add_argument("--output", default="filled.png")
    parser.add_argument("--places", type=int, default=20)
    parser.add_argument("--draws", type=int, default=1, help="number of draws of the masks or of the places")
    parser.add_argument("--draw", type=int, nargs="+", help="these draws of the masks or of the places")
    parser.add_argument("--kinds", nargs="+", help="masks")
    parser.add_argument("--dineof", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--neighbours", type=int, default=64)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    PARTS[arguments.part](arguments)
