"""TS2Vec's forecasting protocol, with a transcription of the authors' program beside it."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from dsc_tf.downstream import ett
from dsc_tf.errors import DscTfError

RECORD = Path(__file__).parents[3] / "shared" / "data" / "ETTh1.csv"
YEAR, THIRD = 8640, 2880  # hours of twelve and of four months of thirty days


def table(hours, columns=("HUFL", "OT"), seed=0):
    values = np.random.default_rng(seed).normal(size=(hours, len(columns))).cumsum(axis=0)
    time = pd.date_range("2016-07-01", periods=hours, freq="h", name="date")
    return pd.DataFrame(values, time, list(columns))


def written(frame, folder):
    path = folder / "ETTh1.csv"
    frame.to_csv(path)
    return path


@pytest.fixture
def series():
    """Features and two targets of the whole protocol, and some hours more."""
    rng = np.random.default_rng(0)
    targets = 0.02 * rng.normal(size=(YEAR + 2 * THIRD + 100, 2)).cumsum(axis=0)
    return np.concatenate(
        [targets, np.roll(targets, 5, axis=0), rng.normal(size=targets.shape)], axis=1
    ), targets


def ts2vec_pairs(features, data, horizon, drop=0):
    """tasks/forecasting.py of TS2Vec: `generate_pred_samples`, for one series."""
    n = len(data)
    features = features[:-horizon]
    labels = np.stack([data[i : 1 + n + i - horizon] for i in range(horizon)], axis=1)[1:]
    return features[drop:], labels[drop:].reshape(len(labels) - drop, -1)


def ts2vec_errors(features, data, horizon):
    """tasks/forecasting.py and _eval_protocols.py of TS2Vec: `eval_forecasting` and `fit_ridge`."""
    train, valid, test = slice(YEAR), slice(YEAR, YEAR + THIRD), slice(YEAR + THIRD, YEAR + 2 * THIRD)
    X, Y = ts2vec_pairs(features[train], data[train], horizon, drop=200)
    X_valid, Y_valid = ts2vec_pairs(features[valid], data[valid], horizon)
    X_test, Y_test = ts2vec_pairs(features[test], data[test], horizon)
    scores = []
    for alpha in (alphas := [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]):
        error = Ridge(alpha).fit(X, Y).predict(X_valid) - Y_valid
        scores.append(np.sqrt((error**2).mean()) + np.abs(error).mean())
    alpha = alphas[np.argmin(scores)]
    error = Ridge(alpha).fit(X, Y).predict(X_test) - Y_test
    return {"mse": (error**2).mean(), "mae": np.abs(error).mean(), "alpha": alpha}


@pytest.mark.parametrize("horizon", [1, 12])
def test_errors_are_those_of_the_authors_program(series, horizon):
    errors = ett.forecast_errors(*series, [horizon])
    assert list(errors) == [horizon]
    assert errors[horizon] == pytest.approx(ts2vec_errors(*series, horizon), rel=1e-8)


def test_first_context_and_last_months_count_for_nothing(series):
    features, targets = (a.copy() for a in series)
    expected = ett.forecast_errors(features, targets, [3])
    for a in (features, targets):
        a[:200] = a[YEAR + 2 * THIRD :] = np.nan
    assert ett.forecast_errors(features, targets, [3]) == expected


def test_targets_are_the_hours_after():
    """Features that hold the next three values leave no error at three hours, and a quarter of all at four."""
    targets = np.random.default_rng(0).normal(size=(YEAR + 2 * THIRD, 1))
    coming = np.concatenate([np.roll(targets, -step, axis=0) for step in (1, 2, 3)], axis=1)
    errors = ett.forecast_errors(coming, targets, [3, 4])
    assert errors[3]["mse"] < 1e-8 and errors[4]["mse"] == pytest.approx(1 / 4, rel=0.1)


def test_blocks_do_not_reach_into_each_other(series):
    """No target of a block's last steps comes from the next: other test months leave the choice of penalty."""
    features, targets = series
    changed = targets.copy()
    changed[YEAR + THIRD :] += 1e6
    before, after = (ett.forecast_errors(features, y, [48])[48] for y in (targets, changed))
    assert before["alpha"] == after["alpha"] and after["mse"] > 1e10


