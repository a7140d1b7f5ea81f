"""DTCR, DTC and k-means on series of the UCR archive, beside the figures that DTCR's paper prints.

    python benchmarks/series.py --data ../shared/data/ucr --methods kmeans dtcr dtc --seeds 5 --output series.json

Methods learn on the training split; Rand index on the test split. DTCR: k-means on the representations of the test
split, as published; DTC: its own assignment; k-means: on the raw series of the test split. The printed table does not
hold together, so the bar is our own k-means. Each run is stored as it ends and is not run again.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import rand_score

# Ma et al. (2019), table 1: Rand index.
PUBLISHED = {
    "dtcr": {"Coffee": 0.9286, "GunPoint": 0.6398, "ArrowHead": 0.6868, "Car": 0.7501},
    "dtc": {"Coffee": 0.4841, "GunPoint": 0.5400, "ArrowHead": 0.6692, "Car": 0.6695},
    "kmeans": {"Coffee": 0.7460, "GunPoint": 0.4971, "ArrowHead": 0.6905, "Car": 0.6345},
}
SETS = tuple(PUBLISHED["dtcr"])


def read(folder, name, split):
    """Series, each with mean 0 and variance 1, and their classes."""
    path = next(Path(folder).rglob(f"{name}_{split}.t*"))
    rows = [line.strip() for line in path.read_text().splitlines() if line.strip() and line[0] not in "#@"]
    if path.suffix == ".ts":
        pairs = [row.rsplit(":", 1) for row in rows]
        series, classes = [p[0].split(",") for p in pairs], [p[1] for p in pairs]
    else:
        cells = [row.replace(",", " ").split() for row in rows]
        series, classes = [c[1:] for c in cells], [c[0] for c in cells]
    X = np.array(series, dtype=np.float64)
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    return X.astype(np.float32), np.unique(classes, return_inverse=True)[1]


def samples(X):
    """Series as a clusterer takes them: (time, window, latitude, longitude, variable)."""
    return X[:, None, :, None, None]


def labels_of(method, train, test, n_clusters, seed, options):
    """Clusters of the test split."""
    if method == "kmeans":
        return KMeans(n_clusters, n_init=20, random_state=seed).fit_predict(test)
    from dsc_tf.clusterers import build

    model = build(method, n_clusters, random_state=seed, **options).fit(samples(train))
    if method == "dtc":
        return model.predict(samples(test))
    return KMeans(n_clusters, n_init=20, random_state=seed).fit_predict(model.transform(samples(test)))


def inertia(X, labels):
    """Sum of squared distances of the series from the mean of their cluster, which k-means on raw series minimises."""
    clusters = [X[labels == k] for k in np.unique(labels)]
    return float(sum(((one - one.mean(axis=0)) ** 2).sum() for one in clusters))


def table(results, methods):
    """Mean, spread, inertia and published figure of each method and set, as Markdown."""
    lines = [
        "| set | method | Rand index | seeds | inertia of each | published |",
        "|---|---|---|---|---|---|",
    ]
    for name in SETS:
        for method in methods:
            runs = [r for r in results if (r["set"], r["method"]) == (name, method)]
            if runs:
                scores = [r["rand"] for r in runs]
                inertias = " ".join(f"{r['inertia']:.1f}" if "inertia" in r else "-" for r in runs)
                each = " ".join(f"{score:.3f}" for score in scores)
                mean = f"{np.mean(scores):.4f} ± {np.std(scores):.4f}"
                lines.append(
                    f"| {name} | {method} | {mean} | {each} | {inertias} | {PUBLISHED[method][name]:.4f} |"
                )
    return "\n".join(lines)


def wins(results, method):
    """Sets on which the mean is at least that of k-means."""

    def mean(kind, name):
        return np.mean([r["rand"] for r in results if (r["set"], r["method"]) == (name, kind)] or [np.nan])

    return [name for name in SETS if mean(method, name) >= mean("kmeans", name)]


def main():
    """Run what is not stored yet and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="../shared/data/ucr")
    parser.add_argument("--methods", nargs="+", default=["kmeans", "dtcr", "dtc"], choices=tuple(PUBLISHED))
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--options", type=json.loads, default={}, help="parameters of the method, as JSON")
    parser.add_argument("--output", default="series.json")
    arguments = parser.parse_args()
    path = Path(arguments.output)
    results = json.loads(path.read_text()) if path.exists() else []
    done = {(r["set"], r["method"], r["seed"]) for r in results}
    for name in arguments.sets:
        train, _ = read(arguments.data, name, "TRAIN")
        test, truth = read(arguments.data, name, "TEST")
        for method in arguments.methods:
            for seed in range(arguments.seeds):
                if (name, method, seed) in done:
                    continue
                began = time.perf_counter()
                labels = labels_of(method, train, test, truth.max() + 1, seed, arguments.options)
                record = {"set": name, "method": method, "seed": seed, "rand": rand_score(truth, labels)}
                record |= {"inertia": inertia(test, labels)}
                results.append(record | {"seconds": round(time.perf_counter() - began, 1)})
                path.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results, arguments.methods))
    for method in arguments.methods:
        print(f"{method} is at least k-means on {', '.join(wins(results, method)) or 'no set'}")


if __name__ == "__main__":
    main()
