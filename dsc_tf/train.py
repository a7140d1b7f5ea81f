"""The main job: cluster a climate record and leave a run folder."""

import sys
import time
import warnings
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from . import cli
from .clusterers import NETWORKS, build, clusterer
from .clusterers.base import check_cluster_count
from .config import TrainConfig
from .data import PREPROCESSING, Preprocessor, prepare
from .data.stored import Samples
from .errors import DscTfError
from .metrics import evaluate
from .reporting import open_run, write_config, write_results

CHECKPOINT = "checkpoint.npz"
EXAMPLES = """examples:
  python -m dsc_tf.train                                     the embedded synthetic year
  python -m dsc_tf.train --data era5_2021.nc --n-clusters 5
  python -m dsc_tf.train --data 'era5_*.nc' --region 60 -30 35 20 --period 2001-01-01 2010-12-31
  python -m dsc_tf.train --data hourly.grib --aggregate daily --window 5 --output runs/mine
  python -m dsc_tf.train --protocol notebook --recipe notebook
  python -m dsc_tf.train --encoder runs/pretrained --data era5_2021.nc     cluster a representation
  python -m dsc_tf.train --data 'era5_*.nc' --memory 2GB      a record larger than memory
  python -m dsc_tf.train --config runs/mine/config.json --seed 1
"""


def run(config):
    """Cluster a record as `config` says.

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
        If settings or data are at fault, or the output folder is.
    """
    ds = config.open()
    stem = f"{config.method}-{config.data_stem}-k{config.n_clusters}-seed{config.seed}"
    output = config.folder(stem)
    samples = _samples(ds, config, output.parent)
    try:
        return _run(config, ds, output, *samples)
    finally:
        if isinstance(samples[0], Samples):
            samples[0].close()


def _run(config, ds, output, X, prep, Z):
    say = cli.speaker(config.quiet)
    check_cluster_count(config.n_clusters, len(X))
    devices = _devices(config)
    say(f"{len(X)} samples of {' x '.join(map(str, X.shape[1:]))} (window, latitude, longitude, variable)")
    folder = open_run(output, resume=config.resume)
    write_config(folder, config.science(), ds)
    began = time.perf_counter()
    method = _method(config, folder.path, prep.hints())
    with folder.told_when_full(), devices:
        method.fit(Z)
    seconds = time.perf_counter() - began
    measures = _measures(X, method.labels_, prep.truth(ds))
    training = {"seconds": round(seconds, 2)} | {
        name: getattr(method, f"{name}_")
        for name in ("stopped_by", "precision")
        if hasattr(method, f"{name}_")
    }
    folder.write_json("metrics.json", {"measures": measures, "training": training})
    say(_table(measures))
    _write_model(folder, method, prep)
    write_results(
        folder,
        ds,
        labels=method.labels_,
        sample_index=prep.sample_index,
        n_clusters=config.n_clusters,
        soft=getattr(method, "soft_labels_", None),
        latent=method.transform(Z) if hasattr(method, "transform") else None,
        centres=_centres(method),
        history=getattr(method, "history_", []),
    )
    (folder.path / CHECKPOINT).unlink(missing_ok=True)  # last of all: until here a resumed run needs it
    path = folder.finish()
    say(f"results in {path} ({time.perf_counter() - began:.0f} s)")
    return path


def main(argv=None):
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C."""
    return cli.guarded(lambda: run(_config(argv)))


def _config(argv):
    return cli.parse(TrainConfig, argv, program="python -m dsc_tf.train", epilog=EXAMPLES)


def _samples(ds, config, scratch):
    """Prepared fields, what prepared them, and what is clustered: the fields, or an encoder's words for them."""
    if config.encoder is None:
        X, prep = prepare(
            ds, protocol=config.protocol, window=config.window, memory=config.memory, scratch=scratch
        )
        return X, prep, X
    cli.load_keras()
    from .contrastive import SpaceTimeTS2Vec

    encoder = SpaceTimeTS2Vec.load(config.encoder)
    with np.load(Path(config.encoder) / PREPROCESSING) as state:
        prep = Preprocessor.from_state(state)
    X = prep.transform(ds)
    Z = encoder.transform(X, starts=prep.hints()["starts"])
    return X, prep, Z.reshape(len(Z), 1, 1, 1, -1)


def _method(config, folder, hints):
    name = config.method
    if config.encoder is not None:
        hints = hints | {"latitude": None}  # features have none
        name = "clustering_layer" if name == "dsc" else name
    options = hints | {"random_state": config.seed}
    if name not in NETWORKS:
        return build(name, config.n_clusters, **options)
    cli.load_keras()
    from .training import Checkpoint
    from .training.progress import watchers

    names = ("recipe", "cell", "sequence_length", "pretrain_epochs", "epochs", "batch_size", "precision")
    return build(
        name,
        config.n_clusters,
        **options,
        **{option: getattr(config, option) for option in names},
        checkpoint=Checkpoint(folder / CHECKPOINT),
        callbacks=watchers(quiet=config.quiet, tensorboard=config.tensorboard),
    )


def _devices(config):
    """Where the method is fitted."""
    if config.gpus == "one":
        return nullcontext()
    cli.load_keras()
    from .training.devices import all_gpus

    if not clusterer(config.method).splits_batches:
        raise DscTfError(f"gpus: {config.method} cannot share a batch among GPUs. Leave the option out.")
    return all_gpus()


def _measures(X, labels, truth):
    """Every measure, or none where all samples fell into one cluster: that is a result too."""
    if np.ptp(labels) == 0:
        warnings.warn("all samples fell into one cluster: no measure is defined", UserWarning, stacklevel=2)
        return {}
    return evaluate(X, labels, truth)


def _centres(method):
    """Centres as rows; latent sequences end to end, as `transform` gives them."""
    centres = getattr(method, "cluster_centers_", None)
    return None if centres is None else centres.reshape(len(centres), -1)


def _write_model(folder, method, prep):
    folder.write_arrays(PREPROCESSING, prep.state())
    if hasattr(method, "save"):
        with folder.told_when_full():
            method.save(folder.path)


def _table(measures):
    width = max(map(len, measures), default=0)
    return "\n".join(f"  {name:<{width}}  {value: .4f}" for name, value in measures.items())


if __name__ == "__main__":
    sys.exit(main())
