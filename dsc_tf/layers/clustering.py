"""Soft assignment of latent vectors to cluster centres (Student's t kernel)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dsc_tf")
class ClusteringLayer(keras.layers.Layer):
    """Student's t similarity of a latent vector to each cluster centre.

    With latent vector z, centres c_j, degrees of freedom a and length scale s::

        q_j = (1 + |z - c_j|^2 / (a s^2)) ^ (-(a + 1) / 2),   q_j <- q_j / sum_j q_j

    The published layer has s = 1. When latent vectors lie much closer together than s, every q_j
    is 1 / n_clusters and the clustering loss has no gradient, so `fit` sets s from the data.
    The layer always computes in float32: its inputs may be reduced precision, distances may not.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, at least 2.
    alpha : float, default=1.0
        Degrees of freedom of the kernel.

    Call arguments
        inputs, shape (time, feature).

    Output shape
        (time, cluster); rows sum to 1.

    State saved: `centres` (cluster, feature), trained; `length_scale` (scalar), not trained.

    References
    ----------
    Xie et al. (2016), equation 1; Faruque et al. (2023), equation 3. The length scale is ours.
    """

    def __init__(self, n_clusters, *, alpha=1.0, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.n_clusters = n_clusters
        self.alpha = alpha

    def build(self, input_shape):
        self.centres = self.add_weight(
            shape=(self.n_clusters, input_shape[-1]), initializer="glorot_uniform", name="centres"
        )
        self.length_scale = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="length_scale"
        )

    def call(self, inputs):
        # The difference form: |z|^2 - 2 z.c + |c|^2 cancels when latent vectors lie close together.
        difference = ops.expand_dims(inputs, 1) - self.centres
        squared = ops.sum(ops.square(difference), axis=-1) / ops.square(self.length_scale)
        log_kernel = -0.5 * (self.alpha + 1.0) * ops.log1p(squared / self.alpha)
        return ops.softmax(log_kernel, axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n_clusters)

    def get_config(self):
        config = super().get_config()
        del config["dtype"]
        return config | {"n_clusters": self.n_clusters, "alpha": self.alpha}
