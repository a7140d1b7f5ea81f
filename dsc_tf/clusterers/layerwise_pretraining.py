"""Greedy pretraining of a dense autoencoder, layer by layer."""

import keras
import numpy as np
from keras import layers

from ..training.batches import Batches, encode, fit_batches
from ..training.reuse import compile_or_reset

CORRUPTION = 0.2  # dropout rate before and after the layer


def pretrain_layers(autoencoder, X, recipe, seed, *, epochs=None):
    """Train each layer as a denoising autoencoder of the outputs of the preceding layers.

    The layers `encoder_i` and `decoder_i` are trained as a pair, in place, from the outermost inwards.

    Parameters
    ----------
    autoencoder : keras.Model
        As `dense_autoencoder` returns it.
    X : array of shape (time, window, latitude, longitude, variable)
        Samples.
    recipe : Recipe
        Its pretraining: optimiser, learning rate, batch size, passes.
    seed : int
        Seed of the order of samples.
    epochs : int, default=None
        Passes for each layer; None is the recipe's.

    References
    ----------
    Xie, Girshick and Farhadi (2016), section 3.2 and equations 4 and 5; Vincent et al. (2010).
    """
    encoder, decoder = (autoencoder.get_layer(name) for name in ("encoder", "decoder"))
    depth = sum(layer.name.startswith("encoder_") for layer in encoder.layers)
    passes = epochs if epochs is not None else recipe.pretrain_epochs
    for i in range(depth):
        outer, inner = encoder.get_layer(f"encoder_{i}"), decoder.get_layer(f"decoder_{i}")
        inputs_of_layer = encode(keras.Model(encoder.input, outer.input), X)
        pair = denoising_pair(outer, inner)
        compile_or_reset(pair, recipe.new_optimizer(recipe.pretrain_learning_rate), loss="mse")
        batches = Batches(inputs_of_layer, lambda at, x: x, batch_size=recipe.batch_size, seed=seed)
        wanted = passes if passes is not None else -(-recipe.pretrain_steps // batches.steps_per_pass)
        fit_batches(pair, batches, epochs=max(1, wanted))


def denoising_pair(outer, inner):
    """Dropout, a layer of the encoder, dropout, and the corresponding layer of the decoder.

    Parameters
    ----------
    outer, inner : keras.layers.Dense
        The two layers.

    Returns
    -------
    keras.Model
        From (time, feature) to the same.
    """
    inputs = keras.Input((int(np.prod(outer.input.shape[1:])),))
    x = outer(layers.Dropout(CORRUPTION)(inputs))
    return keras.Model(inputs, inner(layers.Dropout(CORRUPTION)(x)), name="denoising_pair")