def test_longer_horizons_are_harder(series):
    errors = ett.forecast_errors(*series, [1, 10, 48])
    assert errors[1]["mse"] < errors[10]["mse"] < errors[48]["mse"]


def test_published_figures_have_an_error_for_each_horizon():
    assert ett.HORIZONS == (24, 48, 168, 336, 720)
    assert all(len(figures) == 5 for figures in ett.PUBLISHED.values())


def test_lagged_values_by_hand():
    values = np.array([[1, 10], [2, 20], [3, 30]])
    # Each variable's last two values, oldest first; before the record its first value.
    assert ett.lagged(values, 2).tolist() == [[1, 1, 10, 10], [1, 2, 10, 20], [2, 3, 20, 30]]
    assert ett.lagged(values, 1).tolist() == values.tolist()


def test_values_are_standardised_on_the_training_year_alone(tmp_path):
    frame = table(YEAR + 500)
    frame.iloc[YEAR:] += 1000
    _, targets = ett.read_ett(written(frame, tmp_path), univariate=False)
    np.testing.assert_allclose(targets[:YEAR].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(targets[:YEAR].std(axis=0), 1)
    expected = StandardScaler().fit(frame.values[:YEAR]).transform(frame.values)
    np.testing.assert_allclose(targets, expected, rtol=1e-6)


def test_calendar_lies_ahead_of_the_values(tmp_path):
    frame = table(YEAR + 500)
    features, targets = ett.read_ett(written(frame, tmp_path), univariate=False)
    assert features.shape == (YEAR + 500, 7 + 2)
    np.testing.assert_array_equal(features[:, 7:], targets)
    at = frame.index
    stamps = [at.hour, at.day_of_week, at.day, at.day_of_year, at.month, at.isocalendar().week]
    stamps = np.stack([np.asarray(s, float) for s in stamps], axis=1)
    np.testing.assert_array_equal(features[:, 0], 0)  # minutes are all alike: no spread, not NaN
    expected = StandardScaler().fit(stamps[:YEAR]).transform(stamps)
    np.testing.assert_allclose(features[:, 1:7], expected, atol=1e-9)


def test_univariate_is_the_oil_temperature(tmp_path):
    frame = table(300, columns=("OT", "HUFL"))
    path = written(frame, tmp_path)
    features, targets = ett.read_ett(path, univariate=True)
    assert features.shape == (300, 8) and targets.shape == (300, 1)
    np.testing.assert_array_equal(targets[:, 0], ett.read_ett(path, univariate=False)[1][:, 0])


BAD = {
    "empty": ("", "No columns"),
    "no date": ("day,OT\n2016-07-01,1\n", "date"),
    "no oil temperature": ("date,HUFL\n2016-07-01,1\n", "OT"),
    "not a date": ("date,OT\nfirst,1\n", "first"),
    "not a number": ("date,OT\n2016-07-01 00:00:00,warm\n", "warm"),
}


@pytest.mark.parametrize("case", BAD)
def test_other_tables_are_one_line(case, tmp_path):
    text, words = BAD[case]
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(DscTfError, match=rf"other.csv is not an ETT table \(.*{words}.*Give ETTh1") as caught:
        ett.read_ett(path, univariate=True)
    assert "\n" not in str(caught.value)


def test_no_file_is_one_line(tmp_path):
    with pytest.raises(DscTfError, match="No such file"):
        ett.read_ett(tmp_path / "none.csv", univariate=True)


class Encoder:
    """Replacement of TS2Vec whose representation is its input."""

    made = []

    def __init__(self, **settings):
        self.settings = settings
        self.made.append(self)

    def fit(self, X):
        self.learnt_from = X

    def encode(self, X, **options):
        self.options = options
        return X


@pytest.fixture
def short_protocol(monkeypatch):
    """Days for months, and no network."""
    for name, steps in {"TRAIN": 400, "VALIDATION": 150, "TEST": 150, "CONTEXT": 20}.items():
        monkeypatch.setattr(ett, name, steps)
    monkeypatch.setattr(Encoder, "made", [])
    monkeypatch.setitem(sys.modules, "dsc_tf.representations", SimpleNamespace(TS2Vec=Encoder))


def test_a_row_for_each_encoder_seed_and_horizon(short_protocol, tmp_path):
    lines = []
    rows = ett.run_ett(
        written(table(700), tmp_path), seeds=(4, 7), steps=9, horizons=(2, 5), echo=lines.append
    )
    baselines = [("last value", 0), ("ridge on lags", 0), ("lagged values", 0)]
    encoders = [*baselines, ("untrained", 4), ("TS2Vec", 4), ("TS2Vec", 7)]
    expected = [(*encoder, horizon) for encoder in encoders for horizon in (2, 5)]
    assert [(r["encoder"], r["seed"], r["horizon"]) for r in rows] == expected
    assert [m.settings["steps"] for m in Encoder.made] == [0, 9, 9]
    assert len(lines) == 6 and all(f"{rows[6]['mse']:.4f}" in line for line in lines[3:])


def test_encoders_learn_from_the_training_months_and_see_no_future(short_protocol, tmp_path):
    path = written(table(700), tmp_path)
    ett.run_ett(path, univariate=False, seeds=(0,), horizons=(2, 5), echo=str)
    features, targets = ett.read_ett(path, univariate=False)
    for model in Encoder.made:
        np.testing.assert_allclose(model.learnt_from, features[None, :400], rtol=1e-6)
        assert model.options["causal"] and model.options["sliding_padding"] == 20
    known = np.asarray(features, "float32").astype(float)
    assert ett.run_ett(path, univariate=False, seeds=(0,), horizons=(2, 5), echo=str)[6][
        "mse"
    ] == pytest.approx(ett.forecast_errors(known, targets, (2,))[2]["mse"], rel=1e-4)


def test_last_value_by_a_loop(series):
    _, targets = series
    test = targets[YEAR + THIRD : YEAR + 2 * THIRD]
    squares = [(test[t + step] - test[t]) ** 2 for t in range(THIRD - 3) for step in (1, 2, 3)]
    assert ett.last_value_errors(targets, [3])[3]["mse"] == pytest.approx(np.mean(squares))


@pytest.mark.real
@pytest.mark.skipif(not RECORD.exists(), reason=f"no ../shared/data/{RECORD.name} next to the checkout")
def test_last_value_of_the_real_record_beats_the_published_encoder():
    features, targets = ett.read_ett(RECORD, univariate=True)
    assert features.shape == (17420, 8) and np.isfinite(features).all()
    errors = [e["mse"] for e in ett.last_value_errors(targets).values()]
    np.testing.assert_allclose(errors, [0.034, 0.050, 0.087, 0.113, 0.129], atol=6e-4)
    assert (np.array(errors) < ett.PUBLISHED["univariate", "paper"]).all()


@pytest.mark.real
@pytest.mark.skipif(not RECORD.exists(), reason=f"no ../shared/data/{RECORD.name} next to the checkout")
def test_lagged_values_of_the_real_record_beat_persistence():
    features, targets = ett.read_ett(RECORD, univariate=True)
    known = np.concatenate([features[:, :7], ett.lagged(targets, 48)], axis=1)
    persistence = ett.last_value_errors(targets, [24])[24]["mse"]
    assert 0.02 < ett.forecast_errors(known, targets, [24])[24]["mse"] < persistence < 0.04
