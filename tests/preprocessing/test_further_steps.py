"""Transform, trend, smoothing and weights: each by a loop or by hand, its inverse, and what is stored."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.further_steps import Smooth, Transform, VariableWeight, decimal_years
from dsc_tf.preprocessing.preprocessor import Preprocessor, prepare
from dsc_tf.preprocessing.protocols import PROTOCOLS

ANOMALY, PAPER = PROTOCOLS["anomaly"], PROTOCOLS["paper"]


@pytest.fixture(scope="module")
def ds():
    return mock_dataset(days=400, variables=("t2m", "tp"))


def test_transforms_and_their_inverses():
    block = np.array([[[[4.0, -9.0, 2.0]]], [[[0.0, 1.0, 3.0]]]])
    step = Transform([("a", "sqrt"), ("b", "log1p")]).bind(["a", "b", "c"])
    expected = [[2, -np.log(10), 2], [0, np.log(2), 3]]
    np.testing.assert_allclose(step.apply(block, None)[:, 0, 0], expected)
    np.testing.assert_allclose(step.invert(step.apply(block, None), None), block)


def test_a_transform_is_that_of_a_transformed_record(ds):
    X, prep = prepare(ds, replace(ANOMALY, transform=(("tp", "sqrt"),)))
    Z, _ = prepare(ds.assign(tp=np.sqrt(ds.tp)), ANOMALY)
    np.testing.assert_array_equal(X.last_step(), Z.last_step())
    back = prep.inverse_transform(X[:, -1], time=ds.time)
    np.testing.assert_allclose(back.tp, ds.tp, atol=1e-3 * float(ds.tp.max()))
    # The expected value of a day is the square of the cycle of the roots.
    expected = prep.inverse_transform(np.zeros((400, 8, 9, 2)), time=ds.time)
    np.testing.assert_allclose(prep.anomalies(ds).tp, ds.tp - expected.tp, atol=1e-4 * float(ds.tp.max()))


def test_trend_of_each_cell_is_removed_and_added_again(ds):
    years = decimal_years(ds.time)
    slope = np.linspace(-3, 3, 72).reshape(8, 9)
    steep = ds.assign(t2m=ds.t2m + (years[:, None, None] - years.mean()) * 20 * slope)
    X, prep = prepare(steep, replace(PAPER, detrend=True))
    values = X.last_step().reshape(400, 8, 9, 2)[..., 0]
    fitted = np.polyfit(years - years.mean(), values.reshape(400, -1), 1)[0]
    np.testing.assert_allclose(fitted, 0, atol=1e-5)
    scale = prep.steps_["scale"].scale_[0, 0, 0]
    expected = np.polyfit(years - years.mean(), steep.t2m.values.reshape(400, -1), 1)[0]
    np.testing.assert_allclose(
        prep.steps_["trend"].slope_[..., 0].ravel() * scale, expected, rtol=1e-3, atol=0.01
    )
    back = prep.inverse_transform(X[:, -1], time=ds.time)
    np.testing.assert_allclose(back.t2m, steep.t2m, atol=1e-2)
    later = prep.transform(steep.isel(time=slice(300, 400)))
    np.testing.assert_allclose(later.last_step(), X.last_step()[300:], atol=1e-6)


def test_anomalies_are_without_the_trend(ds):
    years = decimal_years(ds.time)
    _, prep = prepare(ds, replace(ANOMALY, detrend=True))
    anomalies = prep.anomalies(ds).t2m.values.reshape(400, -1)
    np.testing.assert_allclose(np.polyfit(years - years.mean(), anomalies, 1)[0], 0, atol=0.02)


@pytest.mark.parametrize("smoothing", ["centred", "causal", "low_pass"])
@pytest.mark.parametrize("steps", [3, 4])
def test_smoothing_by_a_loop_within_segments(smoothing, steps):
    rows = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    segment = np.repeat([0, 1], [13, 7])
    step = Smooth(steps, smoothing)
    weights, half = step.weights(), len(step.weights()) // 2
    expected = np.zeros((20, 3))
    for t in range(20):
        near = [s for s in range(t - half, t + half + 1) if 0 <= s < 20 and segment[s] == segment[t]]
        of_each = np.array([weights[s - t + half] for s in near])
        expected[t] = of_each @ rows[near] / of_each.sum()
    np.testing.assert_allclose(step.smooth(rows.copy(), segment), expected, atol=1e-6)


def test_running_means_are_those_of_pandas_and_causal_ones_use_no_later_step():
    series = np.random.default_rng(1).normal(size=(30, 1))
    frame = xr.DataArray(series[:, 0], dims="time").to_series()
    centred = Smooth(5).smooth(series.copy(), np.zeros(30, int))[:, 0]
    np.testing.assert_allclose(centred, frame.rolling(5, center=True, min_periods=1).mean())
    causal = Smooth(5, "causal").smooth(series.copy(), np.zeros(30, int))[:, 0]
    np.testing.assert_allclose(causal, frame.rolling(5, min_periods=1).mean())


def test_low_pass_keeps_slow_waves_half_of_the_cutoff_and_no_fast_ones():
    t = np.arange(400)
    for period, gain in ((60, 1.0), (10, 0.5), (4, 0.0)):
        wave = np.cos(2 * np.pi * t / period)[:, None]
        smooth = Smooth(10, "low_pass").smooth(wave.copy(), np.zeros(400, int))
        assert abs(smooth[100:300]).max() == pytest.approx(gain, abs=0.06)


def test_smoothed_samples_of_a_record_with_a_gap(ds):
    gap = ds.isel(time=[*range(100), *range(200, 400)])
    plain, _ = prepare(gap, ANOMALY)
    X, prep = prepare(gap, replace(ANOMALY, smooth=5))
    expected = Smooth(5).apply(plain.last_step(), gap.time)
    np.testing.assert_allclose(X.last_step(), expected, atol=1e-6)
    with pytest.raises(DscTfError, match="smooth: the prepared record"):
        prepare(mock_dataset(days=1000), replace(ANOMALY, smooth=5), memory="1MB")


def test_weights_multiply_prepared_values(ds):
    X, prep = prepare(ds, replace(ANOMALY, weights=(("tp", 0.5),)))
    plain, _ = prepare(ds, ANOMALY)
    ratio = X.last_step().reshape(-1, 2) / plain.last_step().reshape(-1, 2)
    np.testing.assert_allclose(ratio[:, 0], 1, rtol=1e-5)
    np.testing.assert_allclose(ratio[:, 1], 0.5, rtol=1e-5)
    back = prep.inverse_transform(X[:, -1], time=ds.time)
    np.testing.assert_allclose(back.tp, ds.tp, atol=1e-3 * float(ds.tp.max()))


def test_everything_is_stored_and_restored(ds, tmp_path):
    given = {"detrend": True, "smooth": 3, "smoothing": "causal"}
    protocol = replace(ANOMALY, transform=(("tp", "log1p"),), weights=(("t2m", 2.0),), **given)
    X, prep = prepare(ds, protocol)
    np.savez(tmp_path / "state.npz", **prep.state())
    with np.load(tmp_path / "state.npz") as state:
        restored = Preprocessor.from_state(state)
    assert restored.protocol_ == protocol
    assert list(restored.steps_) == list(prep.steps_) and len(prep.steps_) == 10
    np.testing.assert_array_equal(restored.transform(ds).last_step(), X.last_step())


def test_defaults_take_none_of_these_steps():
    for name, steps in {"paper": 4, "notebook": 4, "anomaly": 6, "standardised_anomaly": 7}.items():
        prep = Preprocessor(name)
        prep._start()
        assert len(prep.steps_) == steps


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"transform": (("tp", "cube"),)}, "transform: tp=cube. Choose sqrt or log1p."),
        ({"weights": (("tp", 0),)}, "weights: tp=0. Give a number above 0."),
        ({"smooth": 0}, "smooth: 0. Give an integer"),
        ({"smoothing": "x"}, "smoothing: 'x'. Choose"),
    ],
)
def test_choices_that_are_refused(choices, message):
    with pytest.raises(DscTfError, match=message):
        replace(ANOMALY, **choices)


def test_a_variable_that_is_not_there(ds):
    with pytest.raises(DscTfError, match="weights: no variable rain. The record holds t2m, tp."):
        prepare(ds, replace(ANOMALY, weights=(("rain", 1.0),)))
    assert VariableWeight([]).bind(["a"]).affine().multiply.tolist() == [1.0]
