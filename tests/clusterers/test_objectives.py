"""DSC with another objective is the class of that objective; its network is left out here, which saves time."""

import numpy as np
import pytest
from sklearn.base import clone

from dsc_tf.clusterers import build, load_clusterer
from dsc_tf.clusterers.dsc import DSC
from dsc_tf.clusterers.predictive_dsc import PredictiveDSC
from dsc_tf.errors import DscTfError

OPTIONS = {
    "fields": {"n_networks": 1, "epochs": 1, "n_init": 2, "window": 2},
    "dynamics": {"branches": ((2, 0),), "n_init": 2, "max_iter": 5},
}
NAMES = {"fields": "predictive_dsc", "dynamics": "switching_dsc"}


def fields(days=80, seed=0):
    """Red noise of two patterns on 3 x 4 points, shape (day, 1, 3, 4, 1)."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(days, 2))
    for t in range(1, days):
        scores[t] += 0.9 * scores[t - 1]
    X = scores @ rng.normal(size=(2, 12)) + 0.1 * rng.normal(size=(days, 12))
    return X.reshape(days, 1, 3, 4, 1).astype(np.float32)


def no_networks(self, *_):
    self.networks_, self.mixing_, self.linear_r2_ = [], dict.fromkeys(self.leads, 0.0), {}


@pytest.fixture(scope="module", autouse=True)
def _linear():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PredictiveDSC, "_fit_networks", no_networks)
        patch.setattr(PredictiveDSC, "_mix", no_networks)
        yield


@pytest.fixture(scope="module", params=OPTIONS)
def fitted(request, _linear):
    options = OPTIONS[request.param]
    return DSC(3, objective=request.param, objective_options=options, random_state=0).fit(fields())


def test_labels_are_those_of_the_class_of_the_objective(fitted):
    X = fields()
    other = build(NAMES[fitted.objective], 3, random_state=0, **OPTIONS[fitted.objective]).fit(X)
    np.testing.assert_array_equal(fitted.labels_, other.labels_)
    np.testing.assert_array_equal(fitted.predict(X), other.predict(X))
    np.testing.assert_array_equal(fitted.transform(X), other.transform(X))
    assert clone(fitted).get_params() == fitted.get_params()
    assert fitted.count_weights(X.shape[1:]) == other.count_weights(X.shape[1:]) > 0


def test_saved_and_loaded_by_dsc_and_by_name(fitted, tmp_path):
    fitted.save(tmp_path)
    loaded, X = DSC.load(tmp_path), fields(20, seed=1)
    assert loaded.objective == fitted.objective
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(load_clusterer(tmp_path).predict(X), fitted.predict(X))


def test_fields_have_no_soft_assignments_and_dynamics_have(fitted):
    if fitted.objective == "fields":
        with pytest.raises(DscTfError, match="no soft assignments"):
            fitted.predict_proba(fields())
    else:
        np.testing.assert_allclose(fitted.predict_proba(fields()).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objective": "none"}, "objective: 'none'. Choose one of published, fields, dynamics"),
        ({"objective_options": {"leads": (1,)}}, "objective_options: leads for the published objective"),
        (
            {"objective": "fields", "objective_options": {"lead": 1}},
            "lead: predictive_dsc has no such parameter",
        ),
    ],
)
def test_wrong_objectives_are_refused(options, words):
    with pytest.raises(DscTfError, match=words):
        DSC(3, **options).fit(fields())
