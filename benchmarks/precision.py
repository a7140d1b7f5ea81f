"""Whether DSC in bfloat16 finds what it finds in float32: labels and measures over several seeds.

python benchmarks/precision.py
python benchmarks/precision.py --data FILE --n-clusters 7 --seeds 5
"""

import argparse
import json
import time
from itertools import combinations, product
from pathlib import Path

import numpy as np

from dsc_tf.clusterers import build
from dsc_tf.datasets.synthetic import sample_dataset
from dsc_tf.evaluation import evaluate
from dsc_tf.evaluation.external import adjusted_rand_index
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.records.open import open_dataset

PRECISIONS = ("float32", "bfloat16")
SHOWN = ("silhouette_euclidean", "davies_bouldin", "rmse_mean", "cluster_variance", "nearest_pair_distance")


def fitted(X, n_clusters, seed, precision):
    """Labels, measures and seconds of one run."""
    began = time.perf_counter()
    model = build("dsc", n_clusters, random_state=seed, precision=precision).fit(X)
    seconds = time.perf_counter() - began
    measures = evaluate(X, model.labels_)
    return {"labels": model.labels_.tolist(), "seconds": seconds} | {name: measures[name] for name in SHOWN}


def agreement(pairs):
    """Mean and least adjusted Rand index over pairs of partitions."""
    indices = [adjusted_rand_index(*pair) for pair in pairs]
    return f"{np.mean(indices):.3f} (least {min(indices):.3f})"


def table(runs):
    """Lines of the table from the runs of each precision, in the order of seeds."""
    labels = {name: [run["labels"] for run in runs[name]] for name in PRECISIONS}
    lines = ["| | float32 | bfloat16 |\n|---|---|---|"]
    for name in (*SHOWN, "seconds"):
        values = [[run[name] for run in runs[precision]] for precision in PRECISIONS]
        cells = [f"{np.mean(v):.4g} +- {np.std(v, ddof=1):.2g}" for v in values]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    between = [agreement(combinations(labels[name], 2)) for name in PRECISIONS]
    lines.append(f"| adjusted Rand index between seeds | {between[0]} | {between[1]} |")
    same = agreement(zip(*labels.values(), strict=True))
    numbered = product(*map(enumerate, labels.values()))
    other = agreement((a, b) for (i, a), (j, b) in numbered if i != j)
    lines.append(f"| between precisions, same seed | {same} | |")
    lines.append(f"| between precisions, other seeds | {other} | |")
    return lines


def main():
    """Print a table; runs are kept in `--output` as they end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="file; the sample by default")
    parser.add_argument("--n-clusters", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("precision.json"))
    options = parser.parse_args()
    with open_dataset(options.data) if options.data else sample_dataset() as ds:
        X, _ = prepare(ds)
    X = np.asarray(X)
    stored = options.output.exists()
    runs = json.loads(options.output.read_text()) if stored else {name: [] for name in PRECISIONS}
    for seed in range(options.seeds):
        for name in PRECISIONS:
            if len(runs[name]) <= seed:
                runs[name].append(fitted(X, options.n_clusters, seed, name))
                options.output.write_text(json.dumps(runs))
                print(f"seed {seed}, {name}: {runs[name][seed]['seconds']:.0f} s", flush=True)
    print("\n".join(table({name: runs[name][: options.seeds] for name in PRECISIONS})))


if __name__ == "__main__":
    main()
