"""What training is made of: the loss the model hands to Keras, what it knows of distance, averaged weights."""

import keras
import numpy as np
import pytest
from contrastive_loops import following, pyramid
from keras import ops

from dsc_tf.representations import TS2VEC, ContrastiveLossConfig
from dsc_tf.representations.baselines import SIMCLR, MaskedReconstruction, TimeShifts
from dsc_tf.representations.contrastive_model import (
    LAGS,
    ContrastiveModel,
    UniformAverage,
    UpdateSemivariogram,
    train_contrastive,
)
from dsc_tf.representations.crops import Crops
from dsc_tf.training import Checkpoint


def plain_encoder(features=2):
    """Hands values through: a representation is the step itself."""
    series = keras.Input((None, features), name="series")
    inside = keras.Input((None,), name="valid_mask")
    return keras.Model({"series": series, "valid_mask": inside}, series * inside[..., None])


def tensors(batch):
    return {name: ops.convert_to_tensor(value) for name, value in batch.items()}


def loss_of(model, batch):
    x = tensors(batch)
    return float(model.compute_loss(x, None, model(x), None))


@pytest.fixture
def series():
    return list(np.random.default_rng(0).normal(size=(3, 20, 2)).astype("float32"))


def shared_steps(batch):
    length, offset = int(batch["overlap"][0].sum()), int(batch["offset"][0])
    return batch["first"][:, offset : offset + length], batch["second"][:, :length]


@pytest.mark.parametrize("step", range(4))
def test_loss_is_that_of_the_shared_steps(series, step):
    batch = Crops(series, batch_size=3, steps=4)[step][0]
    model = ContrastiveModel(plain_encoder(), TS2VEC, longest=20)
    assert loss_of(model, batch) == pytest.approx(pyramid(*shared_steps(batch)), rel=1e-4)


def test_simclr_compares_last_steps_alone(series):
    batch = TimeShifts(series, window=4, batch_size=3)[0][0]
    model = ContrastiveModel(plain_encoder(), SIMCLR, longest=1)
    last = (batch[name][:, -1:] for name in ("first", "second"))
    expected = pyramid(*last, alpha=1.0, tau=0.1, normalise=True)
    assert loss_of(model, batch) == pytest.approx(expected, rel=1e-4)


def test_similarity_comes_from_the_table_of_lags(series):
    batch = Crops(series, batch_size=3, steps=4)[0][0]
    batch["place"] = np.array([0, 5000, 10000], "int32")  # so far apart that series are strangers
    model = ContrastiveModel(plain_encoder(), ContrastiveLossConfig(neighbour_weighting="causal"), longest=20)
    table = [0.3, 0.8, 0.4, 0.2]
    model.set_lag_similarity(np.array(table))
    known = dict(enumerate([1.0, 0.8, 0.4, 0.2]))
    expected = pyramid(*shared_steps(batch), temporal=following(lambda lag: known.get(lag, 0.0)))
    assert loss_of(model, batch) == pytest.approx(expected, rel=1e-4)


def test_series_are_near_if_region_and_time_are(series):
    batch = Crops(series, batch_size=3, steps=4)[0][0]
    batch |= {"place": np.array([0, 1, 2], "int32"), "region": np.array([0, 1, 1], "int32")}
    model = ContrastiveModel(
        plain_encoder(),
        ContrastiveLossConfig(alpha=1.0, neighbour_weighting="downweight"),
        longest=20,
        regions=2,
    )
    model.set_lag_similarity(np.array([1.0, 0.6, 0.2]))
    model.set_region_similarity(np.array([[1.0, 0.5], [0.5, 1.0]]))
    near = np.array([[1.0, 0.3, 0.1], [0.3, 1.0, 0.6], [0.1, 0.6, 1.0]])
    assert loss_of(model, batch) == pytest.approx(pyramid(*shared_steps(batch), 1.0, series=near), rel=1e-4)


def test_untold_every_lag_is_far():
    model = ContrastiveModel(
        plain_encoder(), ContrastiveLossConfig(neighbour_weighting="downweight"), longest=4
    )
    np.testing.assert_array_equal(
        model._lag_similarity(ops.convert_to_tensor([0, 1, 2, LAGS, 10 * LAGS])), [1, 0, 0, 0, 0]
    )


def test_beyond_the_table_lags_are_far():
    model = ContrastiveModel(
        plain_encoder(), ContrastiveLossConfig(neighbour_weighting="downweight"), longest=4
    )
    model.set_lag_similarity(np.full(LAGS + 10, 0.5))
    np.testing.assert_array_equal(
        model._lag_similarity(ops.convert_to_tensor([0, LAGS - 1, LAGS])), [1, 0.5, 0]
    )


