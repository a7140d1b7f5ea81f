"""Agreement of two fits of predictive regimes by the first centres of k-means: results/predictive_regimes.md.

    python benchmarks/predictive.py ../shared/data OUT --networks 2 --pairs 2 --draws 0
    python benchmarks/predictive_start.py ../shared/data OUT [--records europe atlantic ...]

Two pairs of networks, which the first command has left in OUT; nothing is trained. `restarts`: the best of 40 random
starts; `linear`: the centres of the linear half, whose k-means has the seed of the fit.
"""

import argparse
from pathlib import Path

import numpy as np
from predictive import RECORDS, RESTARTS, Study

from dsc_tf.clusterers import build, load_clusterer
from dsc_tf.clusterers.base import fit_kmeans, nearest_centre
from dsc_tf.evaluation.external import adjusted_rand_index
from dsc_tf.evaluation.predictability import evaluate_labels


def labels_of(study, linear, embeddings, k, season):
    """Labels of all samples by start and fit, and the inertia of `linear` over that of `restarts` for each fit."""
    at = np.flatnonzero(study.train & study.season(season))
    found, ratios = {"restarts": [], "linear": []}, []
    for seed, points in enumerate(embeddings):
        half = fit_kmeans(linear[at], k, RESTARTS, seed).labels_
        first = np.stack([points[at][half == j].mean(axis=0) for j in range(k)])
        best = fit_kmeans(points[at], k, RESTARTS, seed)
        known = fit_kmeans(points[at], k, 1, seed, init=first)
        found["restarts"].append(nearest_centre(points, best.cluster_centers_))
        found["linear"].append(nearest_centre(points, known.cluster_centers_))
        ratios.append(known.inertia_ / best.inertia_)
    return found, ratios


def main():
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--records", nargs="+", default=list(RECORDS), choices=list(RECORDS))
    given = parser.parse_args()
    print("| setting | start | agreement | +0 | +1 | +3 | +5 | inertia |\n|" + "---|" * 8)
    for name in given.records:
        study = Study(name, given.folder)
        linear = study.fit("linear", lambda: build("predictive_kmeans", 5, random_state=0)).transform(study.X)
        pairs = [load_clusterer(Path(given.out) / f"{name}_networks_{i}") for i in range(2)]
        embeddings = [pair.transform(study.X) for pair in pairs]
        for k, season in study.settings:
            found, ratios = labels_of(study, linear, embeddings, k, season)
            chosen = study.season(season)
            test = study.test & chosen
            table = evaluate_labels(
                {start: np.stack(labels) for start, labels in found.items()},
                study.fields, study.X.segment, study.train & chosen, test, classes={}, leads=(0, 1, 3, 5),
            )  # fmt: skip
            for start, (one, other) in found.items():
                values = table.explained_variation.sel({"method": start}).mean("seed").values
                cells = [f"{adjusted_rand_index(one[test], other[test]):.2f}", *(f"{v:.3f}" for v in values)]
                cells.append(", ".join(f"{r:.4f}" for r in ratios) if start == "linear" else "1")
                print(
                    f"| {name}, {k}{' ' + season if season else ''} | {start} | " + " | ".join(cells) + " |"
                )


if __name__ == "__main__":
    main()
