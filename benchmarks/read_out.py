"""A trained DSC as it is, and read in other ways without new training: the table of results/predictive_regimes.md.

    python benchmarks/read_out.py ../shared/data OUT [--record europe] [--clusters 7]

DSC (published objective, recipe trained, window 1, seed 0) is fitted to the training years; the fit is kept in OUT. All
other rows use its latent vectors. Labels are causal, and the table is that of benchmarks/predictive.py.
"""

import argparse
import copy
from pathlib import Path

import numpy as np
from predictive import RECORDS, RESTARTS, Study, print_table
from sklearn.decomposition import PCA

from dsc_tf.clusterers import build, load_clusterer
from dsc_tf.clusterers.base import fit_kmeans, nearest_centre
from dsc_tf.clusterers.read_out import read_out
from dsc_tf.evaluation.predictability import evaluate_labels


def trained_dsc(study, k, folder):
    """The fitted network, from the folder if it is there."""
    if not (folder / "model.json").exists():
        model = study.fit("DSC", lambda: build("dsc", k, objective="published", random_state=0))
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder)
        print(study.seconds, flush=True)
    return load_clusterer(folder)


def rows(study, model, k):
    """Causal labels of all samples by each way to read the network."""
    latent = np.asarray(model.transform(study.X), dtype=np.float64)
    scaled = (latent - latent[study.train].mean(axis=0)) / (latent[study.train].std(axis=0) + 1e-12)
    share = PCA(4).fit(latent[study.train]).explained_variance_ratio_.sum()
    print(f"share of the variance of the latent vectors in four directions: {share:.2f}")
    found = {
        "EOF + k-means": study.classical(k, None, 0)["EOF + k-means"],
        "DSC, its own labels": study.labels(model),
        "k-means on its latent vectors": kmeans(study, latent, k),
        "the same, standardised": kmeans(study, scaled, k),
    }
    stored = KnownLatent(model, latent)
    for title, options in {
        "decoded fields of the same day": {"leads": (), "window": 1},
        "read_out: leads 0, 1, 3 on seven days": {},
        "read_out, penalty 0.2": {"penalty": 0.2},
    }.items():
        regimes = read_out(stored, study.X[study.at], k, n_init=RESTARTS, random_state=0, **options)
        print(
            title, "held-out share in the training years:", regimes.decoded_r2_, regimes.lead_r2_, flush=True
        )
        found[title] = study.labels(regimes)
    linear = build("predictive_kmeans", k, n_init=RESTARTS, random_state=0)
    found["predictive k-means"] = study.labels(linear.fit(study.X[study.at]))
    return found


class KnownLatent:
    """A clusterer whose latent vectors of a record were computed before: samples are found by their index in it."""

    def __init__(self, model, latent):
        self.n_clusters, self.latent = model.n_clusters, latent

    def transform(self, X):
        """Latent vectors of samples of the record."""
        return self.latent[X.sample_index]


def kmeans(study, points, k):
    """Labels by k-means on vectors of each step."""
    centres = fit_kmeans(points[study.train], k, RESTARTS, 0).cluster_centers_
    return nearest_centre(points, centres)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--record", default="europe", choices=list(RECORDS))
    parser.add_argument("--clusters", type=int, default=7)
    given = parser.parse_args()
    study = Study(given.record, given.folder)
    model = trained_dsc(study, given.clusters, Path(given.out) / f"{given.record}_dsc")
    labels = rows(study, model, given.clusters)
    table = evaluate_labels(
        {title: copy.copy(found)[None] for title, found in labels.items()},
        study.fields, study.X.segment, study.train, study.test,
        classes={"EOF + k-means class": labels["EOF + k-means"], **study.classes},
    )  # fmt: skip
    print_table(f"{given.record}, a trained DSC read in other ways", given.clusters, None, table)


if __name__ == "__main__":
    main()