def test_distances_are_learned_from_the_representations():
    random = np.random.default_rng(0)
    wandering = [np.zeros((600, 2))]
    for t in range(1, 600):  # an autoregressive process: correlation 0.8 ** lag
        wandering[0][t] = 0.8 * wandering[0][t - 1] + 0.6 * random.normal(size=2)
    model = ContrastiveModel(
        plain_encoder(), ContrastiveLossConfig(neighbour_weighting="downweight"), longest=4
    )
    learn = UpdateSemivariogram(lambda: wandering)
    learn.set_model(model)
    learn.on_epoch_begin(0)
    known = np.asarray(model.lag_table)
    assert known[0] == 1 and (np.diff(known) <= 1e-6).all()
    np.testing.assert_allclose(known[[1, 2, 3]], [0.8, 0.64, 0.512], atol=0.12)
    assert not known[100:].any()
    assert learn.semivariogram_.sill == pytest.approx(2, rel=0.3)


def test_weights_at_the_end_are_the_mean_over_all_steps_the_first_included():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    weight, average = model.trainable_variables[0], UniformAverage()
    average.set_model(model)
    weight.assign([[1.0]])
    average.on_train_begin()
    for batch, value in enumerate([4.0, 2.0, 9.0]):
        weight.assign([[value]])
        average.on_train_batch_end(batch)
    assert float(weight[0, 0]) == 9  # training goes on from its own weights
    average.on_train_end()
    assert float(weight[0, 0]) == pytest.approx((1 + 4 + 2 + 9) / 4)


def test_masked_reconstruction_is_the_error_at_steps_that_are_there():
    fields = [np.random.default_rng(0).normal(size=(9, 2, 3, 1)).astype("float32") for _ in range(2)]
    batch = Crops(fields, batch_size=2, steps=3)[1][0]
    x = tensors(batch)
    model = MaskedReconstruction(None, None)
    drawn = np.random.default_rng(1).normal(size=batch["first"].shape)
    loss = float(model.compute_loss(x, None, ops.convert_to_tensor(drawn), None))
    length = int(batch["first_valid"][0].sum())
    assert loss == pytest.approx(np.mean((drawn - batch["first"])[:, :length] ** 2), rel=1e-5)


def test_strangers_contrast_in_full_whatever_their_times(series):
    batch = Crops(series, batch_size=3, steps=4)[0][0]
    batch["place"] = np.zeros(3, "int32")
    model = ContrastiveModel(
        plain_encoder(),
        ContrastiveLossConfig(alpha=1.0, neighbour_weighting="causal"),
        longest=20,
        regions=None,
    )
    assert loss_of(model, batch) == pytest.approx(pyramid(*shared_steps(batch), 1.0), rel=1e-4)


class StopBefore(keras.callbacks.Callback):
    """Ends training as ctrl-C does, at the begin of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def train_small(**options):
    """Weights and history of a network with dropout after 2 epochs of 2 batches."""
    keras.utils.set_random_seed(0)
    values, inside = keras.Input((None, 1, 2, 1), name="series"), keras.Input((None,), name="valid_mask")
    latent = keras.layers.Dropout(0.5, seed=1)(keras.layers.Dense(3)(values))
    encoder = keras.Model({"series": values, "valid_mask": inside}, latent)
    decoder = keras.Sequential([keras.Input((None, 1, 2, 3)), keras.layers.Dense(1)])
    fields = list(np.random.default_rng(0).normal(size=(3, 20, 1, 2, 1)).astype("float32"))
    history, batches = [], Crops(fields, batch_size=3, steps=2, seed=1)
    model = MaskedReconstruction(encoder, decoder)
    train_contrastive(model, batches, 4, learning_rate=0.1, history=history, **options)
    return encoder.get_weights(), history


def test_interrupted_training_resumes_to_the_same_weights(one_test_eagerly, tmp_path):
    checkpoint = Checkpoint(tmp_path / "state.npz", seconds=0.0)
    expected, losses = train_small()
    with pytest.raises(KeyboardInterrupt):
        train_small(checkpoint=checkpoint, callbacks=[StopBefore(1)])
    assert int(checkpoint.load()["epoch"]) == 1
    found, history = train_small(checkpoint=checkpoint)
    assert history == losses and len(history) == 2
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(checkpoint.load()["epoch"]) == 1  # the end is reached by training, never by reading a file
