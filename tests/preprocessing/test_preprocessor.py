import dataclasses
import json
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MinMaxScaler

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import Preprocessor, prepare
from dsc_tf.preprocessing.protocols import ANOMALY, PAPER, PROTOCOLS

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
    fields = np.asarray(X)
    assert fields[-20:].mean() - fields[:20].mean() > 2


@pytest.mark.parametrize("policy", ["none", "coast", "isolated"])
def test_inverse_gives_physical_units_back(protocol, policy):
    ds = mock_dataset(days=400, nan_policy=policy)
    X, prep = prepare(ds, protocol)
    back = prep.inverse_transform(X[:, -1], time=X.time)
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
    assert twin.protocol_ == prep.protocol_ and twin.variables_ == prep.variables_


def test_lazy_data_give_the_same(protocol):
    ds = mock_dataset(nan_policy="coast")
    np.testing.assert_array_equal(prepare(ds.chunk(time=7), protocol)[0], prepare(ds, protocol)[0])


def test_a_sample_has_the_time_of_its_last_step():
    ds = mock_dataset(gaps=True)
    X, prep = prepare(ds, window=4)
    assert len(X) == 30 - 2 * 3 == len(X.sample_index)
    np.testing.assert_array_equal(X.time, ds.time[X.sample_index])
    single, _ = prepare(ds)
    np.testing.assert_array_equal(X[:, -1], single[X.sample_index, 0])


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
    own = dataclasses.replace(PAPER, **change)
    plain, changed = np.asarray(prepare(ds, PAPER)[0]), np.asarray(prepare(ds, own)[0])
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
    with pytest.raises(DscTfError, match="latitudes .* differ from those the model"):
        prep.transform(mock_dataset(latitudes=7))
    with pytest.raises(DscTfError, match="msl not in the data"):
        prep.transform(mock_dataset(variables=("t2m",)))


@given(
    seed=st.integers(0, 9), scale=st.floats(1e-3, 1e5), shift=st.floats(-1e4, 1e4), rows=st.integers(2, 19)
)
@settings(max_examples=10, deadline=None)
@pytest.mark.parametrize("name", PROTOCOLS)
def test_inverse_undoes_any_range_and_grid(name, seed, scale, shift, rows):
    """To float32: its resolution, about 1e-7, of the largest value."""
    ds = mock_dataset(days=40, latitudes=rows, longitudes=3, variables=("t2m",), seed=seed)
    ds["t2m"] = (ds["t2m"] * scale + shift).astype("float32")
    prep = Preprocessor(name)  # no check of the record: so small a field of noise looks damaged
    X = prep.fit_transform(ds)
    back = prep.inverse_transform(X[:, -1], time=X.time)
    np.testing.assert_allclose(back["t2m"], ds["t2m"], atol=1e-6 * float(np.abs(ds["t2m"]).max()))


