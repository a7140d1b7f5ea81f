"""Criteria for the number of clusters of a record."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ..errors import DscTfError
from ..logging import record_warnings
from ..preprocessing.protocols import PROTOCOLS
from . import cli
from .data_settings import FilledRecordConfig, PreparationConfig, start_run

EXAMPLES = """examples:
  python -m dsc_tf.choose --data era5_2021.nc --variables msl
  python -m dsc_tf.choose --data 'z500_*.nc' --season NDJFM --max-clusters 8
"""
COLUMNS = ("classifiability", "p_value", "p_family", "passes", "seed_ari", "bootstrap_ari")
COLUMNS += ("silhouette", "davies_bouldin", "explained_variation")


@dataclass(frozen=True)
class ChooseConfig(PreparationConfig, FilledRecordConfig):
    """Compute criteria for the number of clusters of k-means on the leading principal components of a record.

    Parameters
    ----------
    protocol : str
        How values are prepared: "anomaly" (without the seasonal cycle, weighted by area), "paper" or "notebook".
    n_components : int
        Number of principal components.
    min_clusters : int
        Smallest number of clusters.
    max_clusters : int
        Largest number of clusters.
    partitions : int
        Number of k-means runs whose agreement is the classifiability.
    surrogates : int
        Number of red-noise records of the null hypothesis.
    bootstrap : int
        Number of records that are resampled in blocks.
    block : int
        Number of steps of a block; it should exceed the length of a spell.
    confidence : float
        Confidence level of the test over all numbers of clusters together.
    seed : int
        Seed of all random numbers.
    output : str
        Folder; a free name under runs/ by default.
    quiet : bool
        Print nothing but errors and warnings.
    """

    protocol: str = field(default="anomaly", metadata={"choices": tuple(PROTOCOLS)})
    n_components: int = 10
    min_clusters: int = 2
    max_clusters: int = 10
    partitions: int = 50
    surrogates: int = 100
    bootstrap: int = 20
    block: int = 10
    confidence: float = 0.9
    seed: int = 0
    output: str | None = None
    quiet: bool = False

    minimum: ClassVar[dict[str, int]] = {
        "n_components": 1,
        "smooth": 1,
        "min_clusters": 2,
        "max_clusters": 2,
        "partitions": 2,
    }
    minimum |= {"surrogates": 1, "bootstrap": 1, "block": 1}

    def __post_init__(self):
        super().__post_init__()
        if self.max_clusters < self.min_clusters:
            raise DscTfError(
                f"max_clusters: {self.max_clusters} below min_clusters {self.min_clusters}. Give a larger number."
            )
        if not 0 < self.confidence < 1:
            raise DscTfError(f"confidence: {self.confidence:g}. Give a number between 0 and 1, such as 0.9.")


def run(config: ChooseConfig) -> Path:
    """Compute the criteria with the settings of `config`.

    Parameters
    ----------
    config : ChooseConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: `choice.csv`, `choice.nc`, `choice.png`, `conclusion.txt`, `config.json`.

    Raises
    ------
    DscTfError
        If settings, data or the output folder are invalid.
    """
    with record_warnings() as messages:
        return _run_recorded(config, messages)


def _run_recorded(config, messages):
    ds = config.open()
    from ..preprocessing.preprocessor import prepare
    from ..reporting.readme import write_readme
    from ..reporting.regime_figures import choice_figure

    echo = cli.make_echo(config.quiet)
    X, _ = prepare(ds, protocol=config.preparation(config.protocol))
    if config.max_clusters >= len(X):
        raise DscTfError(f"max_clusters: {config.max_clusters} for {len(X)} steps. Give fewer.")
    folder = start_run(config, f"choose-{config.data_stem}", ds)
    choice = criteria(X, config)
    text = conclusion(choice)
    table = choice[list(COLUMNS)].to_dataframe()
    echo(table.round(3).to_string())
    echo(text)
    folder.write_netcdf("choice.nc", choice.assign_attrs(Conventions="CF-1.8", conclusion=text))
    folder.write_csv("choice.csv", table.reset_index().to_dict("records"))
    folder.write_text("conclusion.txt", text + "\n")
    note = "synthetic data" if "synthetic" in str(ds.attrs.get("title", "")).lower() else ""
    folder.save_figure("choice.png", choice_figure(choice, note=note))
    write_readme(folder)
    path = folder.finish(warnings=messages)
    echo(f"results in {path}")
    return path


def criteria(X, config):
    """Criteria for each number of clusters.

    Parameters
    ----------
    X : Samples of shape (time, window, latitude, longitude, variable)
        Prepared samples.
    config : ChooseConfig
        Settings.

    Returns
    -------
    xr.Dataset
        As `choose_k` returns it, with explained_variation (k,): the share of the variance of the components that lies
        between the clusters of k-means.
    """
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    from ..evaluation import choose_k

    features = np.asarray(X.last_step()[:])
    count = min(config.n_components, *features.shape)
    scores = PCA(count, random_state=config.seed).fit_transform(features).astype(np.float64)
    ks = range(config.min_clusters, config.max_clusters + 1)
    choice = choose_k(
        scores,
        ks,
        X.segment_starts,
        n_partitions=config.partitions,
        n_surrogates=config.surrogates,
        n_bootstrap=config.bootstrap,
        block=config.block,
        level=config.confidence,
        random_state=config.seed,
    )
    total = ((scores - scores.mean(axis=0)) ** 2).sum()
    within = [KMeans(k, n_init=10, random_state=config.seed).fit(scores).inertia_ for k in ks]
    choice["explained_variation"] = ("k", [1 - one / total for one in within], {"units": "1"})
    return choice.assign_attrs(n_components=count)


def conclusion(choice):
    """One sentence about the criteria.

    Parameters
    ----------
    choice : xr.Dataset
        As `criteria` returns it.

    Returns
    -------
    str
    """
    ks = choice["k"].values.tolist()
    passed = [k for k, passes in zip(ks, choice["passes"].values, strict=True) if passes]
    level = f"{100 * choice.attrs['level']:g} %"
    tried = f"{ks[0]} to {ks[-1]} clusters" if len(ks) > 1 else f"{ks[0]} clusters"
    test = f"tested against red noise at the {level} level over all numbers tried ({tried})"
    best = int(choice["silhouette"].idxmax("k"))
    more = f"the silhouette is largest for {best}"
    if not passed:
        none = f"No number of clusters is classifiable, {test}"
        return f"{none}: clusters are a partition, not evidence of regimes; {more}."
    words = ", ".join(map(str, passed))
    lowest = float(choice["p_family"].sel(k=passed).min())
    return f"The record supports {words} clusters (smallest family-wise p {lowest:.2g}), {test}; {more}."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(ChooseConfig, run, argv, epilog=EXAMPLES, again=cli.REPEAT)
