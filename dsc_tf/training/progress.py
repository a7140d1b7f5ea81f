"""A progress bar for Keras `fit`."""

import keras
from tqdm.auto import tqdm

STAGES = {"autoencoder": "learning to reconstruct", "dsc": "clustering"}


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
