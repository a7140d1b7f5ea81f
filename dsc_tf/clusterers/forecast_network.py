"""Training and use of the networks that forecast principal components from windows of fields."""

from dataclasses import dataclass

import keras
import numpy as np

from ..models.forecast import field_encoder, stretch_forecaster, window_forecaster
from .predictive_embedding import root_mean_square, steps_ahead

STRETCH = 64  # windows of a stretch of consecutive steps
STRETCHES = 10  # in a batch
STEPS = 20  # batches of an epoch
VALIDATION_BLOCK = 120  # steps; shorter in short records
VALIDATION_EVERY = 5  # one of so many blocks is held out
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-2
BATCH = 512


def held_out_blocks(n):
    """Whether each of `n` steps lies in a held-out block: one block of 120 steps in five.

    Examples
    --------
    >>> held_out_blocks(10).astype(int)
    array([0, 0, 1, 0, 0, 0, 0, 1, 0, 0])
    """
    block = min(VALIDATION_BLOCK, max(1, -(-n // (2 * VALIDATION_EVERY))))
    return np.arange(n) // block % VALIDATION_EVERY == VALIDATION_EVERY // 2


@dataclass
class Stretches:
    """Fields of a training record with what is to be forecast, in stretches of consecutive steps.

    Parameters
    ----------
    fields : array of shape (time, latitude, longitude, variable)
        Fields of every sample.
    segment : array of int, shape (time,)
        Samples of different segments are not consecutive.
    targets : dict of int to array of shape (time, output)
        What is to be forecast for each lead, scaled.
    weights : dict of int to array of shape (time,)
        1 where the target exists and the sample takes part, else 0.
    window : int
        Steps that a forecast reads.
    """

    fields: np.ndarray
    segment: np.ndarray
    targets: dict
    weights: dict
    window: int

    def __post_init__(self):
        runs = np.bincount(self.segment)
        self.length = max(1, min(STRETCH, int(runs.max()) - self.window + 1))
        first, last = steps_ahead(self.segment, self.length + self.window - 2)
        labelled = self.weights[0]
        ends = np.cumsum(np.r_[0, labelled])
        share = (ends[last + 1] - ends[first + self.window - 1]) / self.length
        self.starts = first[share > 0]
        self.often = first[share > 0.5] if (share > 0.5).any() else self.starts

    def read(self, starts):
        """Stretches that begin at `starts`: fields, targets and sample weights by output name."""
        at = np.asarray(starts)[:, None] + np.arange(self.length + self.window - 1)
        labelled = at[:, self.window - 1 :]
        targets = {f"lead_{lead}": values[labelled] for lead, values in self.targets.items()}
        weights = {f"lead_{lead}": values[labelled] for lead, values in self.weights.items()}
        return self.fields[at], targets, weights

    def cover(self):
        """Stretches one after the other, so that nearly every sample with weight is in one of them."""
        chosen, done = [], -1
        for start in self.starts:
            if start + self.window - 1 > done:
                chosen.append(start)
                done = start + self.window + self.length - 2
        return self.read(chosen)


class StretchBatches(keras.utils.PyDataset):
    """Batches of stretches that begin at random steps.

    Parameters
    ----------
    stretches : Stretches
        Training record.
    seed : int
        Seed of the steps.
    """

    def __init__(self, stretches, seed):
        super().__init__()
        self.stretches, self.seed, self.epoch = stretches, seed, 0

    def __len__(self):
        return STEPS

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, self.epoch, step])
        return self.stretches.read(rng.choice(self.stretches.often, STRETCHES))

    def on_epoch_end(self):
        self.epoch += 1


class ForecastNetwork:
    """DSC's trunk over a window of fields with linear heads that forecast principal components.

    Parameters
    ----------
    window : int
        Fields that a forecast reads.
    leads : tuple of int
        Steps ahead; the network reconstructs the last field in addition.
    arguments : dict, default=None
        Sizes: grid, n_scores, n_outputs. None until it is fitted.
    """

    def __init__(self, window, leads, arguments=None):
        self.window, self.leads = window, (0, *leads)
        if arguments is not None:
            self._build(arguments)

    def fit(self, fields, scores, segment, patterns, *, epochs, seed, callbacks=()):
        """Train on all samples but those in `held_out_blocks`, which choose the epoch whose weights are kept.

        Parameters
        ----------
        fields : array of shape (time, latitude, longitude, variable)
            Fields of every sample.
        scores : array of shape (time, output)
            Their principal components, to be forecast.
        segment : array of int, shape (time,)
            Samples of different segments are not consecutive.
        patterns : tuple of arrays
            Weights of shape (value, component) and offset of shape (component,) of the standardised components.
        epochs : int
            Epochs of 20 batches of 10 stretches of 64 windows.
        seed : int
            Seed of weights, noise and batches.
        callbacks : sequence of keras.callbacks.Callback, default=()
            Given to Keras's `fit`.
        """
        keras.utils.set_random_seed(seed % 2**32)
        kernel, offset = patterns
        self._build({"grid": fields.shape[1:], "n_scores": kernel.shape[1], "n_outputs": scores.shape[1]})
        self.encoder.get_layer("scores").set_weights([kernel, offset])
        self.scales_ = {lead: root_mean_square(scores) for lead in self.leads}
        held_out = held_out_blocks(len(fields))
        data = self._stretches(fields, scores, segment, ~held_out)
        check = self._stretches(fields, scores, segment, held_out)
        model = stretch_forecaster(self.encoder, self.forecaster, data.length)
        rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, epochs * STEPS)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=1.0)
        model.compile(optimizer, loss={name: "mse" for name in model.output}, jit_compile=False)
        best = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
        batches = StretchBatches(data, seed)
        self.history_ = model.fit(
            batches, validation_data=check.cover(), epochs=epochs, callbacks=[best, *callbacks], verbose=0
        ).history
        batches.stretches = None  # TensorFlow keeps the batches of every fit
        return self

    def predict(self, fields, places):
        """Forecasts of principal components, a dict of lead to array of shape (time, output).

        Parameters
        ----------
        fields : array of shape (field, latitude, longitude, variable)
            Distinct fields.
        places : array of int, shape (time, window)
            Position of each step of each window among them, the earliest step first.
        """
        encoded = _by_parts(self.encoder, fields)
        found = [
            _by_parts(self.forecaster, encoded[places[i : i + BATCH]]) for i in range(0, len(places), BATCH)
        ]
        return {
            lead: np.concatenate([part[f"lead_{lead}"] for part in found]).astype(np.float64)
            * self.scales_[lead]
            for lead in self.leads
        }

    def get_weights(self):
        """Weights of both halves, a list of arrays."""
        return [*self.encoder.get_weights(), *self.forecaster.get_weights()]

    def set_weights(self, weights):
        """Set what `get_weights` returned."""
        count = len(self.encoder.get_weights())
        self.encoder.set_weights(weights[:count])
        self.forecaster.set_weights(weights[count:])

    def _build(self, arguments):
        self.arguments = {name: _plain(value) for name, value in arguments.items()}
        self.encoder = field_encoder(tuple(arguments["grid"]), n_scores=arguments["n_scores"])
        features = self.encoder.output_shape[1]
        self.forecaster = window_forecaster(self.window, features, arguments["n_outputs"], self.leads)

    def _stretches(self, fields, scores, segment, chosen):
        targets, weights = {}, {}
        for lead in self.leads:
            now, then = steps_ahead(segment, lead)
            targets[lead] = np.zeros(scores.shape, np.float32)
            targets[lead][now] = scores[then] / self.scales_[lead]
            weights[lead] = np.zeros(len(scores), np.float32)
            weights[lead][now] = chosen[now] & chosen[then]
        return Stretches(fields, segment, targets, weights, self.window)


def _by_parts(model, x):
    """Outputs of a model for parts of `BATCH` rows, as arrays."""
    parts = [
        keras.tree.map_structure(keras.ops.convert_to_numpy, model(x[i : i + BATCH], training=False))
        for i in range(0, len(x), BATCH)
    ]
    return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def _plain(value):
    return [int(one) for one in value] if isinstance(value, tuple | list) else int(value)
