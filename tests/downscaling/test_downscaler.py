import warnings

import numpy as np
import pytest
import xarray as xr

import dsc_tf
from dsc_tf.downscaling import Downscaler, coarsen, downscale, split_days
from dsc_tf.downscaling.pairs import (
    block_of_cells,
    interpolate_to,
    match_days,
    previous_days,
    segments_of_days,
)
from dsc_tf.downscaling.scores import score_downscaler
from dsc_tf.errors import DscTfError


def smooth_noise(rng, days, rows, columns, width=3):
    """White noise averaged over `width` x `width` cells and made persistent in time."""
    noise = rng.normal(size=(days, rows + width - 1, columns + width - 1))
    windows = np.lib.stride_tricks.sliding_window_view(noise, (width, width), axis=(1, 2))
    fields = windows.mean(axis=(-2, -1)) * width
    for t in range(1, days):
        fields[t] = 0.6 * fields[t - 1] + 0.8 * fields[t]
    return fields


def records(*, days=400, seed=0, rain=False, land=False):
    """A fine record of 8 x 12 cells with texture at all scales, and its 4 x 4 block means."""
    rng = np.random.default_rng(seed)
    fields = 280 + 5 * np.sin(2 * np.pi * np.arange(days) / 365.25)[:, None, None]
    fields = fields + 3 * smooth_noise(rng, days, 8, 12, width=7) + smooth_noise(rng, days, 8, 12, width=2)
    if rain:
        fields = np.maximum(fields - 281, 0.0) ** 1.5
    if land:
        fields[:, :2, :3] = np.nan
    time = np.datetime64("2001-01-01T12", "h") + 24 * np.arange(days)
    coords = {
        "time": time.astype("datetime64[ns]"),
        "latitude": 50 - 0.5 * np.arange(8),
        "longitude": 0.5 * np.arange(12.0),
    }
    dims = ("time", "latitude", "longitude")
    name = "pr" if rain else "tas"
    attrs = {"units": "mm" if rain else "K", "long_name": "field"}
    fine = xr.Dataset({name: (dims, fields.astype(np.float32), attrs)}, coords)
    return coarsen(fine, 4)


@pytest.fixture(scope="module")
def pair():
    return records()


@pytest.fixture(scope="module")
def fitted(pair):
    return Downscaler().fit(*pair)


def test_members_differ_and_their_mean_is_the_regression(fitted, pair):
    coarse = pair[0].isel(time=slice(30))
    members, mean = fitted.predict(coarse, members=200), fitted.predict_mean(coarse)
    deviation = float(members.tas.std("member").mean())
    assert deviation > 0.1 and float(abs(members.tas[0] - members.tas[1]).mean()) > 0.1
    assert float(abs(members.tas.mean("member") - mean.tas).mean()) < 2 * deviation / np.sqrt(200)


def test_output_is_a_record_on_the_fine_grid(fitted, pair, tmp_path):
    coarse, fine = pair
    members = fitted.predict(coarse.isel(time=slice(4)), members=2)
    assert members.tas.dims == ("member", "time", "latitude", "longitude")
    assert members.tas.attrs == fine.tas.attrs and members.tas.dtype == np.float32
    for axis in ("latitude", "longitude"):
        np.testing.assert_array_equal(members[axis], fine[axis])
    members.to_netcdf(tmp_path / "members.nc")
    with xr.open_dataset(tmp_path / "members.nc") as again:
        np.testing.assert_array_equal(again.tas, members.tas)


def test_drawn_members_are_better_than_interpolation_and_have_the_observed_texture(fitted, pair):
    scores = score_downscaler(fitted, *pair, members=10)["tas"]
    assert scores["drawn"]["crps"] < scores["mean"]["crps"] < scores["bilinear, corrected"]["crps"]
    assert scores["drawn"]["variogram_error"] < 0.1 < scores["mean"]["variogram_error"]
    assert 0.85 < scores["drawn"]["spread_error_ratio"] < 1.15
    assert scores["mean"]["spread_error_ratio"] is None


def learned_arrays(fitted, folder):
    fitted.save(folder)
    with np.load(folder / "downscaler.npz") as file:
        return {name: file[name] for name in file.files}


