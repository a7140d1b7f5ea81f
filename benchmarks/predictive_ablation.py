"""What each part of predictive regimes contributes on held-out years: the ablation of results/predictive_regimes.md.

    python benchmarks/predictive.py ../shared/data OUT --records europe atlantic --networks 2 --pairs 2 --draws 0
    python benchmarks/predictive_ablation.py ../shared/data OUT [--records europe atlantic] [--seeds 2]

The rows with networks need the networks that the first command has left in OUT.
"""

import argparse
import copy
from pathlib import Path

import numpy as np
from predictive import PENALTY, RESTARTS, Study, prepared

from dsc_tf.clusterers import build
from dsc_tf.clusterers.base import fit_kmeans, nearest_centre
from dsc_tf.clusterers.predictive_embedding import history_index
from dsc_tf.evaluation.predictability import evaluate_labels

CLUSTERS = {"europe": 7, "atlantic": 5}
LINEAR = {
    "linear, defaults": {},
    "window 1": {"window": 1},
    "window 3": {"window": 3},
    "window 14": {"window": 14},
    "lead 1 alone": {"leads": (1,)},
    "lead 3 alone": {"leads": (3,)},
    "leads 1, 2, 3": {"leads": (1, 2, 3)},
    "leads 1, 3, 5 (no threshold)": {"leads": (1, 3, 5), "min_r2": -1.0},
    "weight of today 1": {"today_weight": 1.0},
    "weight of today 3": {"today_weight": 3.0},
    "weight of today 4": {"today_weight": 4.0},
    "10 components forecast": {"n_forecast": 10},
    "penalty 0.1": {"penalty": 0.1},
    f"penalty {PENALTY}": {"penalty": PENALTY},
    "penalty 0.5": {"penalty": 0.5},
}


def linear_rows(study, k, seeds):
    """Causal labels of the variants without a network, by name."""
    found = {}
    for name, options in LINEAR.items():
        models = [build("predictive_kmeans", k, n_init=RESTARTS, random_state=s, **options) for s in seeds]
        found[name] = [np.asarray(m.fit(study.X[study.at]).predict(study.X)) for m in models]
    plain = prepared(study.ds, study.train, scale_season=False)
    models = [build("predictive_kmeans", k, n_init=RESTARTS, random_state=s) for s in seeds]
    found["no seasonal scaling"] = [np.asarray(m.fit(plain[study.at]).predict(plain)) for m in models]
    return found


def network_rows(study, out, k, seeds):
    """Causal labels of the variants with networks, and k-means on latent vectors, by name."""
    from dsc_tf.clusterers import load_clusterer

    pairs = [load_clusterer(path) for path in sorted(Path(out).glob(f"{study.name}_networks_*"))]
    networks = [network for pair in pairs for network in pair.networks_]
    found = {}
    for count in (1, 2, 4):
        if count > len(networks):
            continue
        model = copy.copy(pairs[0])
        model.networks_ = networks[:count]
        remix(study, model)
        title = f"{count} network{'s' if count > 1 else ''}"
        found[title] = recluster_all(study, model, k, seeds)
        if count == 1:
            alone = copy.copy(model)
            alone.mixing_ = dict.fromkeys(model.mixing_, 1.0)
            found["1 network without the linear half"] = recluster_all(study, alone, k, seeds)
            latent = latent_vectors(study, networks[0], model)
            scaled = (latent - latent[study.train].mean(axis=0)) / latent[study.train].std(axis=0)
            found["k-means on its latent vectors"] = kmeans_all(study, latent, k, seeds)
            found["k-means on its latent vectors, standardised"] = kmeans_all(study, scaled, k, seeds)
    return found


def remix(study, model):
    """Shares of the networks for those that the model holds, fitted as `PredictiveDSC` does."""
    X = study.X[study.at]
    steps = model._project(X)
    model.lead_r2_ = dict(model.lead_r2_)
    model._mix(X, steps[:, -1, : model.n_forecast], steps, X.segment)
    rescale(study, model)


def rescale(study, model):
    """Scales of the embedding for the forecasts of the model."""
    X = study.X[study.at]
    steps = model._project(X)
    model._scale(steps[:, -1], model._forecast(X, steps, X.segment))


def recluster_all(study, model, k, seeds):
    """Labels by centres in the embedding of a model, for each seed of k-means."""
    rescale(study, model)
    embedding = model.transform(study.X)
    return [study.recluster(model, embedding, k, None, 0.0, seed) for seed in seeds]


def kmeans_all(study, points, k, seeds):
    """Labels by k-means on vectors of each step, for each seed."""
    centres = [fit_kmeans(points[study.train], k, RESTARTS, seed).cluster_centers_ for seed in seeds]
    return [nearest_centre(points, one) for one in centres]


def latent_vectors(study, network, model):
    """Latent vector of each step by one network."""
    import keras

    X = study.X
    sample, step, _ = history_index(len(X), X.window, X.segment, model.window)
    fields = X.last_step().reshape(len(X), *X.grid)
    encoded = network.encoder.predict(fields, batch_size=512, verbose=0)
    layer = network.forecaster.get_layer("latent")
    encoder = keras.Model(network.forecaster.input, layer.output)
    return encoder.predict(encoded[sample[:, ::-1]], batch_size=512, verbose=0).astype(np.float64)


def main():
    """Print one table for each record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--records", nargs="+", default=list(CLUSTERS), choices=list(CLUSTERS))
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    for name in given.records:
        study, k, seeds = Study(name, given.folder), CLUSTERS[name], range(given.seeds)
        labels = {"EOF + k-means": [study.classical(k, None, s)["EOF + k-means"] for s in seeds]}
        labels |= linear_rows(study, k, seeds)
        if any(Path(given.out).glob(f"{name}_networks_*")):
            labels |= network_rows(study, given.out, k, seeds)
        table = evaluate_labels(
            {title: np.stack(found) for title, found in labels.items()},
            study.fields, study.X.segment, study.train, study.test,
            classes={"class": labels["EOF + k-means"][0]}, leads=(0, 1, 3, 5),
        )  # fmt: skip
        table.to_netcdf(Path(given.out) / f"{name}_ablation.nc")
        print(f"\n### {name}, k = {k}\n")
        print("| variant | +0 | +1 | +3 | +5 | I(EOF + k-means class, +3) | stay | seeds |\n|" + "---|" * 8)
        for title in labels:
            one = table.sel({"method": title})
            ev = [f"{float(v):.3f}" for v in one.explained_variation.mean("seed")]
            cells = [
                *ev,
                f"{float(one.information[0]):.3f}",
                f"{float(one.stay):.2f}",
                f"{float(one.seed_agreement):.2f}",
            ]
            print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
