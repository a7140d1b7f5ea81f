"""A compiled network for the next seed: tracing a network costs more than many runs of it."""

from keras import ops


def copy_initial_weights(models, drawn):
    """Give networks the weights and random seeds of others that were drawn anew.

    Parameters
    ----------
    models : sequence of keras.Model
        Networks to keep, compiled or not.
    drawn : sequence of keras.Model
        Their twins, of the same layers.
    """
    for kept, new in zip(models, drawn, strict=True):
        for variable, value in zip(kept.variables, new.variables, strict=True):
            variable.assign(value)


def compile_or_reset(model, optimizer, **settings):
    """Compile a model; one that is compiled already, by the same settings, starts its optimiser anew.

    Parameters
    ----------
    model : keras.Model
        Model.
    optimizer : keras.optimizers.Optimizer
        Its optimiser, if it has none yet.
    **settings
        Of `compile`.
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
    """Make what `fit` would make while it traces, since it would trace twice then: optimiser, meters of losses."""
    model.optimizer.build(model.trainable_variables)
    outputs = getattr(model, "output", None)
    if isinstance(outputs, dict):
        some = {name: ops.zeros((1, *output.shape[1:])) for name, output in outputs.items()}
        model.compute_loss(y=some, y_pred=some)
        model.reset_metrics()
