"""Self-training: refresh the target distribution, stop when labels rest."""

from typing import Any

import keras
import numpy as np

from .targets import target_distribution


class TargetRefresh(keras.callbacks.Callback):
    """Recomputes the target distribution on the whole record at the end of every epoch.

    Training stops when the share of changed labels stays at or below `tol` for `patience`
    consecutive refreshes. The share is reported in the logs as `label_change`.

    Parameters
    ----------
    assign : callable
        Returns the soft assignments (time, cluster) of the whole record from the weights as they are.
    tol : float
        Share of changed labels that counts as none.
    patience : int
        Consecutive quiet refreshes before training stops.
    reconstructs : bool, default=True
        Whether the trained model has a second output, which is compared with its input.

    Attributes
    ----------
    soft_labels : array of shape (time, cluster) or None
        Soft assignments of the last refresh; None before the first and after `restore`.

    References
    ----------
    Faruque et al. (2023), section 3.3 and equation 7.
    """

    def __init__(self, assign, *, tol, patience, reconstructs=True):
        super().__init__()
        self.assign = assign
        self.tol = tol
        self.patience = patience
        self.reconstructs = reconstructs
        self.p: Any = None
        self.soft_labels: Any = None
        self.labels = None
        self.n_unchanged = 0

    def targets(self, at, x):
        """Targets of the batch at positions `at`, for `Batches`."""
        return {"clustering": self.p[at]} | ({"reconstruction": x} if self.reconstructs else {})

    def state(self):
        """Return the state from which an interrupted run continues."""
        return {"p": self.p, "labels": self.labels, "n_unchanged": np.array(self.n_unchanged)}

    def restore(self, state):
        self.p, self.labels = state["p"], state["labels"]
        self.n_unchanged = int(state.get("n_unchanged", state.get("quiet_refreshes", 0)))  # the older name

    def on_epoch_end(self, epoch, logs=None):
        before = self.labels
        self.refresh()
        change = float(np.mean(self.labels != before))
        self.n_unchanged = self.n_unchanged + 1 if change <= self.tol else 0
        if logs is not None:
            logs["label_change"] = change
        if self.converged:
            self.model.stop_training = True

    @property
    def converged(self):
        return self.n_unchanged >= self.patience

    def refresh(self, soft_labels=None):
        """Targets and labels of the whole record from the weights as they are.

        Call it before `fit`: Keras asks for a batch before training begins.

        Parameters
        ----------
        soft_labels : array of shape (time, cluster), default=None
            Soft assignments from the weights as they are, if known; else `assign` is called.
        """
        self.soft_labels = self.assign() if soft_labels is None else soft_labels
        self.p = target_distribution(self.soft_labels)
        self.labels = self.soft_labels.argmax(axis=1)
