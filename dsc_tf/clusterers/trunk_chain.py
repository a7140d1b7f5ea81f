"""A Markov chain on what a shift-invariant network sees in single fields, by temporal self-training."""

import logging
from dataclasses import dataclass

import keras
import numpy as np
from scipy.special import log_softmax

from ..models.pooled_trunk import classifier, past_future_model, pooled_trunk
from ..training.batches import encode, fit_batches
from ..training.past_future import (
    KeepBest,
    PairBatches,
    RowBatches,
    canonical_directions,
    held_out_correlations,
    vamp2_loss,
)
from ..training.reuse import compile_or_reset
from .switching_chain import Priors, fit_chain, forward_backward

log = logging.getLogger(__name__)

LAGS = (1, 4)  # days between past and future
BLOCK = 60  # days of the blocks over which networks are cross-fitted
HELD_OUT = 0.2  # share of the blocks that choose the epoch of the past-future training
FOLDS = 2
STEPS = 20  # of an epoch of the past-future training
PAIRS, ROWS = 256, 384  # batch sizes of the two stages
PREDICTED = 512  # fields for which outputs are computed at a time
RATE, LATER_RATE, DECAY = 4e-3, 2e-3, 1e-2
COVARIANCE_PRIOR = 200.0  # days, of the chain on the canonical directions
PRIOR = Priors()
TRANSITION_PASSES = 5  # estimates of the transitions for each set of targets


@dataclass(frozen=True)
class TrunkChain:
    """A fitted chain whose emissions come from classifiers of single fields.

    Parameters
    ----------
    networks : list of keras.Model
        Classifiers, each trained on the blocks that the others did not see.
    frequencies : array of shape (state,)
        Frequency of each state in the targets.
    transitions : array of shape (state, state)
        Probability of the column's state after the row's.
    correlation : float
        Sum of the squared held-out correlations of past and future after the first stage.
    """

    networks: list
    frequencies: np.ndarray
    transitions: np.ndarray
    correlation: float = 0.0

    def log_emissions(self, fields):
        """Mean log-probability of the networks, less that of the frequencies, shape (time, state)."""
        scores = np.mean([_log_probabilities(network, fields) for network in self.networks], axis=0)
        return scores - np.log(self.frequencies)

    def ordered(self, order):
        """The same chain with its states in another order; the last layers of the networks are changed in place."""
        for network in self.networks:
            layer = network.layers[-1]
            layer.set_weights([weight[..., order] for weight in layer.get_weights()])
        parts = self.frequencies[order], self.transitions[np.ix_(order, order)]
        return TrunkChain(self.networks, *parts, self.correlation)


def fit_trunk_chain(fields, starts, n_states, *, filters=16, steps=480, rounds=6, round_steps=60, seed=0):
    """Train the trunk past against future, then the classifiers towards posteriors of the chain.

    Each round trains one network for each fold on targets of the other blocks of time, applies it to the blocks
    that it has not seen, and takes forward-backward posteriors of the chain with these emissions as new targets.

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude, variable)
        Fields of unit variance.
    starts : array of bool, shape (time,)
        Days that begin a segment.
    n_states : int
        Number of states.
    filters : int, default=16
        Channels of the first convolution.
    steps : int, default=480
        Steps of the past-future training.
    rounds : int, default=6
        Rounds of self-training.
    round_steps : int, default=60
        Steps of each network in a round.
    seed : int, default=0
        Seed of weights and batches; Keras has to be seeded by the caller.

    Returns
    -------
    chain : TrunkChain
    posterior : Posterior
        Of the last round, cross-fitted.
    """
    fold = np.arange(len(fields)) // BLOCK % FOLDS
    trunk = pooled_trunk(fields.shape[1:], filters=filters)
    posterior, transitions, correlation = _first_posterior(trunk, fields, starts, n_states, steps, seed)
    networks = [classifier(trunk, n_states) for _ in range(FOLDS)]
    frequencies = posterior.smoothed.mean(axis=0)
    for number in range(rounds):
        frequencies = posterior.smoothed.mean(axis=0) + 1e-3
        targets = posterior.smoothed.astype(np.float32)
        for i, network in enumerate(networks):
            rows, batch_seed = np.flatnonzero(fold != i), (seed, number, i)
            _train_classifier(
                network, fields, targets, rows, round_steps, batch_seed, RATE if number == 0 else LATER_RATE
            )
        emissions = _cross_fitted(networks, fields, fold) - np.log(frequencies)
        posterior, transitions = _with_transitions(emissions, transitions, starts)
        log.debug("self-training round %d: sizes %s", number + 1, np.round(frequencies, 2))
    return TrunkChain(networks, frequencies, transitions, correlation), posterior


