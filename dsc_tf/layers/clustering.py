"""Soft assignment of latent vectors or sequences to cluster centres (Student's t kernel)."""

import keras
from keras import ops

EPSILON = 1e-12  # keeps the ratios finite for constant sequences


@keras.saving.register_keras_serializable(package="dsc_tf")
class ClusteringLayer(keras.layers.Layer):
    """Student's t similarity of a latent vector to each cluster centre.

    With latent vector z, centres c_j, degrees of freedom a and length scale s::

        q_j = (1 + |z - c_j|^2 / (a s^2)) ^ (-(a + 1) / 2),   q_j <- q_j / sum_j q_j

    The published layer has s = 1. If the distances between latent vectors are much smaller than s, every q_j is
    1 / n_clusters and the clustering loss has no gradient; the estimators therefore set s from the data. The layer
    always computes distances in float32, even if its inputs have reduced precision.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, at least 2.
    alpha : float, default=1.0
        Degrees of freedom of the kernel.
    metric : {"euclidean", "cid", "correlation"}, default="euclidean"
        Distance to a centre. For sequences, "cid" (complexity-invariant distance) multiplies the Euclidean distance
        by the ratio of the larger complexity (norm of the differences between steps) to the smaller one, and
        "correlation" is sqrt(2 (1 - r)).

    Notes
    -----
    Input shape (time, feature) or (time, step, channel); output shape (time, cluster), with rows that sum to 1.
    State: `centres` (cluster, ...), of the shape of one input, trained; `length_scale` (scalar), not trained.

    References
    ----------
    Xie et al. (2016), equation 1; Faruque et al. (2023), equation 3; for sequences Madiraju et al. (2018).
    The length scale is an addition of this package.

    Examples
    --------
    >>> layer = ClusteringLayer(2)
    >>> layer.build((None, 1))
    >>> _ = layer.centres.assign([[0.0], [2.0]])
    >>> [round(float(q), 3) for q in layer(keras.ops.array([[0.0]]))[0]]
    [0.833, 0.167]
    """

    def __init__(self, n_clusters, *, alpha=1.0, metric="euclidean", **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.n_clusters = n_clusters
        self.alpha = alpha
        self.metric = metric

    def build(self, input_shape):
        self.centres = self.add_weight(
            shape=(self.n_clusters, *input_shape[1:]), initializer="glorot_uniform", name="centres"
        )
        self.length_scale = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="length_scale"
        )

    def call(self, inputs):
        squared = self.squared_distances(inputs) / ops.square(self.length_scale)
        log_kernel = -0.5 * (self.alpha + 1.0) * ops.log1p(squared / self.alpha)
        return ops.softmax(log_kernel, axis=-1)

    def squared_distances(self, inputs):
        """Squared distance of each input to each centre, shape (time, cluster)."""
        return SQUARED_DISTANCES[self.metric](ops.expand_dims(inputs, 1), ops.expand_dims(self.centres, 0))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n_clusters)

    def get_config(self):
        config = super().get_config()
        del config["dtype"]
        return config | {"n_clusters": self.n_clusters, "alpha": self.alpha, "metric": self.metric}


def _squared_euclidean(x, y):
    # |x|^2 - 2 x.y + |y|^2 would suffer from cancellation for latent vectors that are close together.
    return _sum(ops.square(x - y))


def _squared_cid(x, y):
    one, other = _squared_complexity(x), _squared_complexity(y)
    ratio = (ops.maximum(one, other) + EPSILON) / (ops.minimum(one, other) + EPSILON)
    return _squared_euclidean(x, y) * ratio


def _squared_complexity(x):
    return _sum(ops.square(x[:, :, 1:] - x[:, :, :-1]))


def _squared_correlation(x, y):
    x, y = (v - ops.mean(v, axis=tuple(range(2, len(v.shape))), keepdims=True) for v in (x, y))
    norms = ops.sqrt((_sum(ops.square(x)) + EPSILON) * (_sum(ops.square(y)) + EPSILON))
    return 2.0 * ops.maximum(0.0, 1.0 - _sum(x * y) / norms)


def _sum(x):
    """Sum over all axes except sample and cluster."""
    return ops.sum(x, axis=tuple(range(2, len(x.shape))))


SQUARED_DISTANCES = {
    "euclidean": _squared_euclidean,
    "cid": _squared_cid,
    "correlation": _squared_correlation,
}