def test_test_days_are_never_used(fitted, pair, tmp_path):
    coarse, fine = (ds.copy(deep=True) for ds in pair)
    test = np.flatnonzero(fitted.parts_ == 2)
    assert len(test) > 50
    coarse.tas.values[test] += 17
    fine.tas.values[test] = -3
    before = learned_arrays(fitted, tmp_path / "before")
    after = learned_arrays(Downscaler().fit(coarse, fine), tmp_path / "after")
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_saved_downscaler_draws_the_same_members(fitted, pair, tmp_path):
    fitted.save(tmp_path)
    coarse = pair[0].isel(time=slice(5))
    xr.testing.assert_identical(Downscaler.load(tmp_path).predict(coarse, 2), fitted.predict(coarse, 2))
    with pytest.raises(DscTfError, match="downscaler.json"):
        Downscaler.load(tmp_path / "absent")


def test_seed_decides_the_members(fitted, pair):
    coarse = pair[0].isel(time=slice(3))
    first = fitted.predict(coarse, 2, random_state=4)
    xr.testing.assert_identical(first, fitted.predict(coarse, 2, random_state=4))
    assert not first.equals(fitted.predict(coarse, 2, random_state=5))
    xr.testing.assert_identical(first.isel(member=[0]), fitted.predict(coarse, 1, random_state=4))


def test_days_without_fine_fields_are_drawn(pair):
    coarse, fine = pair
    members = downscale(coarse, fine.isel(time=slice(390)), members=2)
    np.testing.assert_array_equal(members.time, coarse.time[390:])


def test_land_stays_missing():
    coarse, fine = records(land=True)
    coarse = coarse.fillna(280)
    members = downscale(coarse, fine.isel(time=slice(390)), members=2)
    np.testing.assert_array_equal(np.isnan(members.tas[0, 0]), np.isnan(fine.tas[0]))


def test_rain_is_never_negative_and_has_the_observed_share_of_wet_days():
    coarse, fine = records(rain=True)
    fitted = Downscaler().fit(coarse, fine)
    assert fitted.models_["pr"].amount
    scores = score_downscaler(fitted, coarse, fine, members=5)["pr"]["drawn"]
    assert 0.85 < scores["wet_days"] < 1.15 and 0.8 < scores["p99"] < 1.25
    assert float(fitted.predict(coarse.isel(time=slice(20)), 2).pr.min()) >= 0


@pytest.mark.parametrize("rain", [True, False])
def test_conserved_block_means_are_the_coarse_values(rain):
    coarse, fine = records(rain=rain)
    name = "pr" if rain else "tas"
    fitted = Downscaler(conserve=True).fit(coarse, fine)
    members = fitted.predict(coarse.isel(time=slice(8)), 2)
    again = coarsen(members.isel(member=0, drop=True), 4)[0]
    np.testing.assert_allclose(again[name], coarse[name][:8], rtol=1e-5, atol=1e-5)


def test_conserve_needs_the_variable_in_the_coarse_record(pair):
    coarse, fine = pair
    with pytest.raises(DscTfError, match="conserve: tas not in the coarse record"):
        Downscaler(conserve=True).fit(coarse.rename(tas="other"), fine)


def test_coarse_records_of_several_grids(pair):
    coarse, fine = pair
    other = coarse.isel(longitude=slice(2)).rename(tas="second")
    members = Downscaler().fit([coarse, other], fine).predict([coarse, other], 1)
    assert members.tas.shape == (1, 400, 8, 12)


def test_days_that_do_not_follow_each_other_are_reported(pair):
    coarse, fine = pair
    shuffled = fine.copy()
    shuffled["tas"] = fine.tas.copy(data=records(seed=1)[1].tas.values)
    with pytest.warns(UserWarning, match="tas: the days of the two records do not follow each other"):
        Downscaler().fit(coarse, shuffled)


def test_a_warmer_climate_is_reported(fitted, pair):
    with pytest.warns(UserWarning, match="standard deviations outside the range"):
        fitted.predict(pair[0].isel(time=slice(5)) + 60, 1)


