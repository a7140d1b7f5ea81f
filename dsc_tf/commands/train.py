"""The main command: cluster a climate record and write a run folder."""

import dataclasses
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..clusterers import DEEP_METHODS, FEATURE_METHODS, METHODS, build, clusterer
from ..clusterers.registry import METHOD_OPTIONS, OBJECTIVES, PREDICTIVE, parameters
from ..errors import DscTfError, refuse_damaged
from ..logging import record_warnings
from ..preprocessing.protocols import PROTOCOLS
from ..records.memory import memory_limit
from ..stored import read_json
from . import cli
from .data_settings import CHECKPOINT, GAP_FILLING, RECIPES, DataConfig, PreparationConfig, run_folder
from .objective import PUBLISHED, choose_objective, requires_published
from .settings import check_seed, check_value, from_mapping

MIN_SHARE = 0.01  # a cluster with a smaller share of the samples causes a warning
EXAMPLES = """examples:
  python -m dsc_tf.train                                     the embedded synthetic year
  python -m dsc_tf.train --data era5_2021.nc --n-clusters 5
  python -m dsc_tf.train --data 'era5_*.nc' --region 60 -30 35 20 --period 2001-01-01 2010-12-31
  python -m dsc_tf.train --data hourly.grib --aggregate daily --window 5 --output runs/mine
  python -m dsc_tf.train --protocol notebook --recipe notebook
  python -m dsc_tf.train --data 'era5_*.nc'                   several years: regimes that predict the coming days
  python -m dsc_tf.train --data 'era5_*.nc' --objective published     the network of the paper
  python -m dsc_tf.train --data era5_2021.nc --transform tp=sqrt --weights t2m=1 tp=0.5 --smooth 5
  python -m dsc_tf.train --encoder runs/pretrained --data era5_2021.nc     cluster a representation
  python -m dsc_tf.train --data 'era5_*.nc' --memory 2GB      a record larger than memory
  python -m dsc_tf.train --config runs/mine/config.json --seed 1
"""
PRECISIONS = ("auto", "float32", "bfloat16")
GPUS = ("one", "all")
CELLS = ("lstm", "convlstm")


