"""Learn an encoder of a gridded record without labels, and write the representation of every step."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..downstream.encoder_names import LEARNED
from ..logging import record_warnings
from ..records.memory import memory_limit
from . import cli
from .data_settings import CHECKPOINT, GAP_FILLING, EncoderConfig, run_folder, start_run
from .settings import check_seed

EXAMPLES = """examples:
  python -m dsc_tf.pretrain                                  the embedded synthetic year
  python -m dsc_tf.pretrain --data era5_2021.nc --output runs/pretrained
  python -m dsc_tf.pretrain --data slp.nc --grid 0 --size 256 --steps 600
  python -m dsc_tf.train --encoder runs/pretrained --data era5_2021.nc     cluster with it
"""


@dataclass(frozen=True)
class PretrainConfig(EncoderConfig):
    """Learn an encoder of fields in space and time without labels, and write the representation of every step.

    Parameters
    ----------
    objective : str
        Training objective: "ts2vec" and its variants "dep_ts2vec", "variogram" (near steps are no negatives) and
        "variogram_hard" (with unit vectors, and larger weights of steps that are closer than expected), or the
        baselines "simclr" (the field a little later) and "masked" (hidden steps); "untrained" keeps the randomly
        initialised encoder.
    seed : int
        Seed of all random numbers.
    memory : str
        Memory that the record may take, such as 2GB; half of what is available by default. A larger record is
        kept in a scratch file next to the run folder.
    tensorboard : str
        Folder to write losses to, for TensorBoard; by default none are written.
    """

    objective: str = field(default="variogram", metadata={"choices": LEARNED})
    seed: int = 0
    memory: str | None = None
    tensorboard: str | None = field(default=None, metadata={"needs": "tensorboard"})

    excluded_from_hash = (*EncoderConfig.excluded_from_hash, "memory", "tensorboard")

    def __post_init__(self):
        super().__post_init__()
        check_seed(self.seed)
        memory_limit(self.memory)

    @classmethod
    def merge(cls, saved, given):
        """Values of a config file overridden by given ones; `n_clusters` of version 0.1 is left out."""
        return {name: value for name, value in saved.items() if name != "n_clusters"} | given


def run(config: PretrainConfig) -> Path:
    """Train an encoder with the settings of `config`.

    Parameters
    ----------
    config : PretrainConfig
        Settings.

    Returns
    -------
    pathlib.Path
        The finished folder: `encoder.json` and `encoder.weights.h5` (`SpaceTimeTS2Vec.load`), `preprocessing.npz`,
        `representation.nc`, `history.csv`, `config.json`, `metrics.json`.

    Raises
    ------
    DscTfError
        If settings, data or the output folder are invalid.
    """
    with record_warnings() as messages:
        return _run_recorded(config, messages)


def _run_recorded(config, messages):
    ds, filler = config.open_filled()  # a missing file is reported before the imports
    from ..preprocessing.preprocessor import prepare

    stem = f"{config.objective}-{config.data_stem}-seed{config.seed}"
    scratch = run_folder(config.output, stem, resume=config.resume).parent
    X, prep = prepare(ds, protocol=config.protocol, memory=config.memory, scratch=scratch)
    try:
        return _learn(config, ds, filler, stem, messages, X, prep)
    finally:
        X.close()


def _learn(config, ds, filler, stem, messages, X, prep):
    from ..downstream.encoders import new_encoder
    from ..preprocessing.preprocessor import PREPROCESSING
    from ..records import notes_of
    from ..reporting import run_fingerprint

    echo = cli.make_echo(config.quiet)
    echo(f"{len(X)} steps of {' x '.join(map(str, X.shape[2:]))} (latitude, longitude, variable)")
    folder = start_run(config, stem, ds)
    cli.load_keras()
    from ..representations.inference import effective_rank
    from ..training import Checkpoint
    from ..training.progress import progress_callbacks

    began = time.perf_counter()
    options = config.encoder_settings() | {"random_state": config.seed}
    options["callbacks"] = progress_callbacks(quiet=config.quiet, tensorboard=config.tensorboard)
    checkpoint = Checkpoint(folder.path / CHECKPOINT, fingerprint=run_fingerprint(folder.path))
    model = new_encoder(config.objective, checkpoint=checkpoint, **options)
    with folder.raise_on_full_disk():
        model.fit(X)
    learned = time.perf_counter() - began
    representation = model.transform(X)
    measures = {
        "effective_rank": round(effective_rank(representation), 2),
        "seconds_to_learn": round(learned, 1),
        "seconds_to_encode": round(time.perf_counter() - began - learned, 1),
    }
    echo(f"  effective rank {measures['effective_rank']} of {config.size} features")
    folder.write_json("metrics.json", measures)
    with folder.raise_on_full_disk():
        model.save(folder.path)
    folder.write_arrays(PREPROCESSING, prep.state())
    if filler is not None:
        folder.write_arrays(GAP_FILLING, filler.state())
    folder.write_netcdf(
        "representation.nc", representation_dataset(representation, ds["time"][X.sample_index], config)
    )
    if model.history_:
        folder.write_csv("history.csv", model.history_)
    (folder.path / CHECKPOINT).unlink(missing_ok=True)  # last of all: until here a resumed run needs it
    unshown = [note for note in notes_of(ds) if not any(note in message for message in messages)]
    path = folder.finish(warnings=[*messages, *unshown])
    echo(f"results in {path} ({time.perf_counter() - began:.0f} s)")
    return path


def representation_dataset(representation, steps, config):
    """Representations as a CF dataset.

    Parameters
    ----------
    representation : array of shape (time, feature)
        One row for each step.
    steps : xr.DataArray
        Their times.
    config : PretrainConfig
        Settings of the command.

    Returns
    -------
    xr.Dataset
        `representation` (time, feature).
    """
    import numpy as np
    import xarray as xr

    about = {"long_name": "learned representation of each time step", "units": "1"}
    return xr.Dataset(
        {"representation": (("time", "feature"), representation.astype(np.float32), about)},
        {"time": steps.reset_coords(drop=True)},
        {
            "Conventions": "CF-1.8",
            "title": f"Representation ({config.objective}), window {config.window} steps",
        },
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 for bad input, 130 for ctrl-C, 143 for SIGTERM."""
    return cli.main(PretrainConfig, run, argv, epilog=EXAMPLES)