def test_hour_of_the_day_does_not_matter_for_daily_records(pair):
    coarse, fine = pair
    moved = coarse.assign_coords(time=coarse.time + np.timedelta64(6, "h"))
    in_coarse, in_fine = match_days(moved.isel(time=slice(100, None)), fine)
    np.testing.assert_array_equal(in_coarse + 100, in_fine)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c, f: (c.isel(time=slice(50)), f), "coarse: 50 days in common"),
        (lambda c, f: (c.assign_coords(latitude=c.latitude - 40), f), "latitude: .* records of one region"),
        (
            lambda c, f: (c.assign_coords(longitude=c.longitude + 90), f),
            "longitude: .* records of one region",
        ),
        (lambda c, f: (f, c), "Exchange the records"),
        (lambda c, f: (c.where(c.time.dt.dayofyear > 20), f), "coarse: every cell has missing values"),
        (lambda c, f: (c, f * np.nan), "tas: no fine cell has values"),
        (lambda c, f: (c.isel(latitude=0, drop=True), f), "coarse: no dimension latitude"),
    ],
)
def test_bad_records_are_refused_in_one_line(pair, change, words):
    coarse, fine = change(*pair)
    with pytest.raises(DscTfError, match=words) as caught:
        Downscaler().fit(coarse, fine)
    assert "\n" not in str(caught.value)


def test_other_bad_input_is_refused(fitted, pair):
    coarse, fine = pair
    with pytest.raises(DscTfError, match="method: 'magic'"):
        Downscaler("magic").fit(coarse, fine)
    with pytest.raises(DscTfError, match="members: 0"):
        fitted.predict(coarse, 0)
    with pytest.raises(DscTfError, match="coarse: 4 values a day, 6"):
        fitted.predict(coarse.isel(longitude=slice(2)), 1)
    with pytest.raises(DscTfError, match="values missing on 1 of 400 days"):
        fitted.predict(coarse.where(coarse.time != coarse.time[7]), 1)
    with pytest.raises(DscTfError, match="coarsen: 9"):
        coarsen(fine, 9)


def test_cells_that_are_missing_at_times_are_reported(pair):
    coarse, fine = pair
    gappy = coarse.where((coarse.time != coarse.time[7]) | (coarse.longitude != coarse.longitude[0]))
    with pytest.warns(
        UserWarning, match="coarse: 2 of 6 cells and variables are missing on some training days"
    ):
        Downscaler().fit(gappy, fine)


def test_splits():
    time = records(days=2000)[0].time
    assert np.bincount(split_days(time)).tolist() == [1400, 200, 400]
    dates = split_days(time, ("2004-01-01", "2005-01-01"))
    assert np.bincount(dates).tolist() == [1095, 366, 539] and (np.diff(dates) >= 0).all()
    short = split_days(time[:366])
    assert len(set(short[:12])) == 1 and set(short) == {0, 1, 2}
    parts = np.arange(2000) % 3
    np.testing.assert_array_equal(split_days(time, parts), parts)
    with pytest.raises(DscTfError, match="split: .* for 2000 days"):
        split_days(time, (0.5, 0.2, 0.2, 0.1))
    with pytest.raises(DscTfError, match="0 validation days"):
        split_days(time, (0.9, 0.0, 0.1))
    for dates in (("last year", "2005-01-01"), ("2005-01-01", "2004-01-01")):
        with pytest.raises(DscTfError, match="split: .* Give two dates in order"):
            split_days(time, dates)


def test_yesterday_does_not_reach_across_gaps_or_parts():
    days = np.array([0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    time = xr.DataArray(np.datetime64("2001-01-01", "ns") + days * np.timedelta64(1, "D"), dims="time")
    segment = segments_of_days(time, np.repeat([0, 1], 6))
    assert segment.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert previous_days(segment).tolist() == [0, 0, 2, 2, 3, 4, 6, 6, 7, 8, 9, 10]


def test_blocks_and_interpolation(pair):
    coarse, fine = pair
    block = block_of_cells(coarse, fine).reshape(8, 12)
    assert block[0, 0] == 0 and block[3, 3] == 0 and block[0, 4] == 1 and block[4, 0] == 3
    plane = coarse.tas.isel(time=[0]) * 0 + 2 * coarse.latitude + coarse.longitude
    moved = interpolate_to(plane, fine)[0, 2:6, 2:10]
    expected = (2 * fine.latitude + fine.longitude)[2:6, 2:10]
    np.testing.assert_allclose(moved, expected, atol=1e-4)


def test_function_is_public():
    assert dsc_tf.downscale is downscale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "downscaling" in dir(dsc_tf)
