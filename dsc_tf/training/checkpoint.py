"""Checkpoints from which an interrupted fit goes on as if nothing had happened."""

import json
import os
import time
import zipfile
from pathlib import Path

import keras
import numpy as np

from ..errors import DscTfError


class Checkpoint:
    """State of a fit in one file, always whole: written beside it and renamed.

    Holds every variable of model and optimiser (random seeds of dropout among them), the target
    distribution, and the history so far.

    Parameters
    ----------
    path : path
        The file, `.npz`.
    seconds : float, default=20.0
        Least time between two writes; what is computed since the last one is computed again.
    """

    def __init__(self, path, *, seconds=20.0):
        self.path = Path(path)
        self.seconds = seconds
        self._written = time.monotonic()

    def load(self):
        """The saved state as a dict, or None where there is no file.

        Raises
        ------
        DscTfError
            If the file cannot be read.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise DscTfError(f"checkpoint: {self.path} cannot be read. Delete it to start anew.") from error

    def is_due(self):
        return time.monotonic() - self._written >= self.seconds

    def save(self, stage, epoch, model, history, extra):
        """Write the state after `epoch` epochs of `stage`.

        Raises
        ------
        OSError
            If the disk is full or the folder cannot be written; the last checkpoint stays.
        """
        state = {f"variable_{i}": np.asarray(v) for i, v in enumerate(_variables(model))}
        state |= {f"extra_{name}": value for name, value in extra.items()}
        state |= {"stage": stage, "epoch": epoch, "history": json.dumps(history)}
        partial = self.path.with_suffix(".tmp")
        try:
            with open(partial, "wb") as file:
                np.savez(file, **state)
            os.replace(partial, self.path)
        finally:
            partial.unlink(missing_ok=True)
        self._written = time.monotonic()


def restore(state, model):
    """Put saved variables back into a compiled `model`; return the extras."""
    model.optimizer.build(model.trainable_variables)
    for i, variable in enumerate(_variables(model)):
        variable.assign(state[f"variable_{i}"])
    return {name.removeprefix("extra_"): v for name, v in state.items() if name.startswith("extra_")}


def _variables(model):
    return [*model.variables, *model.optimizer.variables]


# Keras names the parts of a loss where there are several.
ONLY_LOSS = {"pretrain": "reconstruction", "joint": "clustering"}


class Record(keras.callbacks.Callback):
    """Appends a row to the history at the end of every epoch, and saves a checkpoint when one is due.

    Parameters
    ----------
    stage : {"pretrain", "joint"}
        Name of the stage in the history.
    history : list of dict
        Rows so far, continued in place.
    checkpoint : Checkpoint, default=None
        Where to save; None saves nothing.
    extra : callable, default=dict
        More state to save, by name.
    """

    def __init__(self, stage, history, *, checkpoint=None, extra=dict):
        super().__init__()
        self.stage = stage
        self.history = history
        self.checkpoint = checkpoint
        self.extra = extra

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        nan = float("nan")
        row = {"stage": self.stage, "epoch": len(self.history), "loss": logs["loss"]}
        for name in ("reconstruction", "clustering"):
            row[name] = logs.get(f"{name}_loss", logs["loss"] if ONLY_LOSS.get(self.stage) == name else nan)
        row["label_change"] = logs.get("label_change", nan)
        row["seconds"] = round(time.perf_counter() - self._began, 3)
        self.history.append({k: v if isinstance(v, (str, int)) else float(v) for k, v in row.items()})
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if self.checkpoint and (last or self.checkpoint.is_due()):
            self.checkpoint.save(self.stage, epoch + 1, self.model, self.history, self.extra())