@dataclass(frozen=True)
class TrainConfig(PreparationConfig, DataConfig):
    """Cluster the steps of a gridded climate record into regimes.

    Parameters
    ----------
    method : str
        How to cluster.
    encoder : str
        Folder that dsc_tf.pretrain wrote: cluster its representation; by default fields are clustered. Method dsc then
        sets its clustering layer on top of that encoder. Window and protocol are the encoder's.
    window : int
        Number of consecutive steps in a sample; the last one is labelled.
    protocol : str
        How values are prepared: "paper" (equations), "notebook" (what printed the published tables),
        "anomaly" (without the seasonal cycle, weighted by area), or "standardised_anomaly" (also divided by the
        seasonal standard deviation). By default paper; standardised_anomaly for predictive and switching methods
        and for the objectives fields and dynamics of dsc.
    objective : str
        What dsc learns: "published" (reconstruction and clustering), "fields" (clusters of today's fields and
        their forecasts, as method predictive_dsc), or "dynamics" (as switching_dsc). By default fields for a record
        of at least three years and daily or longer steps that fits into memory, unless another option asks for the
        published network; otherwise published.
    recipe : str
        How the network is trained: "trained" learns, "notebook" repeats the published settings, "untrained" uses
        the randomly initialised network.
    n_components : float
        Number of principal components, or the share of the variance that they explain if it is below 1; of the method
        by default.
    cell : str
        Recurrent layers of the encoder of dsc.
    sequence_length : int
        Maximum length of the sequence that dtc and dtcr read a sample as, by means over areas; every value by default.
    seed : int
        Seed of all random numbers.
    pretrain_epochs : int
        Number of passes over the record that train reconstruction alone; the recipe's by default.
    epochs : int
        Maximum number of passes of joint training; the recipe's by default.
    batch_size : int
        Number of samples in a training step; the recipe's by default.
    precision : str
        Number format; "auto" picks bfloat16 where the hardware computes it natively.
    gpus : str
        Whether one GPU trains the network, or all of them share each batch.
    memory : str
        Memory that the record may take, such as 2GB; half of what is available by default. A larger record is
        kept in a scratch file next to the run folder.
    tensorboard : str
        Folder to write losses to, for TensorBoard; by default none are written.
    """

    method: str = field(default="dsc", metadata={"choices": tuple(METHODS)})
    encoder: str | None = None
    window: int = 1
    protocol: str | None = field(default=None, metadata={"choices": tuple(PROTOCOLS)})
    objective: str | None = field(default=None, metadata={"choices": tuple(OBJECTIVES)})
    recipe: str = field(default="trained", metadata={"choices": RECIPES})
    n_components: float | None = None
    cell: str = field(default="lstm", metadata={"choices": CELLS})
    sequence_length: int | None = None
    seed: int = 0
    pretrain_epochs: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    precision: str = field(default="auto", metadata={"choices": PRECISIONS})
    gpus: str = field(default="one", metadata={"choices": GPUS})
    memory: str | None = None
    tensorboard: str | None = field(default=None, metadata={"needs": "tensorboard"})

    excluded_from_hash = (*DataConfig.excluded_from_hash, "gpus", "memory", "tensorboard")
    minimum = DataConfig.minimum | {
        "window": 1,
        "smooth": 1,
        "sequence_length": 1,
        "pretrain_epochs": 0,
        "epochs": 1,
        "batch_size": 1,
    }

    def __post_init__(self):
        super().__post_init__()
        check_seed(self.seed)
        memory_limit(self.memory)
        if self.encoder is not None and self.method not in FEATURE_METHODS:
            raise DscTfError(
                f"method: {self.method} reads fields. With --encoder choose {', '.join(FEATURE_METHODS)}."
            )
        if self.encoder is not None and self.further_steps:
            name = next(iter(self.further_steps))
            raise DscTfError(f"{name}: the preparation is that of the encoder. Leave it out with --encoder.")
        if self.n_components is not None and not (
            0 < self.n_components < 1 or (self.n_components >= 1 and self.n_components % 1 == 0)
        ):
            raise DscTfError(
                f"n_components: {self.n_components:g}. Give a whole number, or a share between 0 and 1."
            )
        defaults = {entry.name: entry.default for entry in dataclasses.fields(self)}
        given = [name for name in METHOD_OPTIONS if getattr(self, name) != defaults[name]]
        check_options(self.method, given)
        if self.method == "dsc" and self.objective is None and requires_published(self, given):
            object.__setattr__(self, "objective", PUBLISHED)
        if self.chooses_objective:
            return  # the rest depends on the objective
        if self.protocol is None:
            object.__setattr__(self, "protocol", METHODS[self.fitted_method].protocol)
        forecasts = METHODS[self.fitted_method].protocol == PREDICTIVE
        if forecasts and self.smooth > 1 and self.smoothing != "causal":
            raise DscTfError(
                f"smoothing: {self.smoothing} uses later steps, which {self.fitted_method} predicts. Choose causal."
            )
        if self.encoder is not None and self.objective not in (None, PUBLISHED):
            raise DscTfError(f"objective: {self.objective} reads fields. Leave it out with --encoder.")
        check_options(self.fitted_method, [name for name in given if name != "objective"])

    @property
    def chooses_objective(self) -> bool:
        """Whether the record decides on the objective of dsc."""
        return self.method == "dsc" and self.objective is None

    @property
    def fitted_method(self):
        """Name of the method that is fitted: that of the objective for dsc."""
        return OBJECTIVES[self.objective or PUBLISHED] if self.method == "dsc" else self.method

    def with_objective(self, ds: Any, echo: Callable[..., None]) -> "TrainConfig":
        """Settings with the objective and the protocol for a record, where the user has named no objective.

        Parameters
        ----------
        ds : xr.Dataset
            The record.
        echo : callable
            Prints a line.

        Returns
        -------
        TrainConfig
        """
        if not self.chooses_objective:
            return self
        objective, reason = choose_objective(ds, self.memory)
        echo(f"objective {objective}: {reason}")
        return dataclasses.replace(self, objective=objective)

    @classmethod
    def merge(cls, saved, given):
        """Values of a config file, those that its method does not have excepted, overridden by given ones."""
        method = given.get("method", saved.get("method", cls.method))
        if not isinstance(method, str) or method not in METHODS:
            return saved | given  # refused when the settings are checked
        for entry in dataclasses.fields(cls):
            if entry.name in saved:  # also those that are left out
                check_value(entry, saved[entry.name], cls.minimum.get(entry.name))
        check_options(method, given)
        objective = given.get("objective", saved.get("objective") or PUBLISHED)
        fitted = OBJECTIVES.get(objective, method) if method == "dsc" else method
        own = (*METHODS[fitted].options, *(("objective",) if method == "dsc" else ()))
        return {name: v for name, v in saved.items() if name not in METHOD_OPTIONS or name in own} | given