def _first_posterior(trunk, fields, starts, n_states, steps, seed):
    """Posterior of a Gaussian chain on the trunk's canonical directions, its transitions, and their correlation."""
    blocks = np.arange(len(fields)) // BLOCK
    latent, correlation = _train_past_future(trunk, fields, starts, blocks, steps, seed)
    latent = latent[:, : max(2, n_states - 1)]
    chain, posterior = fit_chain(
        latent / max(latent.std(axis=0).max(), 1e-12),
        starts,
        n_states,
        0,
        random_state=seed,
        priors=Priors(covariance=COVARIANCE_PRIOR),
    )
    return posterior, chain.transitions, correlation


def _cross_fitted(networks, fields, fold):
    """Log-probabilities of each day by the network that has not seen its block, shape (time, state)."""
    scores = np.zeros((len(fields), networks[0].output_shape[-1]))
    for i, network in enumerate(networks):
        scores[fold == i] = _log_probabilities(network, fields[fold == i])
    return scores


def _train_past_future(trunk, fields, starts, blocks, steps, seed):
    """Train the trunk; return canonical directions scaled by their held-out correlation, and the sum of squares."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(blocks[-1] + 1)
    held = np.isin(blocks, order[: max(1, round(HELD_OUT * len(order)))])
    reach = max(LAGS)
    segment = np.cumsum(starts)
    together = segment[:-reach] == segment[reach:]
    learnt = np.flatnonzero(together & ~held[:-reach] & ~held[reach:])
    judged = np.flatnonzero(together & held[:-reach] & held[reach:])
    model = past_future_model(trunk)
    projection = model.get_layer("projection")
    epochs = max(1, steps // STEPS)

    def outputs():
        return encode(projection, fields, batch_size=PREDICTED).astype(np.float64)

    keep = KeepBest(lambda: float((held_out_correlations(outputs(), learnt, judged, reach) ** 2).sum()))
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * STEPS)
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=DECAY, clipnorm=1.0), loss=vamp2_loss, jit_compile=False
    )
    batches = PairBatches(fields, learnt, LAGS, batch_size=PAIRS, steps=STEPS, seed=seed)
    fit_batches(model, batches, epochs=epochs, callbacks=[keep])
    found = outputs()
    mean, rotation = canonical_directions(found, learnt, reach)
    correlations = held_out_correlations(found, learnt, judged, reach)
    order = np.argsort(-correlations)
    log.debug("past-future training: held-out correlations %s", np.round(correlations[order], 2))
    return ((found - mean) @ rotation * correlations)[:, order], keep.best


def _train_classifier(network, fields, targets, rows, steps, seed, rate):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.AdamW(RATE, weight_decay=DECAY, clipnorm=1.0)
    compile_or_reset(network, optimizer, loss=loss, jit_compile=False)
    network.optimizer.learning_rate = rate
    fit_batches(network, RowBatches(fields, targets, rows, batch_size=ROWS, steps=steps, seed=seed), epochs=1)


def _log_probabilities(network, fields):
    return log_softmax(encode(network, fields, batch_size=PREDICTED).astype(np.float64), axis=1)


def _with_transitions(emissions, transitions, starts):
    """Posterior after a few estimates of the transitions, and these."""
    n_states = len(transitions)
    for _ in range(TRANSITION_PASSES):
        posterior = forward_backward(emissions, transitions, starts)
        counts = posterior.counts + PRIOR.transition + PRIOR.stickiness * np.eye(n_states)
        transitions = counts / counts.sum(axis=1, keepdims=True)
    return posterior, transitions
