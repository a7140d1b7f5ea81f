"""Predictive k-means: causal, within segments, without leads that cannot be forecast."""

import numpy as np
import pytest

from dsc_tf.clusterers.persistent import best_path
from dsc_tf.clusterers.predictive_embedding import (
    LinearForecasts,
    causal_labels,
    embed,
    ridge,
    root_mean_square,
    stack_history,
    steps_ahead,
)
from dsc_tf.clusterers.predictive_kmeans import PredictiveKMeans, in_season
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.samples import Samples


@pytest.fixture(scope="module")
def wave():
    """A wave of twelve steps that moves over 24 cells, with noise, shape (240, 24)."""
    step, cell = np.arange(240)[:, None], np.arange(24)
    return np.cos(np.pi / 6 * (step - cell)) + 0.2 * np.random.default_rng(0).normal(size=(240, 24))


def windows(fields, window):
    """Samples of shape (time, window, latitude, longitude, variable) of fields (time, cell)."""
    stacked = np.stack([fields[i : len(fields) - window + 1 + i] for i in range(window)], axis=1)
    return stacked[:, :, None, :, None]


def test_history_is_that_of_a_loop_over_steps_and_stays_in_its_segment():
    rng = np.random.default_rng(1)
    fields = rng.normal(size=(9, 3))
    segment = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2])
    history, available = stack_history(fields[:, None], segment, 3)
    for t in range(9):
        for lag in range(3):
            exists = t - lag >= 0 and segment[t - lag] == segment[t]
            expected = fields[t - lag] if exists else np.zeros(3)
            np.testing.assert_array_equal(history[t, lag], expected)
            assert exists == (lag < available[t])


def test_samples_bring_the_steps_of_their_own_window():
    fields = np.random.default_rng(2).normal(size=(12, 2))
    steps = windows(fields, 3)[:, :, 0, :, 0]  # labelled steps 2 to 11
    history, available = stack_history(steps, np.zeros(10, int), 5)
    assert available.tolist() == [3, 4, *[5] * 8]
    for sample in range(10):
        for lag in range(available[sample]):
            np.testing.assert_array_equal(history[sample, lag], fields[sample + 2 - lag])


def test_ridge_minimises_its_objective():
    rng = np.random.default_rng(3)
    inputs, targets = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    weights = ridge(inputs, targets, 0.3)
    # Rows sqrt(n penalty) I with target 0 turn ridge regression into ordinary least squares.
    more = np.vstack([inputs, np.sqrt(30 * 0.3) * np.eye(4)])
    expected = np.linalg.lstsq(more, np.vstack([targets, np.zeros((4, 2))]), rcond=None)[0]
    np.testing.assert_allclose(weights, expected, rtol=1e-10)


def test_forecasts_of_an_autoregression():
    """Of x_t = 0.9 x_{t-1} + noise the forecast l steps ahead is 0.9^l x_t, with R2 of 0.81^l."""
    noise = np.random.default_rng(4).normal(size=(20000, 1))
    x = np.zeros((20000, 1))
    for t in range(1, len(x)):
        x[t] = 0.9 * x[t - 1] + noise[t]
    x -= x.mean()
    segment = np.zeros(len(x), int)
    history, available = stack_history(x[:, None], segment, 3)
    forecasts = LinearForecasts((1, 3), 3).fit(x, history, available, segment)
    predicted = forecasts.predict(history, available)
    for lead in (1, 3):
        assert forecasts.r2_[lead] == pytest.approx(0.81**lead, abs=0.03)
        slope = (predicted[lead] * x).sum() / (x**2).sum()
        assert slope == pytest.approx(0.9**lead, abs=0.03)


def test_embedding_gives_each_lead_the_same_variance():
    rng = np.random.default_rng(5)
    today, tomorrow = rng.normal(size=(50, 3)), 7 * rng.normal(size=(50, 3))
    scales = {0: root_mean_square(today), 1: root_mean_square(tomorrow)}
    found = embed(today, {1: tomorrow}, scales, 2.0)
    assert (found[:, :3] ** 2).sum(axis=1).mean() == pytest.approx(2.0)
    assert (found[:, 3:] ** 2).sum(axis=1).mean() == pytest.approx(1.0)


def test_causal_label_is_the_end_of_the_best_path_so_far():
    costs = np.random.default_rng(6).random((40, 3))
    labels = causal_labels(costs, 0.4, np.zeros(40, int))
    assert labels.tolist() == [best_path(costs[: t + 1], 0.4)[-1] for t in range(40)]
    two = causal_labels(costs, 0.4, np.repeat([0, 1], 20))
    np.testing.assert_array_equal(two[20:], causal_labels(costs[20:], 0.4, np.zeros(20, int)))


@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_what_comes_later_changes_no_label(wave, penalty):
    model = PredictiveKMeans(4, window=3, penalty=penalty, n_init=5, random_state=0).fit(wave[:200])
    whole = model.predict(wave)
    changed = wave.copy()
    changed[150:] = np.random.default_rng(7).normal(size=changed[150:].shape)
    np.testing.assert_array_equal(model.predict(changed)[:150], whole[:150])
    np.testing.assert_array_equal(model.predict(wave[:150]), whole[:150])
    assert (model.predict(changed)[150:] != whole[150:]).any()


def test_clusters_of_a_wave_are_arcs_of_its_period(wave):
    """Steps of one cluster follow each other: each label changes four times in a period of twelve steps."""
    model = PredictiveKMeans(4, window=2, n_init=10, random_state=0).fit(wave)
    assert model.leads_ == (1, 3) and model.today_weight_ == 2.0
    assert (np.diff(model.labels_) != 0).sum() <= 4 * 20 + 4


