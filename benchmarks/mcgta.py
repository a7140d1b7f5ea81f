"""MC-GTA on labelled series and on the days of winter: agreement with labels, explained variation, processor time.

    python benchmarks/mcgta.py --data ../shared/data

The folder holds `pavement/pavement-data.csv`, `pavement/pavement-label.csv` and
`eraint_europe_2000-2010_daily.nc`. Without the second file the part on winter days is left out.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from dsc_tf.clusterers.mcgta import MCGTA, published_mcgta

SEEDS = range(5)


def pavement(folder):
    """Features, and the label of each sample."""
    features = np.loadtxt(folder / "pavement" / "pavement-data.csv", delimiter=",")
    return features, np.loadtxt(folder / "pavement" / "pavement-label.csv", delimiter=",").ravel().astype(int)


def equal_means(seed):
    """Six stretches of 150 samples of three Gaussians that differ in their correlations alone, and their labels."""
    rng = np.random.default_rng(seed)
    positive = 0.7 * np.ones((4, 4)) + 0.3 * np.eye(4)
    signs = np.diag([1, -1, 1, -1])
    covariances = [np.eye(4), positive, signs @ positive @ signs]
    labels = np.repeat([0, 1, 2, 1, 0, 2], 150)
    return np.stack([rng.multivariate_normal(np.zeros(4), covariances[j]) for j in labels]), labels


def labelled_series(folder):
    """Print the agreement with the labels of the pavement series and of the series of equal means."""
    features, labels = pavement(folder)
    print("| features | neighbours | ARI, seeds 0-4 | least AMI | CPU s a fit |\n|---|---|---|---|---|")
    for size in (5, 8, 10):
        for neighbours in (10, 20, 30, 50):
            began = time.process_time()
            fits = [
                MCGTA(3, neighbours=neighbours, random_state=s).fit_predict(features[:, :size]) for s in SEEDS
            ]
            seconds = (time.process_time() - began) / len(SEEDS)
            aris = " ".join(f"{adjusted_rand_score(labels, fit):.3f}" for fit in fits)
            ami = min(adjusted_mutual_info_score(labels, fit) for fit in fits)
            print(f"| {size} | {neighbours} | {aris} | {ami:.3f} | {seconds:.2f} |", flush=True)
    for seed in range(3):
        series, truth = equal_means(seed)
        found = adjusted_rand_score(truth, MCGTA(3, random_state=0).fit_predict(series))
        plain = adjusted_rand_score(truth, KMeans(3, n_init=10, random_state=0).fit_predict(series))
        print(f"equal means, series {seed}: MCGTA {found:.3f}, k-means {plain:.3f}")


def transformed(folder):
    """Print the agreement of labels before and after a rotation and a scaling of the features."""
    features = pavement(folder)[0][:, :5]
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    before = MCGTA(3, random_state=0).fit_predict(features)
    for name, after in (
        ("rotated", features @ rotation),
        ("times 7", 7 * features),
        ("each scaled", features * [1, 3, 0.3, 2, 0.5]),
    ):
        print(name, f"{adjusted_rand_score(before, MCGTA(3, random_state=0).fit_predict(after)):.3f}")
    long = np.random.default_rng(0).normal(size=(16000, 5))
    began = time.process_time()
    MCGTA(3, random_state=0).fit(long)
    print(f"16000 x 5: {time.process_time() - began:.2f} CPU s")


def published(folder):
    """Print the agreement that the published program reaches on the pavement series."""
    features, labels = pavement(folder)
    for size, options in ((5, {}), (5, {"beta": 0.0}), (10, {})):
        began = time.process_time()
        found = published_mcgta(features[:, :size], np.arange(len(features)), **options)
        ari = adjusted_rand_score(labels, found)
        print(
            f"published program, {size} features {options}: ARI {ari:.3f}, without a cluster "
            f"{np.mean(found < 0):.0%}, {time.process_time() - began:.0f} CPU s"
        )


def explained(values, labels):
    """Share of the variance of `values` between clusters."""
    centred = values - values.mean(axis=0)
    between = sum(
        (labels == j).sum() * (centred[labels == j].mean(axis=0) ** 2).sum() for j in np.unique(labels)
    )
    return between / (centred**2).sum()


def winter_days(folder):
    """Print explained variation and persistence of classifications of the days of winter."""
    import dsc_tf
    from dsc_tf.clusterers import build

    record = dsc_tf.open_dataset(folder / "eraint_europe_2000-2010_daily.nc")
    X = np.asarray(dsc_tf.prepare(record, protocol="anomaly")[0])[:, 0]
    months = record.time.dt.month.values
    winter = np.isin(months, (12, 1, 2)) & (np.arange(len(X)) > 58)  # whole winters
    days = np.flatnonzero(winter)
    names = list(record.data_vars)
    z500, t850 = (X[days][..., names.index(n)].reshape(len(days), -1) for n in ("z500", "t850"))
    u, s, _ = np.linalg.svd(z500 - z500.mean(axis=0), full_matrices=False)
    scores = u[:, :10] * s[:10]
    segment = np.cumsum(np.diff(days, prepend=days[0]) > 1)
    print("| method | explained variation z500 | t850 | mean stay, days |\n|---|---|---|---|")
    rows = [("k-means", "kmeans", {})]
    rows += [(f"persistent k-means {p}", "persistent_kmeans", {"penalty": p}) for p in (0.6, 1.2, 2.5)]
    rows += [
        (f"MCGTA, 5 days, penalty {p}", "mcgta", {"neighbours": 5, "penalty": p}) for p in (1.0, 3.0, 6.0)
    ]
    rows += [("MCGTA, defaults", "mcgta", {})]
    for name, method, options in rows:
        labels = build(method, 4, random_state=0, **options).fit_predict(as_samples(scores, segment))
        changes = (np.diff(labels) != 0) | (np.diff(segment) != 0)
        values = [explained(v, labels) for v in (z500, t850)]
        stay = len(days) / (changes.sum() + 1)
        print(f"| {name} | {values[0]:.3f} | {values[1]:.3f} | {stay:.1f} |", flush=True)


def as_samples(scores, segment):
    """Scores with the segment of each day, so that no stay reaches from one winter into the next."""
    from dsc_tf.preprocessing.samples import Samples

    return Samples(scores, (1, 1, scores.shape[1]), segment=segment)


def main():
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=("labelled", "transformed", "published", "winter"))
    arguments = parser.parse_args()
    parts = {
        "labelled": labelled_series,
        "transformed": transformed,
        "published": published,
        "winter": winter_days,
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part(arguments.data)


if __name__ == "__main__":
    main()
