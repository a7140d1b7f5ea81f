"""What shows how Keras `fit` gets on: a progress bar, TensorBoard."""

from pathlib import Path

import keras
from tqdm.auto import tqdm

STAGES = {
    "autoencoder": "learning to reconstruct",
    "dsc": "clustering",
    "stretch_forecaster": "learning to forecast",
}


class ProgressBar(keras.callbacks.Callback):
    """One bar a stage: epochs done, loss, and the share of changed labels."""

    def on_train_begin(self, logs=None):
        stage = STAGES.get(self.model.name, self.model.name)
        self._bar = tqdm(total=self.params["epochs"], desc=stage, unit="epoch")

    def on_epoch_end(self, epoch, logs=None):
        shown = {name: logs[name] for name in ("loss", "label_change") if name in logs}
        self._bar.set_postfix({name: f"{float(value):.3g}" for name, value in shown.items()}, refresh=False)
        self._bar.update(epoch + 1 - self._bar.n)

    def on_train_end(self, logs=None):
        self._bar.close()


class StagedTensorBoard(keras.callbacks.TensorBoard):
    """Losses for TensorBoard, each stage in a folder of its own, named as its model is.

    Parameters
    ----------
    folder : path
        What `tensorboard --logdir` is to show.
    """

    def __init__(self, folder):
        super().__init__(folder, write_graph=False)
        self.folder = Path(folder)

    def set_model(self, model):
        self.log_dir = str(self.folder / model.name)
        super().set_model(model)


def progress_callbacks(*, quiet=False, tensorboard=None):
    """Callbacks that a command's settings ask for.

    Parameters
    ----------
    quiet : bool, default=False
        No progress bar.
    tensorboard : path, default=None
        Folder for TensorBoard; None writes nothing.

    Returns
    -------
    tuple of keras.callbacks.Callback
    """
    bar = () if quiet else (ProgressBar(),)
    return bar if tensorboard is None else (*bar, StagedTensorBoard(tensorboard))
