"""North Atlantic winter regimes: EOF + k-means, k-means on fields and DSC on one record, named and matched.

    python benchmarks/atlantic_regimes.py --data ncep_slp_north_atlantic_2001-2010.nc --output results/regimes

Winters are November to March; the seasonal cycle is that of the whole record. Names follow one rule from pressure
anomalies at four places, see `named`.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

import dsc_tf
from dsc_tf.clusterers import build
from dsc_tf.evaluation.external import adjusted_rand_index
from dsc_tf.evaluation.quality import quality
from dsc_tf.evaluation.stability import stability
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.preprocessing.windows import segment_starts
from dsc_tf.regimes.describe import describe_regimes
from dsc_tf.regimes.index import life_cycles, regime_index
from dsc_tf.regimes.significance import composite_test
from dsc_tf.regimes.transitions import transition_test
from dsc_tf.reporting.maps import composite_maps
from dsc_tf.reporting.regime_figures import life_cycle_timeline, significant_composites, transition_figure

WINTER = (11, 12, 1, 2, 3)
# North, west, south, east.
PLACES = {
    "Iceland": (70, -40, 60, -10),
    "Azores": (42.5, -35, 32.5, -10),
    "mid-Atlantic": (57.5, -35, 45, -15),
    "Scandinavia": (70, 0, 57.5, 10),
}
# Signs at these places, in their order.
TEMPLATES = {
    "NAO+": (-1, 1, 0, 0),
    "NAO-": (1, -1, 0, 0),
    "Atlantic ridge": (0, 0, 1, -1),
    "Scandinavian blocking": (0, 0, 0, 1),
    "Atlantic low": (0, 0, -1, 0),
}


def named(composites):
    """Names of at most five regimes from their mean pressure anomalies at four places.

    Each regime gets the template of signs that its four anomalies have the largest cosine with, all matched at once so
    that no name is given twice; a cosine below 0.5 earns a question mark.
    """
    northward = composites.sortby("latitude")
    anomaly = np.stack(
        [
            northward.sel(latitude=slice(s, n), longitude=slice(w, e))
            .weighted(np.cos(np.deg2rad(northward.latitude)))
            .mean(("latitude", "longitude"))
            for n, w, s, e in PLACES.values()
        ],
        axis=1,
    )
    signs = np.array(list(TEMPLATES.values()), dtype=float)
    cosine = anomaly @ signs.T / np.linalg.norm(anomaly, axis=1)[:, None] / np.linalg.norm(signs, axis=1)
    rows, columns = linear_sum_assignment(cosine, maximize=True)
    words = list(TEMPLATES)
    return [words[c] + ("" if cosine[r, c] >= 0.5 else "?") for r, c in zip(rows, columns, strict=True)]


def matched(one, other):
    """Pattern correlation, area counted, of composites after the best matching; order of `other`."""
    weight = np.cos(np.deg2rad(one.latitude.values))[:, None]
    flat = [(c.values * np.sqrt(weight)).reshape(len(c), -1) for c in (one, other)]
    unit = [f / np.linalg.norm(f, axis=1, keepdims=True) for f in flat]
    correlation = unit[0] @ unit[1].T
    rows, columns = linear_sum_assignment(correlation, maximize=True)
    return correlation[rows, columns], columns


def main():
    """Cluster with the three methods, name, match, test and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=["eof_kmeans", "kmeans", "dsc"])
    parser.add_argument("--n-clusters", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    ds = dsc_tf.open_dataset(options.data).load()
    X, prep = prepare(ds, "anomaly")
    winter = np.flatnonzero(ds.time.dt.month.isin(WINTER))
    X = X[winter]
    anomaly = prep.inverse_transform(X[:, -1]) / 100
    anomaly = anomaly.assign_coords(time=ds.time[winter])
    anomaly["slp"].attrs.update(units="hPa", long_name="sea-level pressure")
    rows, first = {}, None
    for method in options.methods:
        began = time.perf_counter()
        extra = {"n_init": 50} if method != "dsc" else {}
        labels = build(method, options.n_clusters, random_state=options.seed, **extra).fit(X).labels_
        seconds = time.perf_counter() - began
        described = describe_regimes(anomaly, labels)
        names = named(described["slp"])
        first = first or (labels, described["slp"])
        correlation, order = matched(first[1], described["slp"])
        rows[method] = {
            "seconds": round(seconds, 1),
            "names": names,
            "share": described.frequency.values.round(3).tolist(),
            "stay": described.mean_run_length.values.round(2).tolist(),
            "matched_names": [names[j] for j in order],
            "pattern_correlation": correlation.round(3).tolist(),
            "ari_to_first": round(adjusted_rand_index(first[0], labels), 3),
        }
        print(method, json.dumps(rows[method]), flush=True)
        np.save(options.output / f"labels_{method}.npy", labels)
        note = f"NCEP/NCAR, November to March 2001-2010, {method}"
        figure = composite_maps(described, "slp", note=note + ": " + ", ".join(names))
        figure.savefig(options.output / f"atlantic_{method}.png")
    labels, names = first[0], rows[options.methods[0]]["names"]
    rows |= science(anomaly, X, labels, names, options)
    (options.output / "atlantic.json").write_text(json.dumps(rows, indent=1) + "\n")


def science(anomaly, X, labels, names, options):
    """What the room of regimes says of the first method's labels."""
    starts = segment_starts(anomaly.time.values)
    note = "NCEP/NCAR, November to March 2001-2010, EOF + k-means"
    result = {}
    for null in ("memoryless", "spells"):
        test = transition_test(labels, starts, null=null, n_surrogates=2000)
        found = [
            f"{names[i]} -> {names[j]} {float(test.share[i, j]):.2f} ({float(test.expected[i, j]):.2f}), "
            f"p {float(test.p_value[i, j]):.3f}, adjusted {float(test.p_adjusted[i, j]):.3f}"
            for i, j in np.argwhere(test.p_value.values < 0.05)
        ]
        result[f"transitions_{null}"] = found
        transition_figure(test, names=names, note=note).savefig(options.output / f"transitions_{null}.png")
    tested = composite_test(anomaly["slp"], labels, n_permutations=1000)
    result["significant_share"] = tested.significant_share.values.round(3).tolist()
    significant_composites(tested, names=names, note=note).savefig(options.output / "composites_tested.png")
    measured = quality(labels, anomaly["slp"], n_random=100)
    result["quality"] = {
        name: [
            round(float(measured[name][0]), 3),
            *np.quantile(measured[f"{name}_random"][0], [0.05, 0.95]).round(3),
        ]
        for name in ("explained_variation", "pseudo_f", "within_deviation", "distance_ratio")
    }
    index = regime_index(anomaly["slp"], tested["composite"])["index"]
    cycles = life_cycles(index)
    result["life_cycles"] = {
        names[j]: [
            int((cycles.cluster == j).sum()),
            round(float(cycles.duration[cycles.cluster == j].mean()), 2),
        ]
        for j in range(options.n_clusters)
    }
    one = index.sel(time=slice("2009-11-01", "2010-03-31"))
    life_cycle_timeline(one, life_cycles(one), names=names, note=note).savefig(
        options.output / "life_cycles.png"
    )
    again = stability(lambda seed: build("eof_kmeans", options.n_clusters, random_state=seed), X, starts)
    result["stability"] = {name: round(float(again[name].mean()), 3) for name in again}
    print(json.dumps(result), flush=True)
    return result


if __name__ == "__main__":
    main()
