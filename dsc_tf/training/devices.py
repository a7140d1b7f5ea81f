"""One network on several GPUs."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras

from ..errors import DscTfError

log = logging.getLogger(__name__)


@contextmanager
def all_gpus(devices: Sequence[str] | None = None) -> Iterator[None]:
    """Networks that are built and fitted inside have a copy on every GPU, and the copies share each batch.

    Weights stay equal, since gradients are summed over the copies: results are those of one GPU up to rounding. That
    holds for losses that are means over samples, not for those that compare the samples of a batch.

    Parameters
    ----------
    devices : sequence of str, default=None
        Such as "GPU:0"; None is every GPU. With fewer than two nothing changes.

    Raises
    ------
    DscTfError
        If Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise DscTfError(f"gpus: Keras runs on {keras.backend.backend()}. Use TensorFlow, or one GPU.")
    import tensorflow as tf

    devices = devices or [f"GPU:{i}" for i in range(len(tf.config.list_logical_devices("GPU")))]
    if len(devices) < 2:
        log.warning("gpus: %d to share a batch, so nothing is shared", len(devices))
        yield
        return
    log.info("%d devices share each batch", len(devices))
    with tf.distribute.MirroredStrategy(devices).scope():
        yield
