import dataclasses

import numpy as np
import pytest
import xarray as xr
from sklearn.preprocessing import MinMaxScaler

from dsc_tf.data import PROTOCOLS, Preprocessor, mock_dataset, prepare
from dsc_tf.data.protocols import ANOMALY, PAPER
from dsc_tf.errors import DscTfError

pytestmark = pytest.mark.filterwarnings("ignore:.*constant in time")


@pytest.fixture(params=PROTOCOLS)
def protocol(request):
    return request.param


def test_paper_scales_each_variable_to_its_own_range():
    ds = mock_dataset(nan_policy="isolated")
    X, _ = prepare(ds, "paper")
    for v, name in enumerate(ds):  # equation 8, word for word
        x = ds[name].values.astype(float)
        x = np.where(np.isnan(x), np.nanmean(x), x)
        np.testing.assert_allclose(X[:, 0, :, :, v], (x - x.min()) / (x.max() - x.min()), atol=1e-6)


def test_notebook_does_what_the_notebook_does():
    """Pad, one grand mean over all variables, then a min-max scaler on the flat table."""
    ds = mock_dataset(nan_policy="coast")
    ds["msl"] = ds["msl"] * 400
    X, _ = prepare(ds, "notebook")
    table = np.zeros((30, 16, 16, 2))
    for v, name in enumerate(ds):
        table[:, :8, :9, v] = ds[name]
    table[np.isnan(table)] = np.nanmean(table)
    expected = MinMaxScaler().fit_transform(table.reshape(30, -1)).reshape(table.shape)
    assert X.shape == (30, 1, 16, 16, 2)
    np.testing.assert_allclose(X[:, 0], expected, atol=1e-4)


def test_anomalies_have_no_seasonal_cycle_and_weigh_area():
    ds = mock_dataset(days=1100, variables=("t2m",))
    season = 10 * np.cos(2 * np.pi * (ds.time.dt.dayofyear - 20) / 365.25)
    ds["t2m"] = ds["t2m"] + season
    X, _ = prepare(ds, "anomaly")
    x = X[:, 0, :, :, 0]
    wave = np.cos(2 * np.pi * (ds.time.dt.dayofyear.values - 20) / 365.25)
    assert abs(np.corrcoef(wave, x.mean(axis=(1, 2)))[0, 1]) < 0.05
    weight = np.sqrt(np.cos(np.deg2rad(ds.latitude.values)))
    assert (x / weight[:, None]).std() == pytest.approx(1, rel=1e-3)
    assert abs((x / weight[:, None]).mean()) < 1e-3


def test_short_record_keeps_its_course():
    """From half a year nobody can tell a season from a trend: only the mean goes."""
    ds = mock_dataset(days=150, variables=("t2m",))
    ds["t2m"] = ds["t2m"] + xr.DataArray(np.linspace(0, 40, 150), dims="time")
    X, _ = prepare(ds, "anomaly")
    assert X[-20:].mean() - X[:20].mean() > 2


@pytest.mark.parametrize("policy", ["none", "coast", "isolated"])
def test_inverse_gives_physical_units_back(protocol, policy):
    ds = mock_dataset(days=400, nan_policy=policy)
    X, prep = prepare(ds, protocol)
    back = prep.inverse_transform(X[:, -1], time=prep.time)
    known = np.isfinite(ds["t2m"].values)
    np.testing.assert_allclose(back["t2m"].values[known], ds["t2m"].values[known], rtol=1e-5)
    np.testing.assert_allclose(back["msl"], ds["msl"], rtol=1e-5)
    assert back["t2m"].attrs["units"] == "K" and back["t2m"].dims == ("time", "latitude", "longitude")


def test_nothing_is_missing_afterwards(protocol):
    X, _ = prepare(mock_dataset(nan_policy="isolated"), protocol)
    assert X.dtype == np.float32 and np.isfinite(X).all()


def test_constants_come_from_the_data_fitted_on(protocol):
    ds = mock_dataset(days=800)
    first, second = ds.isel(time=slice(400)), ds.isel(time=slice(400, None))
    X, prep = prepare(first, protocol)
    np.testing.assert_array_equal(prep.transform(first), X)
    other = prep.transform(second + 1)
    back = prep.inverse_transform(other[:, -1], time=second.time)
    np.testing.assert_allclose(back["t2m"], second["t2m"] + 1, rtol=1e-5)


def test_state_round_trip(protocol, tmp_path):
    ds = mock_dataset(days=400)
    X, prep = prepare(ds, protocol, window=3)
    np.savez(tmp_path / "state.npz", **prep.state())
    with np.load(tmp_path / "state.npz") as state:
        twin = Preprocessor.from_state(state)
    np.testing.assert_array_equal(twin.transform(ds), X)
    assert twin.protocol == prep.protocol and twin.variables == prep.variables


def test_lazy_data_give_the_same(protocol):
    ds = mock_dataset(nan_policy="coast")
    np.testing.assert_array_equal(prepare(ds.chunk(time=7), protocol)[0], prepare(ds, protocol)[0])


def test_a_sample_has_the_time_of_its_last_step():
    ds = mock_dataset(gaps=True)
    X, prep = prepare(ds, window=4)
    assert len(X) == 30 - 2 * 3 == len(prep.sample_index)
    np.testing.assert_array_equal(prep.time, ds.time[prep.sample_index])
    single, _ = prepare(ds)
    np.testing.assert_array_equal(X[:, -1], single[prep.sample_index, 0])


def test_constant_variable_becomes_zero(protocol):
    X, _ = prepare(mock_dataset(days=400, constant="msl"), protocol)
    assert not X[..., 1].any()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fill": "grand_mean"}, "fill"),
        ({"deseasonalise": True}, "deseasonalise"),
        ({"scale": "cell"}, "scale"),
        ({"weight": True}, "weight"),
        ({"pad_multiple": 4}, "pad_multiple"),
    ],
)
def test_every_choice_of_a_protocol_is_used(change, field):
    ds = mock_dataset(days=400, nan_policy="isolated")
    ds["msl"] = ds["msl"] * 400
    plain, changed = prepare(ds, PAPER)[0], prepare(ds, dataclasses.replace(PAPER, **change))[0]
    assert plain.shape != changed.shape or np.abs(plain - changed).max() > 1e-3, field


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"protocol": "best"}, "protocol: 'best'. Choose one of paper, notebook, anomaly"),
        ({"window": 0}, "window: 0"),
        ({"window": 16}, "window: 16 steps, but no stretch.*30 steps"),
    ],
)
def test_bad_choices_are_refused(options, words):
    with pytest.raises(DscTfError, match=words):
        prepare(mock_dataset(gaps=True), **options)


def test_other_grids_and_variables_are_refused():
    _, prep = prepare(mock_dataset(), ANOMALY)
    with pytest.raises(DscTfError, match="latitude: not that"):
        prep.transform(mock_dataset(latitudes=7))
    with pytest.raises(DscTfError, match="msl not in the data"):
        prep.transform(mock_dataset(variables=("t2m",)))
