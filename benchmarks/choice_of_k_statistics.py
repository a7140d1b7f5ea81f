"""Which k of the autumn days passes, by three statistics from the same partitions, each by itself and family-wise.

    python benchmarks/choice_of_k_statistics.py --data coe2021_autumn_pcs.csv --init k-means++ --output statistics.json

"min" and "mean" are those of `classifiability`; "centred mean" is that of the authors' program, which removes the mean
over the components from each centre before the correlation, continues the red noise across seasons (`--across`) and
draws 100 partitions by k-means++ (https://github.com/Daviology38/kmeans_toolbox_python).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from dsc_tf.evaluation.classifiability import (
    classifiability,
    family_wise_p_values,
    random_partitions,
    red_noise,
)

SEASON = 91


def indices(points, k, partitions, init, seed):
    """The three indices of one set of partitions of `points`."""
    centres = random_partitions(points, k, partitions, init=init, random_state=seed)
    centred = centres - centres.mean(axis=-1, keepdims=True)
    return {
        "min": classifiability(centres),
        "mean": classifiability(centres, statistic="mean"),
        "centred mean": classifiability(centred, statistic="mean"),
    }


def p_by_largest(observed, null):
    """Family-wise p-values by the largest index over k, each in standard deviations of the surrogates at its k."""
    index = np.column_stack([observed, null])
    scaled = (index - null.mean(axis=1, keepdims=True)) / null.std(axis=1, ddof=1, keepdims=True)
    return (scaled.max(axis=0) >= scaled[:, :1] - 1e-12).mean(axis=1)


def main():
    """Compute the indices of the data (several sets of partitions) and of the surrogates; print p-values."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--n-clusters", type=int, nargs="+", default=[3, 4, 5, 6, 7, 8, 9, 10])
    parser.add_argument("--partitions", type=int, default=100)
    parser.add_argument("--surrogates", type=int, default=100)
    parser.add_argument("--sets", type=int, default=5, help="sets of partitions of the data")
    parser.add_argument("--init", default="k-means++", choices=("random", "k-means++"))
    parser.add_argument("--across", action="store_true", help="red noise continues across seasons")
    parser.add_argument("--output", type=Path, default=Path("statistics.json"))
    options = parser.parse_args()
    X = np.loadtxt(options.data, delimiter=",", skiprows=1)
    X -= X.mean(axis=0)
    starts = (0,) if options.across else range(0, len(X), SEASON)
    surrogates = red_noise(X, starts, n_surrogates=options.surrogates)
    draws = (options.partitions, options.init)
    data = [[indices(X, k, *draws, 1000 * s) for k in options.n_clusters] for s in range(options.sets)]
    null = [[indices(Y, k, *draws, s) for k in options.n_clusters] for s, Y in enumerate(surrogates, 1)]
    options.output.write_text(json.dumps({"data": data, "null": null}) + "\n")
    for statistic in data[0][0]:
        found = np.array([[row[statistic] for row in one] for one in data])
        noise = np.array([[row[statistic] for row in one] for one in null]).T
        print(f"\n{statistic}: mean and range over {options.sets} sets of partitions of the data")
        each = [family_wise_p_values(one, noise) for one in found]
        p_value, p_family = (np.median([pair[i] for pair in each], axis=0) for i in (0, 1))
        p_largest = np.median([p_by_largest(one, noise) for one in found], axis=0)
        for i, k in enumerate(options.n_clusters):
            print(
                f"k={k}: {found[:, i].mean():.3f} ({found[:, i].min():.3f} to {found[:, i].max():.3f}), 90 % of "
                f"red noise {np.quantile(noise[i], 0.9):.3f}, median p {p_value[i]:.3f}, family {p_family[i]:.3f} "
                f"(least p), {p_largest[i]:.3f} (largest standardised index)"
            )


if __name__ == "__main__":
    main()
