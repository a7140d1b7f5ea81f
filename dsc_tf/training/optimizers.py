"""Optimisers that leave nothing behind; Adam in one pass over the weights."""

import keras
from keras import ops


class SingleReplicaMixin:
    """Mixin: gradients of a single replica are summed over no others.

    TensorFlow writes the gradient of every such sum into a registry that it never empties, and with it the graph
    and all weights of each network that was ever compiled.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars):
        import tensorflow as tf

        if tf.distribute.has_strategy():
            return super()._all_reduce_sum_gradients(grads_and_vars)
        return list(grads_and_vars)


@keras.saving.register_keras_serializable(package="dsc_tf")
class SGD(SingleReplicaMixin, keras.optimizers.SGD):
    """Keras's stochastic gradient descent."""


@keras.saving.register_keras_serializable(package="dsc_tf")
class Adam(SingleReplicaMixin, keras.optimizers.Adam):
    """Keras's Adam. On TensorFlow a weight's update is one fused kernel instead of a dozen passes over memory.

    Arguments and results are those of `keras.optimizers.Adam`, up to rounding. Other backends fuse the update
    themselves and use Keras's.

    References
    ----------
    Kingma, D. P., Ba, J. (2015). Adam: A Method for Stochastic Optimization. ICLR. The form before section 2.1.
    """

    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow":
            return super().update_step(gradient, variable, learning_rate)
        import tensorflow as tf

        if self.amsgrad or tf.distribute.has_strategy():  # copies of a weight are updated by the strategy
            return super().update_step(gradient, variable, learning_rate)
        place = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=(variable.value if isinstance(variable, keras.Variable) else variable).handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=ops.power(ops.cast(self.beta_1, variable.dtype), step),
            beta2_power=ops.power(ops.cast(self.beta_2, variable.dtype), step),
            lr=ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, variable.dtype),
        )
