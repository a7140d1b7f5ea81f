"""DEC on scikit-learn's digits: this package and ClustPy, in one run.

    python -m pip install torch torchvision clustpy
    python benchmarks/dec_digits.py --seeds 5 --output digits.json
    python benchmarks/dec_digits.py --seeds 3 --digits 600 --batch 64 --pretrain 50 --clustering 50    cheaper

Both pretrain the same layers for the same number of passes with Adam 1e-3, then cluster with Adam 1e-4, on data with
mean square 1. This package runs with the published kernel, whose length scale is 1, with a length scale taken from the
spread of the latent vectors, and with ClustPy's activation and initial biases. Results are stored after each run, not
computed again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

LAYERS = (500, 500, 2000, 10)
CLUSTPY = """
import json, sys, time
import numpy as np
from clustpy.deep import DEC
from sklearn.datasets import load_digits
X = load_digits().data[:{digits}]
X = X / np.sqrt((X**2).mean())
began = time.perf_counter()
model = DEC(10, batch_size={batch}, pretrain_epochs={pretrain}, clustering_epochs={clustering},
            embedding_size=10, random_state={seed})
model.fit(X.astype(np.float32))
print(json.dumps({{"labels": np.asarray(model.labels_).tolist(), "seconds": time.perf_counter() - began}}))
"""


def ours(X, seed, settings, length_scale_divisor, **options):
    """Labels of our DEC; `length_scale_divisor` None is the published kernel, `options` are parameters of DEC."""
    from dsc_tf.clusterers.dec import DEC
    from dsc_tf.training import NOTEBOOK

    recipe = replace(
        NOTEBOOK,
        name="clustpy",
        optimizer="adam",
        pretrain_learning_rate=1e-3,
        learning_rate=1e-4,
        batch_size=settings.batch,
        shuffle=True,
        update_interval=None,
        tol=-1.0,
        kmeans_init="k-means++",
        kmeans_restarts=20,
        length_scale_divisor=length_scale_divisor,
    )
    samples = X.reshape(len(X), 1, 8, 8, 1).astype("float32")
    model = DEC(
        10,
        recipe=recipe,
        layer_sizes=LAYERS,
        pretrain_epochs=settings.pretrain,
        epochs=settings.clustering,
        random_state=seed,
        precision="float32",
        **options,
    )
    return model.fit_predict(samples)


def clustpy(seed, settings):
    """Labels of ClustPy's DEC, from the Python that has it."""
    code = CLUSTPY.format(**vars(settings), seed=seed)
    done = subprocess.run([settings.clustpy, "-c", code], capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout.splitlines()[-1])["labels"])


def main():
    """Run all three methods and print mean and spread."""
    from dsc_tf.evaluation.external import accuracy, normalised_mutual_information

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--clustpy", default=sys.executable, help="the Python that has ClustPy installed")
    parser.add_argument("--digits", type=int, default=1797, help="number of digits, from the first")
    parser.add_argument("--pretrain", type=int, default=100, help="passes of pretraining")
    parser.add_argument("--clustering", type=int, default=150, help="passes of the clustering stage")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--output", default="digits.json")
    arguments = parser.parse_args()
    digits = load_digits()
    X, truth = digits.data[: arguments.digits], digits.target[: arguments.digits]
    X = X / np.sqrt((X**2).mean())
    methods = {
        "k-means": lambda seed: KMeans(10, n_init=20, random_state=seed).fit_predict(X),
        "DEC, dsc_tf, length scale 1": lambda seed: ours(X, seed, arguments, None),
        "DEC, dsc_tf, length scale of the data": lambda seed: ours(X, seed, arguments, 1.0),
        "DEC, dsc_tf, length scale 1, LeakyReLU and uniform biases": lambda seed: ours(
            X, seed, arguments, None, activation="leaky_relu", uniform_bias=True
        ),
        "DEC, ClustPy": lambda seed: clustpy(seed, arguments),
    }
    path = Path(arguments.output)
    results = json.loads(path.read_text()) if path.exists() else {}
    for name, labels_of in methods.items():
        if len(results.get(name, [])) == arguments.seeds:
            continue
        results[name] = []
        for seed in range(arguments.seeds):
            began = time.perf_counter()
            labels = labels_of(seed)
            scores = {
                "accuracy": accuracy(truth, labels),
                "nmi": normalised_mutual_information(truth, labels),
            }
            results[name].append(scores | {"seconds": round(time.perf_counter() - began, 1)})
            path.write_text(json.dumps(results, indent=2) + "\n")
    for name in methods:
        for measure in ("accuracy", "nmi", "seconds"):
            values = [record[measure] for record in results[name]]
            print(f"{name}: {measure} {np.mean(values):.3f} +- {np.std(values):.3f}", flush=True)


if __name__ == "__main__":
    main()
