r"""Whether clusters of months single out the strong El Nino events, and which preparation shows it.

    python benchmarks/pacific_events.py --data sst_pacific_1970-2003.nc --variables sst --output results/regimes
    python benchmarks/pacific_events.py --data era5_monthly_peru_1960-2020.nc --variables t2m \\
        --draw trend-removed-3 --output results/regimes

The protocol `anomaly`, a linear trend removed from each cell or not, EOF + k-means with each number of clusters. The
cluster that holds most months of the strong events is theirs. Windows are the months of the Oceanic Nino Index at
0.5 K or more.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import dsc_tf
from dsc_tf.clusterers import build
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.regimes.describe import describe_regimes
from dsc_tf.reporting.maps import composite_maps, label_calendar

STRONG = {
    "1972-73": ("1972-05", "1973-03"),
    "1982-83": ("1982-04", "1983-06"),
    "1997-98": ("1997-05", "1998-05"),
    "2015-16": ("2014-10", "2016-04"),
}
OTHERS = {
    "1965-66": ("1965-05", "1966-04"),
    "1986-88": ("1986-09", "1988-02"),
    "1991-92": ("1991-05", "1992-06"),
    "2002-03": ("2002-06", "2003-02"),
}


def without_trend(X):
    """Prepared fields less a linear trend in time at each cell and variable."""
    flat = X.reshape(len(X), -1).astype(np.float64)
    t = np.linspace(-1, 1, len(X))
    return (flat - np.outer(t, t @ (flat - flat.mean(axis=0)) / (t @ t))).reshape(X.shape).astype(X.dtype)


def months_of(time, window):
    """Which months lie in a window, both ends included."""
    month = time.values.astype("datetime64[M]")
    return (month >= np.datetime64(window[0])) & (month <= np.datetime64(window[1]))


def held(labels, time):
    """Cluster of the strong events; its months in each event and in none."""
    windows = {name: months_of(time, window) for name, window in (STRONG | OTHERS).items()}
    windows = {name: inside for name, inside in windows.items() if inside.sum() >= 6}
    strong = np.any([inside for name, inside in windows.items() if name in STRONG], axis=0)
    cluster = np.bincount(labels[strong]).argmax()
    mine = labels == cluster
    rest = mine & ~np.any(list(windows.values()), axis=0)
    years, counts = np.unique(time.dt.year.values[rest], return_counts=True)
    return (
        {
            "cluster": int(cluster),
            "months": int(mine.sum()),
            "in_strong": round(float((mine & strong).sum() / mine.sum()), 2),
            "strong_held": round(float((mine & strong).sum() / strong.sum()), 2),
        }
        | {name: f"{(mine & inside).sum()}/{inside.sum()}" for name, inside in windows.items()}
        | {"elsewhere": {int(y): int(c) for y, c in zip(years, counts, strict=True)}}
    )


def main():
    """Try preparations and numbers of clusters; draw one of each record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--variables", nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--n-clusters", type=int, nargs="+", default=[3, 4, 5, 6])
    parser.add_argument("--draw", default="trend-removed-4", help="trend-kept-K or trend-removed-K")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    ds = dsc_tf.open_dataset(options.data, variables=options.variables).load()
    X, prep = prepare(ds, "anomaly")
    stem = f"{Path(options.data).stem}_{'_'.join(options.variables)}"
    rows = {}
    for trend, points in (("trend-kept", np.asarray(X)), ("trend-removed", without_trend(np.asarray(X)))):
        for k in options.n_clusters:
            labels = build("eof_kmeans", k, random_state=0, n_init=30).fit(points).labels_
            name = f"{trend}-{k}"
            rows[name] = held(labels, ds["time"])
            print(name, json.dumps(rows[name]), flush=True)
            if name == options.draw:
                draw(ds, points, labels, prep, k, options.output / stem, f"{stem}, {name}")
    (options.output / f"{stem}.json").write_text(json.dumps(rows, indent=1) + "\n")


def draw(ds, points, labels, prep, k, stem, note):
    """Calendar of months and composites of the first variable."""
    label_calendar(labels, ds["time"], k, note=note).savefig(f"{stem}_calendar.png")
    anomaly = prep.inverse_transform(points[:, -1])
    anomaly = anomaly.where(ds.notnull().any("time")).assign_coords(time=ds["time"])
    described = describe_regimes(anomaly, labels)
    for name in anomaly.data_vars:
        composite_maps(described, name, note=note).savefig(f"{stem}_{name}.png")


if __name__ == "__main__":
    main()
