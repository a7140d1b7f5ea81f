"""Checkpoints from which an interrupted fit continues with the same result as an uninterrupted one."""

import hashlib
import json
import time
from pathlib import Path

import keras
import numpy as np

from ..atomic_write import atomic_write
from ..errors import DAMAGE, DscTfError

DIGEST, FINGERPRINT = "sha256", "fingerprint"


class Checkpoint:
    """State of a fit in one file, written atomically.

    The file contains every variable of model and optimizer (including the random seeds of dropout), the target
    distribution and the history so far, a digest of all of these, and a fingerprint of the run.

    Parameters
    ----------
    path : path
        The file, `.npz`.
    seconds : float, default=20.0
        Minimum time between two writes; what is computed after the last write is computed again.
    fingerprint : str, default=""
        Text that identifies settings, data and versions of the run; a checkpoint of another one is refused.
    """

    def __init__(self, path, *, seconds=20.0, fingerprint=""):
        self.path = Path(path)
        self.seconds = seconds
        self.fingerprint = fingerprint
        self._written = time.monotonic()

    def load(self):
        """Read the saved state.

        Returns
        -------
        dict or None
            Arrays by name, or None if there is no file.

        Raises
        ------
        DscTfError
            If the file is damaged or belongs to another run.
        """
        if not self.path.exists():
            return None
        try:
            with open(self.path, "rb") as file, np.load(file, allow_pickle=False) as archive:
                state = {name: archive[name] for name in archive.files}
            if str(state.pop(DIGEST)) != _digest(state):
                raise ValueError("the digest differs")
        except DAMAGE as error:
            raise DscTfError(
                f"checkpoint: {self.path} cannot be read. Delete it to start the training again."
            ) from error
        if str(state.pop(FINGERPRINT)) != self.fingerprint:
            raise DscTfError(
                f"checkpoint: {self.path} belongs to a run of other settings, data or versions. "
                "Delete it to start the training again."
            )
        return state

    def is_due(self):
        """Whether the minimum time since the last write has passed."""
        return time.monotonic() - self._written >= self.seconds

    def save(self, stage, epoch, model, history, extra):
        """Write the state after `epoch` epochs of `stage`.

        Parameters
        ----------
        stage : str
            Name of the stage.
        epoch : int
            Number of epochs done.
        model : keras.Model
            Compiled model.
        history : list of dict
            Rows so far.
        extra : dict of str to array
            More state to save.

        Raises
        ------
        DscTfError
            If the disk is full or the folder has disappeared; the last checkpoint is kept.
        """
        state = {f"variable_{i}": np.asarray(v) for i, v in enumerate(_variables(model))}
        state |= {f"extra_{name}": np.asarray(value) for name, value in extra.items()}
        state |= {"stage": np.asarray(stage), "epoch": np.asarray(epoch)}
        state |= {"history": np.asarray(json.dumps(history)), FINGERPRINT: np.asarray(self.fingerprint)}
        try:
            with atomic_write(self.path, advice="add --resume to continue") as path, open(path, "wb") as file:
                np.savez(file, **state, **{DIGEST: np.asarray(_digest(state))})
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DscTfError(
                f"output: {self.path.parent} has disappeared during the run. Start the run again."
            ) from error
        self._written = time.monotonic()


def restore(state, model):
    """Assign saved variables to a compiled `model`.

    Parameters
    ----------
    state : dict
        As `Checkpoint.load` returns it.
    model : keras.Model
        Compiled model of the same network.

    Returns
    -------
    dict
        The extra state, by name.

    Raises
    ------
    DscTfError
        If the variables are those of another network.
    """
    model.optimizer.build(model.trainable_variables)
    try:
        for i, variable in enumerate(_variables(model)):
            variable.assign(state[f"variable_{i}"])
    except (KeyError, ValueError) as error:
        raise DscTfError(
            "checkpoint: it belongs to another network. Delete it to start the training again."
        ) from error
    return {name.removeprefix("extra_"): v for name, v in state.items() if name.startswith("extra_")}


def _variables(model):
    return [*model.variables, *model.optimizer.variables]


def _digest(state):
    """Hash of names, types, shapes and values of arrays."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(f"{name} {state[name].dtype.str} {state[name].shape} ".encode())
        digest.update(np.ascontiguousarray(state[name]).tobytes())
    return digest.hexdigest()


# Keras names the parts of a loss only if there are several.
ONLY_LOSS = {"pretrain": "reconstruction", "joint": "clustering"}


class HistoryLogger(keras.callbacks.Callback):
    """Append a row to the history at the end of every epoch, and save a checkpoint when one is due.

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
    clustering_output : str, default="clustering"
        Output of the model whose loss is the column "clustering".
    """

    def __init__(self, stage, history, *, checkpoint=None, extra=dict, clustering_output="clustering"):
        super().__init__()
        self.outputs = {"reconstruction": "reconstruction", "clustering": clustering_output}
        self.stage = stage
        self.history = history
        self.checkpoint = checkpoint
        self.extra = extra

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        nan = float("nan")
        row = {"stage": self.stage, "epoch": len(self.history), "loss": logs["loss"]}
        for name, output in self.outputs.items():
            row[name] = logs.get(f"{output}_loss", logs["loss"] if ONLY_LOSS.get(self.stage) == name else nan)
        row["label_change"] = logs.get("label_change", nan)
        row["seconds"] = round(time.perf_counter() - self._began, 3)
        self.history.append({k: v if isinstance(v, (str, int)) else float(v) for k, v in row.items()})
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if self.checkpoint and (last or self.checkpoint.is_due()):
            self.checkpoint.save(self.stage, epoch + 1, self.model, self.history, self.extra())
