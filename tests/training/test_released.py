"""Networks, and the samples they were fitted on, are let go with the estimator that held them."""

import gc
import weakref

import numpy as np
import pytest
from checks import plain_groups
from small_networks import build_small
from tensorflow.python.framework import ops

from dsc_tf.representations import TS2Vec

QUICK = {"epochs": 1, "random_state": 0}
DEEP = QUICK | {"batch_size": 8, "precision": "float32", "pretrain_epochs": 1}


def ts2vec():
    model = TS2Vec(size=16, width=16, depth=1, steps=2, random_state=0)
    model.fit(np.random.default_rng(0).normal(size=(2, 60, 3)))
    return model, model.encoder_


def clusterer(method, options):
    model = build_small(method, 2, **options).fit(plain_groups())
    return model, model.model_


@pytest.mark.parametrize(
    "fitted",
    [
        lambda: clusterer("cnn_lstm_encoder", DEEP),
        lambda: clusterer("dec", DEEP),
        lambda: clusterer("dtcr", QUICK | {"sequence_length": 20}),
        ts2vec,
    ],
    ids=["cnn_lstm_encoder", "dec", "dtcr", "ts2vec"],
)
def test_nothing_outlives_a_fitted_estimator(fitted):
    before = set(ops.gradient_registry.list())
    estimator, network = fitted()
    network = weakref.ref(network)
    del estimator
    gc.collect()
    assert network() is None
    assert set(ops.gradient_registry.list()) == before
