"""One network on several GPUs."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import keras

from ..errors import DscTfError

log = logging.getLogger(__name__)


def strategy():
    """Return the current distribution strategy of TensorFlow, or None."""
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    return tf.distribute.get_strategy() if tf.distribute.has_strategy() else None


@contextmanager
def all_gpus(devices: Sequence[str] | None = None) -> Iterator[None]:
    """Networks that are built and fitted inside have a copy on every GPU, and the copies share each batch.

    Weights stay equal, since gradients are averaged over the copies: results are those of one GPU up to rounding where
    the copies have as many samples each. That holds for losses that are means over samples, not for those that compare
    the samples of a batch.

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
    with _mirrored(tuple(devices)).scope():
        yield


@cache
def _mirrored(devices):
    import tensorflow as tf

    # Collective operations of two networks in one process are taken for each other (TensorFlow 2.21).
    sums = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=sums)
