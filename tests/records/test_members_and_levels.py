"""Dimensions beyond time, latitude and longitude."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.preprocessor import prepare
from dsc_tf.records.open import open_dataset
from dsc_tf.records.validation import check_dataset


@pytest.fixture
def ds():
    return mock_dataset(days=20).drop_vars("regime")


def ensemble(ds, dim="number", labels=(0, 1, 2), **attrs):
    members = xr.concat([ds + i for i in range(len(labels))], pd.Index(labels, name=dim))
    members[dim].attrs = attrs
    return members


@pytest.mark.parametrize(
    ("dim", "labels", "attrs"),
    [
        ("number", (0, 1, 2), {}),
        ("realization", (1, 2, 3), {}),
        ("member_id", ("r1i1p1f1", "r2i1p1f1", "r3i1p1f1"), {}),
        ("e", (0, 1, 2), {"standard_name": "realization"}),
        ("z", ("r1i1p1", "r2i1p1", "r3i1p1"), {}),
    ],
)
def test_members_are_chosen_by_their_labels(ds, dim, labels, attrs):
    members = ensemble(ds, dim, labels, **attrs)
    with pytest.raises(
        DscTfError, match=f"3 ensemble members along {dim}.*--member {labels[0]}.*--member all"
    ):
        open_dataset(members)
    np.testing.assert_array_equal(open_dataset(members, member=labels[1]).t2m, ds.t2m + 1)
    with pytest.raises(DscTfError, match="member: 'x' is not in the data"):
        open_dataset(members, member="x")


def test_all_members_follow_each_other_in_time(ds):
    opened = open_dataset(ensemble(ds), member="all", aggregate="2D")
    assert (
        opened.sizes["time"] == 30 and opened.member.values.tolist() == ["0"] * 10 + ["1"] * 10 + ["2"] * 10
    )
    np.testing.assert_array_equal(opened.time[10:20], opened.time[:10])
    np.testing.assert_allclose(opened.t2m[10], ds.t2m[:2].mean("time") + 1, rtol=1e-6)
    check_dataset(opened)
    again = open_dataset(opened)
    np.testing.assert_array_equal(again.t2m, opened.t2m)
    X, _ = prepare(opened, window=3)
    assert len(X) == 3 * 8


def leveled(ds, values, dim="level", **attrs):
    levels = xr.concat(
        [ds[["t2m"]].rename(t2m="t") + i for i in range(len(values))], pd.Index(values, name=dim)
    )
    levels[dim].attrs = attrs
    return levels


@pytest.mark.parametrize(
    ("values", "attrs", "names"),
    [
        ([850.0, 500.0], {"units": "hPa"}, ["t850hPa", "t500hPa"]),
        ([100000.0, 100000.5], {"units": "Pa"}, ["t100000Pa", "t100000.5Pa"]),
        ([850, 500], {"units": "millibars"}, ["t850hPa", "t500hPa"]),
        ([0.07, 0.28], {"units": "m", "positive": "down"}, ["t0.07m", "t0.28m"]),
        ([1, 2], {}, ["t1", "t2"]),
    ],
)
def test_levels_are_named_with_value_and_unit(ds, values, attrs, names):
    opened = open_dataset(leveled(ds, values, **attrs))
    assert list(opened) == names
    np.testing.assert_array_equal(opened[names[1]], ds.t2m + 1)


@pytest.mark.parametrize("level", [500, "500", "500hPa", "50000 Pa", ["500"]])
def test_levels_are_chosen_by_value(ds, level):
    opened = open_dataset(leveled(ds, [850.0, 500.0], units="hPa"), level=level)
    assert dict(opened.sizes) == dict(ds.sizes)
    np.testing.assert_array_equal(next(iter(opened.data_vars.values())), ds.t2m + 1)


def test_a_level_that_is_not_there(ds):
    with pytest.raises(DscTfError, match="level: 700 not in data. Choose among 850hPa, 500hPa"):
        open_dataset(leveled(ds, [850.0, 500.0], units="hPa"), level=700)


def test_variables_may_be_named_without_the_unit(ds):
    opened = open_dataset(leveled(ds, [850.0, 500.0], units="hPa"), variables=["t500"])
    assert list(opened) == ["t500hPa"]


def test_a_name_that_is_taken_is_not_overwritten(ds):
    both = leveled(ds, [850, 500]).assign(t500=ds.t2m - 50)
    opened = open_dataset(both)
    assert sorted(opened) == ["t500", "t500_level", "t850"]
    np.testing.assert_array_equal(opened.t500, ds.t2m - 50)
    np.testing.assert_array_equal(opened.t500_level, ds.t2m + 1)


def test_members_and_levels_are_told_apart(ds):
    both = ensemble(leveled(ds, [850.0, 500.0], units="hPa"))
    opened = open_dataset(both, member=2)
    np.testing.assert_array_equal(opened.t500hPa, ds.t2m + 3)


def test_bounds_and_vectors_of_the_calendar_are_ignored_silently(ds):
    levels = leveled(ds, [85000.0, 50000.0], "plev", units="Pa", bounds="plev_bnds")
    levels["plev_bnds"] = (("plev", "bnds"), np.zeros((2, 2)))
    levels["time_vectors"] = (("time", "ts"), np.zeros((20, 3)))
    levels["crs"] = ((), 0, {"grid_mapping_name": "latitude_longitude"})
    levels["ap"] = ("plev", [0.0, 1.0])
    assert list(open_dataset(levels)) == ["t85000Pa", "t50000Pa"]


def test_another_dimension_is_named(ds):
    spectra = xr.concat([ds.t2m, ds.t2m], pd.Index([0.1, 0.2], name="frequency")).rename("spectrum")
    with pytest.warns(UserWarning, match=r"spectrum: left out, since frequency \(2\)"):
        assert list(open_dataset(ds.assign(spectrum=spectra))) == ["t2m", "msl"]


@pytest.mark.parametrize("dim", ["sample", "model", "M", "ensmem", "init_member", "source_id"])
def test_further_names_of_member_dimensions(ds, dim):
    with pytest.raises(DscTfError, match=f"3 ensemble members along {dim}"):
        open_dataset(ensemble(ds, dim))


def test_a_member_without_effect_is_named(ds):
    with pytest.warns(UserWarning, match="member: data has no ensemble members, so '1' has no effect"):
        open_dataset(ds, member="1")


def test_levels_that_are_not_finite_are_refused(ds):
    with pytest.raises(DscTfError, match="plev: 1 levels are not finite"):
        open_dataset(ensemble(ds, "plev", (500.0, np.nan), units="hPa"))


def test_labels_of_members_may_be_bytes(ds):
    several = xr.concat([ds, ds + 1], "ensemble_member")
    several = several.assign_coords(member_id=("ensemble_member", np.array([b"r1", b"r2"])))
    np.testing.assert_allclose(open_dataset(several, member="r2").t2m, ds.t2m + 1)


@pytest.mark.parametrize("is_dimension", [False, True])
def test_the_only_member_must_be_the_chosen_one(ds, is_dimension):
    single = ds.expand_dims(number=[3]) if is_dimension else ds.assign_coords(number=3)
    np.testing.assert_array_equal(open_dataset(single, member="3").t2m, ds.t2m)
    with pytest.raises(DscTfError, match="member: 5 is not in data, which holds 3. Choose one"):
        open_dataset(single, member=5)


def at_levels(ds, values, dim="level", **attrs):
    """The fields at several levels, a degree apart."""
    several = xr.concat([ds + i for i in range(len(values))], pd.Index(values, name=dim))
    several[dim].attrs = attrs
    return several


def test_a_variable_is_chosen_with_all_its_levels(ds):
    """By its name or standard name, in one file or in several."""
    two = at_levels(ds[["t2m"]].rename(t2m="ta"), [850.0, 500.0], units="hPa")
    two["ta"].attrs["standard_name"] = "air_temperature"
    single = [two.isel(level=i) for i in (0, 1)]
    for source in (two, single):
        for wanted in ("ta", "air_temperature"):
            assert list(open_dataset(source, variables=[wanted])) == ["ta850hPa", "ta500hPa"]


def test_a_standard_name_of_two_variables_is_refused(ds):
    for name in ("t2m", "msl"):
        ds[name].attrs["standard_name"] = "air_temperature"
    with pytest.raises(DscTfError, match="standard name of t2m, msl. Give their names"):
        open_dataset(ds, variables=["air_temperature"])


def test_variables_at_none_of_the_chosen_levels_are_left_out(ds):
    air = at_levels(ds[["t2m"]], [850.0, 500.0], units="hPa")
    soil = at_levels(ds[["msl"]], [0.1, 1.0], "depth", units="m")
    with pytest.warns(UserWarning, match="left out, since at none of the levels 500: msl"):
        assert list(open_dataset(air.merge(soil), level=500)) == ["t2m"]