def test_leads_without_skill_are_refused(caplog):
    noise = np.random.default_rng(8).normal(size=(400, 6))
    with caplog.at_level("WARNING", logger="dsc_tf"):
        model = PredictiveKMeans(3, n_init=3, random_state=0).fit(noise)
    assert model.leads_ == () and max(model.lead_r2_.values()) < 0.1
    assert caplog.text.count("This lead is left out") == 2
    # What remains are the principal components of the fields, up to a factor.
    today = (noise - noise.mean(axis=0)) @ model.components_.T
    np.testing.assert_allclose(model.transform(noise), today / root_mean_square(today), atol=1e-12)


def test_samples_with_windows_need_no_order(wave):
    """Windows bring the steps that forecasts read, so that labels do not depend on the samples before them."""
    samples = windows(wave, 3)
    model = PredictiveKMeans(4, window=3, n_init=3, random_state=0).fit(samples)
    shuffled = np.random.default_rng(9).permutation(len(samples))
    np.testing.assert_array_equal(model.predict(samples[shuffled]), model.predict(samples)[shuffled])


def test_first_steps_use_the_steps_that_exist(wave):
    model = PredictiveKMeans(4, window=3, n_init=3, random_state=0).fit(wave)
    first = (wave[0] - model.mean_) @ model.components_.T
    inputs = first[: model.n_forecast] / model.forecasts_.scale_
    expected = inputs @ model.forecasts_.weights_[1][0] / model.scales_[1]
    n = len(first)
    np.testing.assert_allclose(model.transform(wave)[0, n : n + len(expected)], expected)


def test_successors_stay_in_their_segment():
    now, then = steps_ahead(np.array([0, 0, 0, 2, 2]), 2)
    assert now.tolist() == [0] and then.tolist() == [2]


def test_saved_model_labels_the_same_without_pickle(wave, tmp_path):
    model = PredictiveKMeans(4, window=3, penalty=0.2, n_init=3, random_state=0).fit(wave)
    model.save(tmp_path)
    loaded = PredictiveKMeans.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(wave), model.predict(wave))
    assert loaded.get_params() == model.get_params() and loaded.lead_r2_ == model.lead_r2_


def test_wrong_parameters_are_refused(wave):
    with pytest.raises(DscTfError, match=r"leads: \(0, 1\)"):
        PredictiveKMeans(2, leads=(0, 1)).fit(wave)
    with pytest.raises(DscTfError, match="season: DJF for samples without times"):
        PredictiveKMeans(2, season="DJF").fit(wave)


def test_season_is_found_by_month():
    months = np.arange("2000-01", "2001-01", dtype="datetime64[M]").astype("datetime64[ns]")
    X = Samples(np.zeros((12, 1), np.float32), (1, 1, 1), time=months)
    assert np.flatnonzero(in_season(X, "NDJ")).tolist() == [0, 10, 11]


def test_no_segment_influences_another(wave):
    """Fields of the first segment are changed: the embedding of the second one stays, that of the first does not."""
    fields = wave[:, None, None, :, None].astype(np.float32)
    model = PredictiveKMeans(4, window=3, penalty=0.3, n_init=3, random_state=0).fit(fields)

    def samples(values):
        return Samples(values.reshape(240, -1), (1, 24, 1), segment=np.repeat([0, 1], 120))

    changed = fields.copy()
    changed[:120] = 0.0
    before, after = samples(fields), samples(changed)
    np.testing.assert_array_equal(model.transform(after)[120:], model.transform(before)[120:])
    np.testing.assert_array_equal(model.predict(after)[120:], model.predict(before)[120:])
    np.testing.assert_array_equal(model.predict(before)[120:], model.predict(before[120:]))


def test_other_centres_in_the_same_embedding(wave):
    model = PredictiveKMeans(4, window=3, n_init=3, random_state=0).fit(wave)
    other = model.recluster(wave, n_clusters=3)
    assert other.cluster_centers_.shape[0] == 3 and model.cluster_centers_.shape[0] == 4
    np.testing.assert_array_equal(other.transform(wave), model.transform(wave))
    alone = PredictiveKMeans(3, window=3, n_init=3, random_state=0).fit(wave)
    np.testing.assert_array_equal(other.labels_, alone.labels_)


def test_a_known_start_decides_between_equally_good_optima():
    """Corners of a square: halves on the left and right, or below and above."""
    points = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], 10, axis=0).astype(float)
    for known in (points[:, 0] > 0, points[:, 1] > 0):
        model = PredictiveKMeans(2, random_state=0)
        labels = model._fit_centres(points, np.zeros(40, int), np.ones(40, bool), known.astype(int))
        assert len(set(zip(labels, known, strict=True))) == 2


def test_networks_without_share_start_and_end_in_the_linear_clusters(wave, monkeypatch):
    from dsc_tf.clusterers.predictive_dsc import PredictiveDSC

    def no_networks(self, *_):
        self.networks_, self.mixing_, self.linear_r2_ = [], dict.fromkeys(self.leads, 0.0), {}

    monkeypatch.setattr(PredictiveDSC, "_fit_networks", no_networks)
    monkeypatch.setattr(PredictiveDSC, "_mix", no_networks)
    options = {"window": 2, "n_init": 3, "random_state": 0}
    linear = PredictiveKMeans(4, **options).fit(wave)
    model = PredictiveDSC(4, start="linear", **options).fit(wave)
    np.testing.assert_array_equal(model.labels_, linear.labels_)
    with pytest.raises(DscTfError, match="start: 'last'. Choose one of restarts, linear"):
        PredictiveDSC(4, start="last").fit(wave)
