"""Random masking of time steps in training."""

import keras
from keras import ops

from ..errors import DscTfError

KINDS = ("binomial", "continuous", "all_true", "all_false", "mask_last")
SPANS, SPAN_SHARE = 5, 0.1  # of "continuous": number of spans, and length of each as a share of the series
OLD_NAMES = {"at_rest": "inference_kind", "keep": "keep_probability"}  # in configurations of older files


@keras.saving.register_keras_serializable(package="dsc_tf")
class TimestampMask(keras.layers.Layer):
    """Sets the latent vectors of randomly chosen time steps to zero, all features alike.

    In training a new mask is drawn at every call: "binomial" keeps each step with a given probability; "continuous"
    masks five spans of a tenth of the series. "all_true" masks nothing, "all_false" everything, and "mask_last" the
    last step.

    Parameters
    ----------
    kind : {"binomial", "continuous", "all_true", "all_false", "mask_last"}, default="binomial"
        Mask in training.
    inference_kind : str, default="all_true"
        Mask in inference; the same choices.
    keep_probability : float, default=0.5
        Probability that "binomial" keeps a step.
    seed : int, default=None
        Seed of the masks.

    Raises
    ------
    DscTfError
        If `kind` or `inference_kind` is not one of these.

    Notes
    -----
    Inputs: latent (series, time, feature), and present (series, time), 1 for steps that may be used. Output shape
    (series, time, feature).

    References
    ----------
    Yue et al. (2022), TS2Vec, section 3.2, and the authors' program.

    Examples
    --------
    >>> layer = TimestampMask("all_true", inference_kind="mask_last")
    >>> masked = layer(keras.ops.ones((1, 3, 2)), keras.ops.ones((1, 3)))
    >>> keras.ops.convert_to_numpy(masked)[0, :, 0].tolist()
    [1.0, 1.0, 0.0]
    """

    def __init__(self, kind="binomial", inference_kind="all_true", keep_probability=0.5, seed=None, **kwargs):
        super().__init__(**kwargs)
        for one in (kind, inference_kind):
            if one not in KINDS:
                raise DscTfError(f"mask: {one!r}. Choose one of {', '.join(KINDS)}.")
        self.kind = kind
        self.inference_kind = inference_kind
        self.keep_probability = keep_probability
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, latent, present, training=False):
        mask = self._mask(ops.shape(latent)[:2], self.kind if training else self.inference_kind)
        return latent * ops.cast(present * mask, latent.dtype)[..., None]

    def _mask(self, shape, kind):
        """Mask of one kind, shape (series, time) or broadcastable to it: 1 for steps that are kept."""
        if kind == "binomial":
            uniform = keras.random.uniform(shape, seed=self.generator)
            return ops.cast(uniform < self.keep_probability, "float32")
        if kind == "continuous":
            return self._spans(shape)
        steps = ops.arange(shape[1])
        end = {"all_true": shape[1], "all_false": 0, "mask_last": shape[1] - 1}[kind]
        return ops.broadcast_to(ops.cast(steps < end, "float32"), shape)

    def _spans(self, shape):
        steps = ops.cast(ops.arange(shape[1]), "float32")
        count = ops.cast(shape[1], "float32")
        length = ops.maximum(ops.floor(SPAN_SHARE * count), 1.0)
        spans = ops.minimum(float(SPANS), ops.maximum(ops.floor(count / 2), 1.0))
        uniform = keras.random.uniform((shape[0], SPANS), seed=self.generator)
        start = ops.floor(uniform * (count - length + 1))
        is_used = ops.cast(ops.arange(SPANS), "float32") < spans
        start = ops.where(is_used, start, -2 * count)[..., None]
        masked = ops.any((steps >= start) & (steps < start + length), axis=1)
        return 1.0 - ops.cast(masked, "float32")

    def compute_output_shape(self, latent_shape, present_shape=None):
        return latent_shape

    def get_config(self):
        own = {name: getattr(self, name) for name in ("kind", "inference_kind", "keep_probability", "seed")}
        return super().get_config() | own

    @classmethod
    def from_config(cls, config):
        """Layer from a configuration; the parameter names of older files are accepted."""
        return super().from_config({OLD_NAMES.get(name, name): value for name, value in config.items()})
