"""How many clusters in the autumn days of Coe et al. (2021), whose answer is seven.

    python benchmarks/choice_of_k.py --data coe2021_autumn_pcs.csv --output results/regimes --jobs 2

Principal components in columns; 91 days a season, which are separate series for the red noise.
"""

import argparse
from pathlib import Path

import numpy as np

from dsc_tf.evaluation.choose_k import choose_k
from dsc_tf.reporting.regime_figures import choice_figure

SEASON = 91


def main():
    """Test each number of clusters; print a table, write netCDF and a figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--n-clusters", type=int, nargs="+", default=[3, 4, 5, 6, 7, 8])
    parser.add_argument("--partitions", type=int, default=50)
    parser.add_argument("--surrogates", type=int, default=100)
    parser.add_argument("--init", default="random")
    parser.add_argument("--statistic", default="min")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    X = np.loadtxt(options.data, delimiter=",", skiprows=1)
    found = choose_k(
        X,
        options.n_clusters,
        range(0, len(X), SEASON),
        n_partitions=options.partitions,
        n_surrogates=options.surrogates,
        n_bootstrap=10,
        init=options.init,
        statistic=options.statistic,
        random_state=options.seed,
        n_jobs=options.jobs,
    )
    found.to_netcdf(options.output / "choice_of_k.nc")
    note = f"Coe et al. (2021), {options.partitions} partitions, {options.surrogates} surrogates"
    choice_figure(found, note=note).savefig(options.output / "choice_of_k.png")
    shown = found.drop_dims(["surrogate", "quantile"]).to_dataframe()
    shown["90 % of red noise"] = found.null_quantile.sel(quantile=0.9)
    print(shown.round(3).to_string())


if __name__ == "__main__":
    main()
