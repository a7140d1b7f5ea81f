"""Attention of each step of a sequence to those before it or after it: a graph whose nodes are steps."""

from typing import Any

import keras
from keras import ops

SLOPE = 0.2  # of the leaky rectifier for negative scores, as published
FAR = -1e9  # score of steps that are not neighbours


@keras.saving.register_keras_serializable(package="dsc_tf")
class TemporalGraphAttention(keras.layers.Layer):
    """Graph attention over time: a node for each step, an edge from each neighbour in one direction.

    With the features x_t of a step, a matrix W and vectors a, b of each head, neighbours N(t) and leaky rectifier r::

        h_t = W x_t
        w_ts = softmax over s in N(t) of r(a . h_t + b . h_s)
        y_t = sum over s in N(t) of w_ts h_s

    N(t) holds t itself and the steps before it ("past") or after it ("future"), those at a distance of at most `reach`.
    The outputs of the heads are concatenated.

    Parameters
    ----------
    units : int
        Number of features of each head.
    heads : int, default=1
        Number of heads.
    direction : {"past", "future"}, default="past"
        Where the neighbours of a step lie.
    reach : int, default=None
        Largest distance of a neighbour in steps; None is the whole sequence.

    Notes
    -----
    Input shape (series, time, feature); output shape (series, time, heads * units). Weights: `kernel` (feature, head,
    unit), `target_scores` and `source_scores` (head, unit), the vectors a and b.

    References
    ----------
    Velickovic, P., et al. (2018). Graph Attention Networks. ICLR, equations 1 to 5. The directed graph over time is
    that of B-TGAT, Nji, F. N., Janeja, V., Wang, J. (2025), arXiv 2509.13202, as far as its abstract describes it.

    Examples
    --------
    With a reach of 0 each step has itself as its only neighbour, so that the layer is linear:

    >>> layer = TemporalGraphAttention(1, reach=0)
    >>> layer.build((None, None, 1))
    >>> layer.kernel.assign([[[2.0]]]) is None
    False
    >>> [float(v) for v in ops.ravel(layer(ops.array([[[1.0], [3.0]]])))]
    [2.0, 6.0]
    """

    def __init__(
        self,
        units: int,
        *,
        heads: int = 1,
        direction: str = "past",
        reach: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.heads = heads
        self.direction = direction
        self.reach = reach

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        options = {"initializer": "glorot_uniform"}
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.heads, self.units), name="kernel", **options
        )
        self.target_scores = self.add_weight(shape=(self.heads, self.units), name="target_scores", **options)
        self.source_scores = self.add_weight(shape=(self.heads, self.units), name="source_scores", **options)

    def call(self, inputs: Any) -> Any:
        values = ops.einsum("btf,fhu->bthu", inputs, self.kernel)
        weights = ops.cast(self._edge_weights(values), self.compute_dtype)
        outputs = ops.einsum("bhts,bshu->bthu", weights, values)
        return ops.reshape(outputs, (-1, ops.shape(inputs)[1], self.heads * self.units))

    def edge_weights(self, inputs: Any) -> Any:
        """Weight of each edge, shape (series, head, time, time): row t holds the weights of the neighbours of t."""
        return self._edge_weights(ops.einsum("btf,fhu->bthu", inputs, self.kernel))

    def _edge_weights(self, values: Any) -> Any:
        target = ops.einsum("bthu,hu->bht", values, self.target_scores)
        source = ops.einsum("bthu,hu->bht", values, self.source_scores)
        scores = ops.leaky_relu(ops.expand_dims(target, 3) + ops.expand_dims(source, 2), SLOPE)
        return ops.softmax(
            ops.where(self._is_neighbour(ops.shape(values)[1]), ops.cast(scores, "float32"), FAR)
        )

    def _is_neighbour(self, steps: Any) -> Any:
        time = ops.arange(steps)
        back = ops.expand_dims(time, 1) - time  # steps from a neighbour to the node, positive in the past
        distance = back if self.direction == "past" else -back
        near = steps if self.reach is None else self.reach
        return ops.logical_and(distance >= 0, distance <= near)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:2], self.heads * self.units)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("units", "heads", "direction", "reach")}
        return super().get_config() | own
