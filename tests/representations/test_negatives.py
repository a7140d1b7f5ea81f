"""Weights of negative pairs, six pairs by hand, and their place in the loss."""

import keras
import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.geostatistics import Semivariogram
from dsc_tf.representations import TS2VEC, ContrastiveLossConfig
from dsc_tf.representations.contrastive_model import LAGS, ContrastiveModel, UpdateSemivariogram
from dsc_tf.representations.losses import hierarchical_loss
from dsc_tf.representations.negatives import pair_log_weights


class Linear:
    """gamma(h) = h / 8 up to the range of 4, then the sill of 0.5; tensors in and out."""

    range = 4.0
    sill = 0.5

    def __call__(self, separation):
        return np.minimum(np.asarray(separation) / 8, self.sill)


# separation, distance; log-weights of the two forms with beta = 2, worked by hand.
PAIRS = {
    "positive": (0, 0.3, 0.0, 0.0),
    "near and similar": (1, 0.05, np.log(0.125 / 0.5), 0.0),
    "near and dissimilar": (2, 0.75, np.log(0.25 / 0.5), 0.75 - 0.25),
    "far and a little closer than expected": (6, 0.375, 2 * (0.5 - 0.375) / 0.5, 0.0),
    "far and identical": (9, 0.0, 2.0, 0.0),
    "far and dissimilar": (9, 0.9, 0.0, 0.0),
}


@pytest.mark.parametrize("name", PAIRS)
def test_six_pairs_by_hand(name):
    separation, distance, abstract, paper = PAIRS[name]
    pair = np.float32([distance]), np.float32([separation]), Linear()
    assert float(pair_log_weights(*pair)[0]) == pytest.approx(abstract, abs=1e-6)
    assert float(pair_log_weights(*pair, form="paper")[0]) == pytest.approx(paper, abs=1e-6)
    hard = abstract if separation > Linear.range else 0.0
    assert float(pair_log_weights(*pair, form="hard")[0]) == pytest.approx(hard, abs=1e-6)


def test_false_negatives_keep_a_thousandth():
    gamma = Semivariogram(nugget=0.0, partial_sill=1.0, length=1000.0, exponent=2.0)
    weight = pair_log_weights(np.float32([0.0]), np.float32([1.0]), gamma)
    assert float(weight[0]) == pytest.approx(np.log(1e-3))


def views(steps=6, seed=0):
    return np.random.default_rng(seed).normal(size=(2, 2, steps, 3)).astype("float32")


def loss_by_loops(view_a, view_b, form, beta, tau):
    """Temporal term of one scale: log-weights added to the logits of vectors of length 1."""
    a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in np.float64([view_a, view_b]))
    losses = []
    for series in range(len(a)):
        for own, other in ((a[series], b[series]), (b[series], a[series])):
            for t in range(len(own)):
                terms = []
                for s in range(len(own)):
                    for candidates in (own, other):
                        if candidates is own and s == t:
                            continue
                        dot = own[t] @ candidates[s]
                        pair = np.float32([1 - dot]), np.float32([abs(t - s)]), Linear()
                        log_weight = float(pair_log_weights(*pair, beta=beta, form=form)[0])
                        terms.append(log_weight + dot / tau)
                losses.append(np.log(np.exp(terms).sum()) - own[t] @ other[t] / tau)
    return np.mean(losses)


@pytest.mark.parametrize("form", ["abstract", "paper"])
def test_log_weights_are_added_to_the_logits(form):
    first, second = views()
    settings = {"normalise": True, "temperature": 0.5, "alpha": 0.0}
    contrast = ContrastiveLossConfig(**settings, pair_weights=form, beta=1.5)
    found = hierarchical_loss(first, second, contrast, semivariance=Linear(), scales=1)
    assert float(found) == pytest.approx(loss_by_loops(first, second, form, 1.5, 0.5), rel=1e-5)


def test_weight_zero_leaves_the_loss_unchanged():
    """A pure nugget has range 0, so no pair is a false negative; beta 0 gives hard negatives the log-weight 0."""
    nugget = Semivariogram(nugget=1.0, partial_sill=0.0, length=1.0, exponent=1.0)
    first, second = views()
    contrast = ContrastiveLossConfig(pair_weights="abstract", beta=0.0)
    found = hierarchical_loss(first, second, contrast, semivariance=nugget)
    assert float(found) == pytest.approx(float(hierarchical_loss(first, second, TS2VEC)), abs=1e-6)


def test_settings_are_checked():
    with pytest.raises(DscTfError, match="pair_weights: 'near'"):
        ContrastiveLossConfig(pair_weights="near")
    with pytest.raises(DscTfError, match="fitted: 'raw'"):
        ContrastiveLossConfig(fitted="raw")
    with pytest.raises(DscTfError, match="one way of weighting"):
        ContrastiveLossConfig(pair_weights="paper", hardness=1.0)


@pytest.mark.parametrize(("fitted", "fits"), [("embedding", 2), ("input", 1)])
def test_semivariogram_of_unit_vectors_reaches_the_model(fitted, fits):
    inputs = {
        "series": keras.Input((None, 2), name="series"),
        "valid_mask": keras.Input((None,), name="valid_mask"),
    }
    encoder = keras.Model(inputs, keras.layers.Identity()(inputs["series"]))
    contrast = ContrastiveLossConfig(pair_weights="abstract", fitted=fitted)
    model = ContrastiveModel(encoder, contrast, longest=4)
    rng = np.random.default_rng(0)
    calls = []

    def vectors():
        calls.append(1)
        return [rng.normal(size=(2000, 3)) * 7]

    update = UpdateSemivariogram(vectors)
    update.set_model(model)
    update.on_epoch_begin(0)
    update.on_epoch_begin(1)
    assert len(calls) == fits
    # Independent directions: half the squared distance of unit vectors is 1 on average, from lag 1 on.
    np.testing.assert_allclose(model.semivariance(np.float32([0, 1, 5, LAGS + 9])), [0, 1, 1, 1], atol=0.05)
    assert float(model.gamma_sill) == pytest.approx(1, abs=0.05)


def test_semivariogram_of_an_exponential_field_is_recovered():
    """Unit vectors of a first-order autoregression: gamma(h) = 1 - r^h, sill 1, 95 % at log(0.05) / log(r)."""
    r, rng = 0.8, np.random.default_rng(0)
    noise = rng.normal(size=(1500, 64)) * np.sqrt(1 - r**2)
    noise[0] /= np.sqrt(1 - r**2)
    for t in range(1, len(noise)):
        noise[t] += r * noise[t - 1]
    encoder = keras.Sequential([keras.Input((None, 64)), keras.layers.Identity()])
    update = UpdateSemivariogram(lambda: [noise])
    update.set_model(ContrastiveModel(encoder, ContrastiveLossConfig(pair_weights="abstract"), longest=4))
    update.on_epoch_begin(0)
    assert update.semivariogram_.sill == pytest.approx(1.0, rel=0.10)
    assert update.semivariogram_.range == pytest.approx(np.log(0.05) / np.log(r), rel=0.20)