def trained_settings(folder: Path) -> tuple[TrainConfig, dict[str, str]]:
    """Settings of a finished run, checked, and the versions that it ran with.

    Parameters
    ----------
    folder : path
        Folder that this command wrote.

    Returns
    -------
    TrainConfig
    dict of str to str

    Raises
    ------
    DscTfError
        If they cannot be read or are invalid.
    """
    file = Path(folder) / "config.json"
    with refuse_damaged("run", file, "Repeat the run with this version."):
        record = read_json(file)
        software = {str(name): str(version) for name, version in record["software"].items()}
        return from_mapping(TrainConfig, record["config"], file), software


def check_options(method, names):
    """Refuse options that a method does not have.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    names : iterable of str
        Names of options.

    Raises
    ------
    DscTfError
        If there is one.
    """
    for name in names:
        if name in METHOD_OPTIONS and name not in METHODS[method].options:
            have = [other for other, entry in METHODS.items() if name in entry.options]
            raise DscTfError(
                f"{name}: {method} has no such option. Leave it out, or choose {', '.join(have)}."
            )


def run(config: TrainConfig) -> Path:
    """Cluster a record with the settings of `config`.

    Parameters
    ----------
    config : TrainConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished run folder.

    Raises
    ------
    DscTfError
        If settings, data or the output folder are invalid.
    """
    with record_warnings() as messages:
        ds, filler = config.open_filled(config.encoder)
        config = config.with_objective(ds, cli.make_echo(config.quiet))
        stem = f"{config.method}-{config.data_stem}-k{config.n_clusters}-seed{config.seed}"
        output = run_folder(config.output, stem, resume=config.resume)
        samples = _samples(ds, config, output.parent)
        try:
            return _run(config, ds, filler, output, messages, *samples)
        finally:
            samples[0].close()


def _run(config, ds, filler, output, messages, X, prep, Z, encoder):
    from ..clusterers.base import check_cluster_count
    from ..preprocessing.samples import true_labels
    from ..records import notes_of
    from ..reporting import open_run, write_config, write_results
    from ..reporting.clusters import CLUSTERS, clusters_dataset, distances, features_of
    from ..reporting.readme import write_readme

    echo = cli.make_echo(config.quiet)
    check_cluster_count(config.n_clusters, len(X))
    devices = _devices(config)
    echo(f"{len(X)} samples of {' x '.join(map(str, X.shape[1:]))} (window, latitude, longitude, variable)")
    folder = open_run(output, resume=config.resume)
    write_config(folder, config.result_settings() | _settings_of(encoder, prep), ds)
    began = time.perf_counter()
    method = _method(config, folder.path)
    with folder.raise_on_full_disk(), devices:
        method.fit(Z)
    seconds = time.perf_counter() - began
    _warn_of_small_clusters(method.labels_, config.n_clusters)
    measures = _measures(X, method.labels_, true_labels(ds, X))
    training = {"seconds": round(seconds, 2)} | {
        name: getattr(method, f"{name}_")
        for name in ("stopped_by", "precision")
        if hasattr(method, f"{name}_")
    }
    training |= _forecasts(method)
    folder.write_json("metrics.json", {"measures": measures, "training": training})
    echo(_table(measures))
    _write_model(folder, method, prep, filler, encoder)
    features = features_of(method, Z)
    clusters = clusters_dataset(method, Z, features)
    folder.write_netcdf(CLUSTERS, clusters)
    write_results(
        folder,
        ds,
        X=X,
        labels=method.labels_,
        n_clusters=config.n_clusters,
        soft=getattr(method, "soft_labels_", None),
        latent=features if hasattr(method, "transform") else None,
        centres=_centres(method),
        components=hasattr(method, "pca_"),
        memory=config.memory,
        distance=distances(features, clusters["centre"].values, method.labels_),
        anomalies=prep.anomalies(ds) if "seasonal_cycle" in prep.steps_ else None,
        history=getattr(method, "history_", []),
    )
    write_readme(folder, use=True)
    (folder.path / CHECKPOINT).unlink(missing_ok=True)  # last of all: until here a resumed run needs it
    unshown = [note for note in notes_of(ds) if not any(note in message for message in messages)]
    path = folder.finish(warnings=[*messages, *unshown])
    echo(f"results in {path} ({time.perf_counter() - began:.0f} s)")
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(TrainConfig, run, argv, epilog=EXAMPLES)


