"""Predictive regimes against EOF + k-means and persistent k-means on held-out years: results/predictive_regimes.md.

    python benchmarks/predictive.py ../shared/data OUT [--records europe atlantic ...] [--networks 2] [--pairs 2]

Every table comes from one call: preparation, principal components, forecasts and centres are fitted to the training
years; labels are causal; all methods of a record see the same samples. With `--networks 0` no network is trained.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np

from dsc_tf.clusterers import build, load_clusterer
from dsc_tf.clusterers.eof import EOFKMeans
from dsc_tf.clusterers.persistent import PersistentKMeans
from dsc_tf.evaluation.external import adjusted_rand_index
from dsc_tf.evaluation.predictability import (
    evaluate_labels,
    leading_components,
    split_years,
    terciles,
)
from dsc_tf.evaluation.stability import moving_blocks
from dsc_tf.preprocessing.preprocessor import Preprocessor
from dsc_tf.preprocessing.seasonal_deviation import fit_seasonal_deviation, seasonal_deviation
from dsc_tf.records.open import open_dataset
from dsc_tf.records.selection import season_months
from dsc_tf.regimes.weather_types import weather_types

RESTARTS = 40
PENALTY = 0.2
RECORDS = {
    "europe": {
        "file": "eraint_europe_2000-2010_daily.nc", "test_years": 3,
        "settings": [(7, None), (5, None)],
    },
    "atlantic": {
        "file": "ncep_slp_north_atlantic_2001-2010.nc", "test_years": 3,
        "settings": [(5, None), (4, None), (5, "NDJFM"), (4, "NDJFM")],
    },
    "iberia": {
        "file": "ncep_iberia_djf_1982-2002.nc", "test_years": 5, "variables": ["psl", "ta850", "hus850"],
        "settings": [(5, None), (7, None)],
    },
    "pacific": {
        "file": "sst_pacific_1970-2003.nc", "test_years": 8,
        "settings": [(4, None), (6, None)],
    },
}  # fmt: skip


def prepared(ds, train, *, scale_season=True):
    """Samples of a record by constants of its training years, divided by the seasonal standard deviation."""
    X = Preprocessor("anomaly").fit(ds.isel(time=np.flatnonzero(train))).transform(ds)
    if scale_season:
        fields = X.rows.reshape(len(X), -1, X.grid[2])
        squares = (fields.astype(np.float64) ** 2).mean(axis=1)
        cycle = fit_seasonal_deviation(squares[train], ds["time"][train])
        fields /= seasonal_deviation(cycle, ds["time"])[:, None].astype(np.float32)
    return X


def classes_of(name, ds, train):
    """Classes from outside that labels are to inform about."""
    if name == "atlantic":
        pressure = ds[next(iter(ds.data_vars))]
        pressure = pressure.assign_attrs(units=pressure.attrs.get("units", "Pa"))
        azores = pressure.sel(latitude=37.5, longitude=-25.0, method="nearest")
        iceland = pressure.sel(latitude=65.0, longitude=-22.5, method="nearest")
        nao = standardised(azores, train) - standardised(iceland, train)
        lamb = weather_types(pressure).values.astype(int)
        return {"NAO tercile": terciles(nao, train), "Lamb type": lamb - lamb.min()}
    if name == "europe":
        north = ds["z500"].where(ds["latitude"] >= 55).mean(("latitude", "longitude"))
        t850 = ds["t850"].weighted(np.cos(np.deg2rad(ds["latitude"]))).mean(("latitude", "longitude"))
        return {
            "z500 north of 55 N": terciles(standardised(north, train), train),
            "mean t850": terciles(standardised(t850, train), train),
        }
    return {}


def standardised(series, train):
    """A series without its mean and harmonics of the year in training, over its standard deviation there."""
    phase = 2 * np.pi * series["time"].dt.dayofyear.values / 365.25
    design = np.stack(
        [np.ones_like(phase), np.cos(phase), np.sin(phase), np.cos(2 * phase), np.sin(2 * phase)], 1
    )
    values = series.values.astype(np.float64)
    values = values - design @ np.linalg.lstsq(design[train], values[train], rcond=None)[0]
    return values / values[train].std()


class Study:
    """One record: methods fitted to its training years, tables of its settings.

    Parameters
    ----------
    name : str
        Of `RECORDS`.
    folder : path
        Of the data.
    """

    def __init__(self, name, folder):
        options = RECORDS[name]
        self.name, self.settings = name, options["settings"]
        self.ds = open_dataset(Path(folder) / options["file"], variables=options.get("variables"))
        self.train, self.test = split_years(self.ds["time"], options["test_years"])
        self.at = np.flatnonzero(self.train)
        self.X = prepared(self.ds, self.train)
        self.fields = leading_components(self.X.last_step(), self.train, 40)
        self.classes = classes_of(name, self.ds, self.train)
        self.seconds = {}

    def season(self, season):
        """Samples of a season."""
        month = self.ds["time"].dt.month.values
        return np.ones(len(month), bool) if season is None else np.isin(month, season_months(season))

    def fit(self, label, make):
        """A clusterer fitted to the training samples, with its cost in CPU seconds."""
        before = time.process_time()
        fitted = make().fit(self.X[self.at])
        self.seconds[label] = round(time.process_time() - before, 1)
        return fitted

    def labels(self, model):
        """Labels of all samples."""
        return np.asarray(model.predict(self.X))

    def classical(self, k, season, seed):
        """Reference methods, fitted to the training samples of the season."""
        at = np.flatnonzero(self.train & self.season(season))
        methods = {
            "EOF + k-means": EOFKMeans(k, n_init=RESTARTS, random_state=seed),
            "persistent k-means": PersistentKMeans(
                k, penalty=PENALTY, causal=True, n_init=10, random_state=seed
            ),
        }
        return {name: self.labels(method.fit(self.X[at])) for name, method in methods.items()}

    def recluster(self, model, embedding, k, season, penalty, seed):
        """Causal labels of all samples by new centres in the embedding of a fitted model, as `recluster` has them."""
        other = copy.copy(model).set_params(n_clusters=k, season=season, penalty=penalty, random_state=seed)
        segment, chosen = self.X.segment, self.season(season)
        other._fit_centres(embedding[self.at], segment[self.at], chosen[self.at])
        return other._labels(embedding, segment)

    def run(self, bases, seeds):
        """Tables of all settings. `bases` are pairs of a fitted predictive method and its embedding, by name."""
        tables = {}
        for k, season in self.settings:
            labels = {}
            for seed in seeds:
                for name, found in self.classical(k, season, seed).items():
                    labels.setdefault(name, []).append(found)
            for name, models in bases.items():
                for i, (model, embedding) in enumerate(models):
                    for suffix, penalty in (("", 0.0), (f", penalty {PENALTY}", PENALTY)):
                        found = self.recluster(model, embedding, k, season, penalty, i)
                        labels.setdefault(name + suffix, []).append(found)
            chosen = self.season(season)
            classes = {"EOF + k-means class": labels["EOF + k-means"][0], **self.classes}
            tables[k, season] = evaluate_labels(
                {name: np.stack(found) for name, found in labels.items()},
                self.fields, self.X.segment, self.train & chosen, self.test & chosen, classes=classes,
            )  # fmt: skip
        return tables

    def stability(self, k, make, *, n_draws=8, block=30):
        """Agreement on held-out samples with bootstraps of the training samples, and of even with odd years.

        Everything is refitted: principal components, forecasts, centres.
        """
        rng = np.random.default_rng(0)
        whole = self.labels(make(0).fit(self.X[self.at]))[self.test]
        starts = np.flatnonzero(np.diff(self.X.segment[self.at], prepend=-1) != 0)
        drawn = []
        for i in range(n_draws):
            steps = moving_blocks(len(self.at), starts, block, rng)
            drawn.append(
                adjusted_rand_index(whole, self.labels(make(i).fit(self.X[self.at[steps]]))[self.test])
            )
        year = self.ds["time"].dt.year.values
        halves = [
            self.labels(make(0).fit(self.X[np.flatnonzero(self.train & (year % 2 == parity))]))[self.test]
            for parity in (0, 1)
        ]
        return float(np.mean(drawn)), float(np.std(drawn)), float(adjusted_rand_index(*halves))


def print_table(name, k, season, table):
    """One setting as Markdown."""
    leads = table.lead.values
    print(f"\n### {name}, k = {k}{', ' + season if season else ''}\n")
    targets = [str(one) for one in table.target.values]
    columns = [f"+{lead}" for lead in leads]
    columns += [f"I({one}, +3)" for one in targets] + ["I(itself, +3)", "stay", "smallest", "seeds"]
    print("| method | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    mean = table.explained_variation.mean("seed")
    for method in table.method.values:
        cells = []
        for lead in leads:
            one = table.sel({"method": method, "lead": lead})
            mark = "*" if one.low > 0 else "-" if one.high < 0 else ""
            value = float(mean.sel({"method": method, "lead": lead}))
            cells.append(f"{value:.3f}{mark}")
        one = table.sel({"method": method})
        cells += [f"{value:.3f}" for value in one.information.values]
        cells += [
            f"{float(one[key]):.2f}" for key in ("self_information", "stay", "smallest", "seed_agreement")
        ]
        print(f"| {method} | " + " | ".join(cells) + " |")


def main():
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--records", nargs="+", default=list(RECORDS), choices=list(RECORDS))
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the classical methods")
    parser.add_argument("--networks", type=int, default=2, help="networks that are averaged; 0: none")
    parser.add_argument("--pairs", type=int, default=2, help="independent fits of the networks")
    parser.add_argument("--draws", type=int, default=8, help="bootstrap samples; 0: no stability")
    given = parser.parse_args()
    Path(given.out).mkdir(parents=True, exist_ok=True)
    for name in given.records:
        study = Study(name, given.folder)
        linear = study.fit("predictive k-means", lambda: build("predictive_kmeans", 5, random_state=0))
        bases = {"predictive k-means": [(linear, linear.transform(study.X))] * given.seeds}
        facts = {"linear_r2": linear.lead_r2_, "leads": linear.leads_, "steps": int(study.test.sum())}
        if given.networks:
            models = []
            for pair in range(given.pairs):
                start = pair * given.networks
                kept = Path(given.out) / f"{name}_networks_{pair}"
                if not (kept / "model.npz").exists():
                    make = build("predictive_dsc", 5, random_state=start, n_networks=given.networks)
                    model = study.fit(f"predictive DSC, seeds from {start}", lambda make=make: make)
                    kept.mkdir(exist_ok=True)
                    model.save(kept)
                models.append(load_clusterer(kept))
                facts[f"mixing_{pair}"] = [
                    models[-1].mixing_, models[-1].linear_r2_, models[-1].lead_r2_, test_r2(study, models[-1]),
                ]  # fmt: skip
                print(name, pair, facts[f"mixing_{pair}"], study.seconds, flush=True)
            bases["predictive DSC"] = [(model, model.transform(study.X)) for model in models]
        for (k, season), table in study.run(bases, range(given.seeds)).items():
            print_table(name, k, season, table)
            table.to_netcdf(Path(given.out) / f"{name}_{k}_{season or 'year'}.nc")
        if given.draws:
            for k, season in study.settings:
                if season is None:
                    for method in ("eof_kmeans", "predictive_kmeans"):
                        found = study.stability(
                            k, lambda seed, m=method, k=k: build(m, k, n_init=RESTARTS, random_state=seed),
                            n_draws=given.draws,
                        )  # fmt: skip
                        print(
                            name,
                            k,
                            method,
                            "bootstrap {:.2f} (sd {:.2f}), even against odd years {:.2f}".format(*found),
                            flush=True,
                        )
        print(json.dumps(facts | {"cpu_seconds": study.seconds}, default=str), flush=True)


def test_r2(study, model):
    """Share of the variance of the leading components that mixed and linear forecasts explain on held-out steps."""
    steps = model._project(study.X)
    segment, scores = study.X.segment, steps[:, -1, : model.n_forecast]
    mixed = model._forecast(study.X, steps, segment)
    linear = super(type(model), model)._forecast(study.X, steps, segment)
    found = {}
    for lead in mixed:
        now = np.flatnonzero(study.test[:-lead] & (segment[:-lead] == segment[lead:]))
        total = (scores[now + lead] ** 2).sum()
        found[lead] = [
            round(float(1 - ((scores[now + lead] - f[lead][now]) ** 2).sum() / total), 4)
            for f in (linear, mixed)
        ]
    return found


if __name__ == "__main__":
    main()
