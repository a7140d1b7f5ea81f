"""Reuse of a compiled network for the next seed: tracing a network can take longer than its training."""

import numpy as np
from keras import ops


def exchange_weights(models, others):
    """Exchange the values of all variables, random seeds of layers among them, between networks of equal layers.

    Parameters
    ----------
    models, others : sequence of keras.Model
        Networks, compiled or not. Variables that several models of a sequence share are exchanged once.
    """
    pairs = {}
    for model, other in zip(models, others, strict=True):
        for one, two in zip(model.variables, other.variables, strict=True):
            pairs[id(one)] = (one, two)
    for one, two in pairs.values():
        value = np.array(ops.convert_to_numpy(one))
        one.assign(two)
        two.assign(value)


def compile_or_reset(model, optimizer, **settings):
    """Compile a model, or reset the optimiser of a model that is compiled with the same settings already.

    Parameters
    ----------
    model : keras.Model
        Model.
    optimizer : keras.optimizers.Optimizer
        Optimiser of a model that is not compiled yet.
    **settings
        Other arguments of `compile`.
    """
    if not model.compiled:
        model.compile(optimizer, **settings)
        _build_optimizer_and_metrics(model)
        return
    rate = float(ops.convert_to_numpy(model.optimizer.learning_rate))
    for variable in model.optimizer.variables:
        variable.assign(ops.zeros_like(variable))
    model.optimizer.learning_rate = rate


def _build_optimizer_and_metrics(model):
    """Build the optimiser and the metrics of losses, which `fit` would build while it traces and then trace again."""
    model.optimizer.build(model.trainable_variables)
    outputs = getattr(model, "output", None)
    if isinstance(outputs, dict):
        some = {name: ops.zeros((1, *output.shape[1:])) for name, output in outputs.items()}
        model.compute_loss(y=some, y_pred=some)
        model.reset_metrics()