def _samples(ds, config, scratch):
    """Prepared fields, what prepared them, what is clustered (fields or representations), and the encoder or None."""
    from ..preprocessing.preprocessor import load_preprocessor, prepare

    if config.encoder is None:
        X, prep = prepare(
            ds,
            protocol=config.preparation(config.protocol),
            window=config.window,
            memory=config.memory,
            scratch=scratch,
        )
        return X, prep, X, None
    cli.load_keras()

    from ..representations import SpaceTimeTS2Vec

    encoder = SpaceTimeTS2Vec.load(config.encoder)
    prep = load_preprocessor(config.encoder, "encoder")
    X = prep.set_params(memory=config.memory, scratch=scratch).transform(ds)
    return X, prep, X.with_features(encoder.transform(X)), encoder


def _settings_of(encoder, prep):
    """Settings of the run that are those of the encoder."""
    return {} if encoder is None else {"protocol": prep.protocol_.name, "window": encoder.window}


def _method(config, folder):
    name = config.fitted_method
    if config.encoder is not None:
        name = "clustering_layer" if name == "dsc" else name
    if name in DEEP_METHODS:
        cli.load_keras()
    known = parameters(name)
    options = {"random_state": config.seed} if "random_state" in known else {}
    if config.n_components is not None:
        whole = config.n_components >= 1
        options["n_components"] = int(config.n_components) if whole else config.n_components
    if name not in DEEP_METHODS:
        return build(name, config.n_clusters, **options)
    from ..reporting import run_fingerprint
    from ..training import Checkpoint
    from ..training.progress import progress_callbacks

    given = {option: getattr(config, option) for option in METHODS[name].options if option != "objective"}
    options |= {option: value for option, value in given.items() if value is not None}  # else of the method
    if "checkpoint" in known:
        options["checkpoint"] = Checkpoint(folder / CHECKPOINT, fingerprint=run_fingerprint(folder))
    if "callbacks" in known:
        options["callbacks"] = progress_callbacks(quiet=config.quiet, tensorboard=config.tensorboard)
    return build(name, config.n_clusters, **options)


def _forecasts(method):
    """Of a method with forecasts: leads in use, and the held-out share of variance that each forecast explains."""
    if not hasattr(method, "lead_r2_"):
        return {}
    skill = {str(lead): round(value, 4) for lead, value in method.lead_r2_.items() if value == value}
    return {"leads": [int(lead) for lead in method.leads_], "forecast_r2": skill}


def _devices(config):
    """Where the method is fitted."""
    if config.gpus == "one":
        return nullcontext()
    cli.load_keras()
    from ..training.devices import all_gpus

    if not clusterer(config.fitted_method).supports_multi_gpu:
        raise DscTfError(f"gpus: {config.method} cannot share a batch among GPUs. Leave the option out.")
    return all_gpus()


def _measures(X, labels, truth):
    """Every measure, or none where all samples fell into one cluster: that is a result too."""
    if min(labels) == max(labels):
        warnings.warn("all samples fell into one cluster: no measure is defined", UserWarning, stacklevel=2)
        return {}
    from ..evaluation import evaluate

    return evaluate(X, labels, truth)


def _warn_of_small_clusters(labels, n_clusters):
    """Warn of clusters with less than one percent of the samples; nothing if all samples are in one cluster."""
    sizes = [int((labels == j).sum()) for j in range(n_clusters)]
    small = [
        f"{j} ({size} of {len(labels)})" for j, size in enumerate(sizes) if size < MIN_SHARE * len(labels)
    ]
    if small and max(sizes) < len(labels):
        warnings.warn(
            f"clusters with less than 1 % of the steps: {', '.join(small)}. Try fewer clusters.",
            UserWarning,
            stacklevel=2,
        )


def _centres(method):
    """Centres as rows; latent sequences end to end, as `transform` gives them."""
    centres = getattr(method, "cluster_centers_", None)
    return None if centres is None else centres.reshape(len(centres), -1)


def _write_model(folder, method, prep, filler, encoder):
    from ..preprocessing.preprocessor import PREPROCESSING
    from ..reporting.trained_run import ENCODER

    folder.write_arrays(PREPROCESSING, prep.state())
    if filler is not None:
        folder.write_arrays(GAP_FILLING, filler.state())
    with folder.raise_on_full_disk():
        method.save(folder.path)
        if encoder is not None:
            (folder.path / ENCODER).mkdir(exist_ok=True)
            encoder.save(folder.path / ENCODER)


def _table(measures):
    width = max(map(len, measures), default=0)
    return "\n".join(f"  {name:<{width}}  {value: .4f}" for name, value in measures.items())
