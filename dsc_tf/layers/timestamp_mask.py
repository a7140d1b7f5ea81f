"""Steps hidden from an encoder while it learns."""

import keras
from keras import ops

from ..errors import DscTfError

KINDS = ("binomial", "continuous", "all_true", "all_false", "mask_last")
SPANS, SPAN_SHARE = 5, 0.1  # of "continuous": how many, each this share of the series


@keras.saving.register_keras_serializable(package="dsc_tf")
class TimestampMask(keras.layers.Layer):
    """Sets latent vectors of some time steps to zero, for all features alike.

    In training the mask is drawn anew at every call: "binomial" keeps each step with probability `keep`;
    "continuous" hides five spans of a tenth of the series. Otherwise `at_rest` holds.

    Parameters
    ----------
    kind : {"binomial", "continuous", "all_true", "all_false", "mask_last"}, default="binomial"
        Mask in training.
    at_rest : str, default="all_true"
        Mask otherwise; the same choices.
    keep : float, default=0.5
        Probability of "binomial".
    seed : int, default=None
        Seed of the masks.

    Call arguments
        latent, shape (series, time, feature); present, shape (series, time): 1 where a step may be seen.

    Output shape
        (series, time, feature).

    Raises
    ------
    DscTfError
        If `kind` or `at_rest` is none of these.

    References
    ----------
    Yue et al. (2022), TS2Vec, section 3.2 and its program.
    """

    def __init__(self, kind="binomial", at_rest="all_true", keep=0.5, seed=None, **kwargs):
        super().__init__(**kwargs)
        for one in (kind, at_rest):
            if one not in KINDS:
                raise DscTfError(f"mask: {one!r}. Choose one of {', '.join(KINDS)}.")
        self.kind, self.at_rest, self.keep, self.seed = kind, at_rest, keep, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, latent, present, training=False):
        shown = self._shown(ops.shape(latent)[:2], self.kind if training else self.at_rest)
        return latent * ops.cast(present * shown, latent.dtype)[..., None]

    def _shown(self, shape, kind):
        if kind == "binomial":
            drawn = keras.random.uniform(shape, seed=self.generator)
            return ops.cast(drawn < self.keep, "float32")
        if kind == "continuous":
            return self._spans(shape)
        steps = ops.arange(shape[1])
        last = {"all_true": shape[1], "all_false": 0, "mask_last": shape[1] - 1}[kind]
        return ops.broadcast_to(ops.cast(steps < last, "float32"), shape)

    def _spans(self, shape):
        steps = ops.cast(ops.arange(shape[1]), "float32")
        count = ops.cast(shape[1], "float32")
        length = ops.maximum(ops.floor(SPAN_SHARE * count), 1.0)
        spans = ops.minimum(float(SPANS), ops.maximum(ops.floor(count / 2), 1.0))
        drawn = keras.random.uniform((shape[0], SPANS), seed=self.generator)
        start = ops.floor(drawn * (count - length + 1))
        drawn_at_all = ops.cast(ops.arange(SPANS), "float32") < spans
        start = ops.where(drawn_at_all, start, -2 * count)[..., None]
        hidden = ops.any((steps >= start) & (steps < start + length), axis=1)
        return 1.0 - ops.cast(hidden, "float32")

    def compute_output_shape(self, latent_shape, present_shape=None):
        return latent_shape

    def get_config(self):
        own = {name: getattr(self, name) for name in ("kind", "at_rest", "keep", "seed")}
        return super().get_config() | own
