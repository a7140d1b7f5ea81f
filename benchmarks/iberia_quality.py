r"""What pressure types of winter days over Iberia explain of temperature and rain, beside random centroids.

    python benchmarks/iberia_quality.py --data cmip5_ecearth_iberia_djf_1982-2002.nc \
        --observed eobs_tas_iberia_djf_1982-2002.nc --output results/regimes

The observed temperature is a control: a climate model's days are not the days of history, so their types explain
nothing of it. Anomalies from the seasonal cycle.
"""

import argparse
from pathlib import Path

import dsc_tf
from dsc_tf.clusterers import build
from dsc_tf.evaluation.quality import quality
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.reporting.regime_figures import quality_figure


def main():
    """Classify, measure, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--observed", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--n-clusters", type=int, default=7)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    model = dsc_tf.open_dataset(options.data).load()
    observed = dsc_tf.open_dataset(options.observed).load()
    X, _ = prepare(model[["psl"]], "anomaly")
    labels = build("eof_kmeans", options.n_clusters, random_state=0).fit(X).labels_
    fields = {name: anomaly(model[[name]])[name] for name in ("psl", "tas", "pr")}
    same_days = {"E-OBS tas (control)": anomaly(observed)["tas"], "tas": fields["tas"], "pr": fields["pr"]}
    measured = quality(labels, fields["psl"], same_days)
    note = f"EC-EARTH, December to February 1982-2002, EOF + k-means, k = {options.n_clusters}"
    quality_figure(measured, note=note).savefig(options.output / "iberia_quality.png")
    for name in [name for name in measured.data_vars if not name.endswith("_random")]:
        for target in measured.target.values:
            at = measured.sel(target=target)
            low, high = at[f"{name}_random"].quantile([0.05, 0.95]).values
            print(f"{name:20} {target:20} {float(at[name]):.4g}  random centroids {low:.4g} to {high:.4g}")


def anomaly(ds):
    """Departures from the seasonal cycle, in the data's units; what is missing stays so."""
    X, prep = prepare(ds, "anomaly")
    return prep.inverse_transform(X[:, -1]).assign_coords(time=ds["time"]).where(ds.notnull())


if __name__ == "__main__":
    main()