def test_notebook_as_loops():
    """The notebook's own way, value by value: pad, one mean of everything, range of each column."""
    ds = mock_dataset(days=6, latitudes=3, longitudes=2, nan_policy="isolated", seed=2)
    ds["msl"] = ds["msl"] * 300
    names = ["t2m", "msl"]
    table = np.zeros((6, 16, 16, 2))
    total, count = 0.0, 0
    for t, y, x, v in np.ndindex(table.shape):
        if y < 3 and x < 2:
            table[t, y, x, v] = float(ds[names[v]][t, y, x])
        if not np.isnan(table[t, y, x, v]):
            total, count = total + table[t, y, x, v], count + 1
    expected = np.zeros_like(table)
    for y, x, v in np.ndindex(table.shape[1:]):
        column = [total / count if np.isnan(value) else value for value in table[:, y, x, v]]
        low, high = min(column), max(column)
        expected[:, y, x, v] = [(value - low) / (high - low) if high > low else 0.0 for value in column]
    assert count < table.size  # something was missing
    np.testing.assert_allclose(Preprocessor("notebook").fit_transform(ds)[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_missing_days_do_not_damp_the_season(share):
    ds = mock_dataset(days=1461, variables=("t2m",))
    ds["t2m"] = ds["t2m"] + 10 * np.cos(2 * np.pi * (ds.time.dt.dayofyear - 1) / 365.25)
    ds["t2m"] = ds["t2m"].where(np.random.default_rng(0).random(ds["t2m"].shape) >= share)
    _, prep = prepare(ds, "anomaly")
    assert prep.steps_["seasonal_cycle"].coefficients_[0][1].mean() == pytest.approx(10, rel=0.01)


@pytest.mark.filterwarnings("ignore:t2m. 361 of 1461 steps are missing entirely:UserWarning")
def test_seasonal_cycle_of_a_sea_that_freezes():
    """A third of the year is missing; the fit in the other months is that of the whole record."""
    ds = mock_dataset(days=1461, variables=("t2m",))
    season = 10 * np.cos(2 * np.pi * (ds.time.dt.dayofyear - 1) / 365.25)
    open_water = ds.time.dt.month.isin(range(4, 13))
    ds["t2m"] = (280 + season + 0 * ds["t2m"]).where(open_water)
    X, prep = prepare(ds, "anomaly")
    back = prep.inverse_transform(np.zeros_like(X[:, -1]), time=ds.time)["t2m"]
    # The ridge costs a thousandth of a few degrees.
    assert float(np.abs(back - 280 - season).where(open_water).max()) < 0.1


def test_cell_never_seen_is_ordinary_if_a_later_record_knows_it():
    _, prep = prepare(mock_dataset(days=800, nan_policy="coast"), "anomaly")
    X = prep.transform(mock_dataset(days=800))
    assert np.abs(X[..., :2, :3, 0]).max() < 6
    back = prep.inverse_transform(np.zeros((1, 8, 9, 2)), time=mock_dataset(days=1).time)
    assert float(back["t2m"][0, 0, 0]) == pytest.approx(280, abs=1)


@pytest.mark.parametrize("scale", ["variable", "cell", "standard"])
@pytest.mark.parametrize("deseasonalise", [False, True])
def test_constant_that_float_sums_cannot_hold_becomes_zero(scale, deseasonalise):
    """A sum of many 50123.457 rounds; its noise must not be blown up to unit variance."""
    ds = mock_dataset(days=777)
    ds["msl"] = xr.full_like(ds["msl"], 50123.457)
    own = dataclasses.replace(PAPER, scale=scale, deseasonalise=deseasonalise)
    assert not prepare(ds, own)[0][..., 1].any()


@pytest.mark.filterwarnings("ignore:.*far outside|t2m. .* in the fitted record")
# The grand mean of the protocol `notebook` is no temperature.
def test_new_missing_cells_get_the_fitted_fill(protocol):
    ds = mock_dataset(days=400)
    _, prep = prepare(ds, protocol)
    holes = ds.copy(deep=True)
    holes["t2m"][:, 2, 3] = np.nan
    filled = ds.copy(deep=True)
    fill_value = prep.steps_["fill"].fill_value_[0]
    filled["t2m"][:, 2, 3] = fill_value
    if prep.protocol_.deseasonalise:
        filled["t2m"][:, 2, 3] = prep.inverse_transform(np.zeros((400, 8, 9, 2)), ds.time)["t2m"][:, 2, 3]
        assert fill_value == 0
    np.testing.assert_allclose(prep.transform(holes), prep.transform(filled), atol=1e-4)


def test_values_out_of_range_are_not_clipped():
    ds = mock_dataset()
    _, prep = prepare(ds, "paper")
    with pytest.warns(UserWarning, match="t2m of 30 steps is far outside"):
        assert np.asarray(prep.transform(ds + 100)).min() > 1


def test_state_keeps_attributes_and_grid(tmp_path):
    ds = mock_dataset()
    ds["t2m"].attrs["valid_range"] = np.array([200.0, 350.0])
    ds["latitude"].attrs["units"] = "degrees_north"
    X, prep = prepare(ds)
    np.savez(tmp_path / "state.npz", **prep.state())
    with np.load(tmp_path / "state.npz") as state:
        twin = Preprocessor.from_state(state)
    back = twin.inverse_transform(X[:, -1])
    assert back["latitude"].attrs == {"units": "degrees_north"}
    assert back["t2m"].attrs == {"units": "K", "valid_range": [200.0, 350.0]}


@pytest.mark.parametrize("name", ["time", "latitude"])
def test_missing_axis_is_told(name):
    with pytest.raises(DscTfError, match=f"{name}: no such axis"):
        prepare(mock_dataset().isel({name: 0}, drop=True))


@pytest.mark.parametrize("options", [{"window": 2.5}, {"window": "2"}, {"protocol": None}, {"protocol": []}])
def test_values_of_another_type_are_refused(options):
    with pytest.raises(DscTfError, match=next(iter(options))):
        prepare(mock_dataset(), **options)


def test_transform_refuses_what_prepare_refuses():
    ds = mock_dataset()
    _, prep = prepare(ds)
    infinite = ds.copy(deep=True)
    infinite["msl"][3, 2, 1] = np.inf
    with pytest.raises(DscTfError, match="msl: infinite"):
        prep.transform(infinite)
    with pytest.raises(DscTfError, match="time: not sorted"):
        prep.transform(ds.isel(time=slice(None, None, -1)))


def test_fields_of_another_shape_have_no_inverse():
    X, prep = prepare(mock_dataset())
    with pytest.raises(DscTfError, match="fields: of shape"):
        prep.inverse_transform(X)
    with pytest.raises(DscTfError, match="as many times"):
        prep.inverse_transform(X[:5, 0], time=X.time)


def test_transform_keeps_nothing_of_the_data_it_is_given():
    ds = mock_dataset(days=60)
    _, prep = prepare(ds, "anomaly", window=2)
    before = {name: id(value) for name, value in vars(prep).items()}
    prep.transform(mock_dataset(days=30, seed=1))
    assert {name: id(value) for name, value in vars(prep).items()} == before


def test_it_is_a_transformer_of_scikit_learn():
    prep = Preprocessor("anomaly", window=3)
    assert clone(prep).get_params() == prep.get_params()
    ds = mock_dataset(days=60)
    np.testing.assert_array_equal(prep.fit(ds).transform(ds), clone(prep).fit_transform(ds))
    with pytest.raises(NotFittedError):
        Preprocessor().transform(ds)


@pytest.mark.parametrize("chunks", [None, {"time": 50, "latitude": 3}])
def test_anomalies_are_departures_from_the_fitted_cycle(chunks):
    ds = mock_dataset(days=800, nan_policy="coast")
    X, prep = prepare(ds, "anomaly")
    cycle = prep.inverse_transform(np.zeros_like(X[:, -1]), time=X.time)
    found = prep.anomalies(ds if chunks is None else ds.chunk(chunks))
    for name in ds:
        np.testing.assert_allclose(found[name], ds[name] - cycle[name], atol=1e-4)
        assert found[name].attrs == ds[name].attrs
    with pytest.raises(DscTfError, match="paper removes no seasonal cycle"):
        Preprocessor("paper").fit(ds).anomalies(ds)


def test_other_units_and_orders_are_brought_to_those_fitted_on():
    ds = mock_dataset()
    X, prep = prepare(ds)
    other = ds.isel(latitude=slice(None, None, -1)).assign_coords(latitude=ds.latitude[::-1] + 1e-6)
    other["msl"] = (other["msl"] / 100).assign_attrs(units="hPa")
    with pytest.warns(UserWarning, match="msl: converted from hPa to Pa"):
        found = prep.transform(other)
    np.testing.assert_allclose(found, X, atol=1e-5)
    other["msl"].attrs["units"] = "kg"
    with pytest.raises(DscTfError, match="msl: units 'kg' do not convert to 'Pa'"):
        prep.transform(other)


def test_one_warning_of_other_months_and_values_far_outside(tmp_path):
    ds = mock_dataset(days=40)  # January and February
    np.savez(tmp_path / "p.npz", **Preprocessor().fit(ds).state())
    with np.load(tmp_path / "p.npz") as state:
        prep = Preprocessor.from_state(state)
    assert prep.months_ == [1, 2]
    later = mock_dataset(days=62)  # January to 3 March
    later["t2m"][5:8, 2, 3] -= 250  # degrees Celsius in place of kelvin
    with pytest.warns(UserWarning) as found:
        prep.transform(later)
    (message,) = (str(one.message) for one in found)
    assert "of 62 steps, 3 are in months 3, the preprocessing was fitted to months 1, 2;" in message
    assert "t2m of 3 steps is far outside" in message


def test_state_without_months_and_ranges_is_read():
    state = Preprocessor().fit(mock_dataset()).state()
    text = json.loads(state["text"])
    del text["months"], text["ranges"]
    prep = Preprocessor.from_state(state | {"text": json.dumps(text)})
    assert len(prep.transform(mock_dataset(days=70))) == 70


def test_range_that_single_precision_cannot_divide_by_becomes_zero(protocol):
    ds = mock_dataset()
    ds["msl"] = ((ds["msl"] - ds["msl"].min()) * 1e-44).astype("float32")
    X, _ = prepare(ds, dataclasses.replace(PROTOCOLS[protocol], pad_multiple=1))
    assert np.isfinite(np.asarray(X)).all()


def test_missing_values_that_the_fitted_record_does_not_have():
    ds = mock_dataset()
    prep = Preprocessor().fit(ds)
    holes = ds.copy(deep=True)
    holes["t2m"][:, 0] = np.nan
    with pytest.warns(UserWarning, match="t2m: 12.5 % of the values are missing, 0 % in the fitted record"):
        prep.transform(holes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Preprocessor().fit(holes).transform(holes)  # as many as before
    holes["t2m"][:] = np.nan
    with pytest.raises(DscTfError, match="t2m: every value is missing"):
        prep.transform(holes)


def test_time_steps_and_methods_unlike_those_of_the_fitted_record():
    ds = mock_dataset()
    ds["t2m"].attrs["cell_methods"] = "time: mean"
    prep = Preprocessor().fit(ds)
    hours = ds.assign_coords(time=ds.time[0].values + np.arange(30) * np.timedelta64(1, "h"))
    with pytest.warns(UserWarning, match="time: steps of 1 hours, in the fitted record of 24. Aggregate"):
        prep.transform(hours)
    ds["t2m"].attrs["cell_methods"] = "time: maximum"
    with pytest.warns(UserWarning, match="t2m: its cell_methods state maximum, in the fitted record mean"):
        prep.transform(ds)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ds: ds.t2m, "data: DataArray. Give an xarray Dataset"),
        (lambda ds: ds.expand_dims(level=2), "t2m: dimensions level, time, latitude, longitude"),
        (lambda ds: ds.astype(complex), "t2m: holds complex128. Give real numbers"),
        (lambda ds: ds.astype(str), "t2m: holds <U.*Give real numbers"),
        (lambda ds: ds.assign_coords(time=np.arange(30)), "time: holds int64, not dates"),
    ],
)
def test_datasets_of_other_forms_are_refused(change, words):
    with pytest.raises(DscTfError, match=words):
        prepare(change(mock_dataset()))
