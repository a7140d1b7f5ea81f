import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.preprocessing.as_samples import as_samples, wrap_like
from dsc_tf.preprocessing.samples import Samples


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((6, 5), (6, 1, 1, 1, 5)),
        ((6, 2, 3), (6, 1, 2, 3, 1)),
        ((6, 2, 3, 4), (6, 1, 2, 3, 4)),
        ((6, 2, 3, 4, 5), (6, 2, 3, 4, 5)),
    ],
)
def test_arrays_get_the_axes_that_they_lack(shape, expected):
    X = np.random.default_rng(0).random(shape)
    samples = as_samples(X)
    assert samples.shape == expected and samples.dtype == X.dtype
    np.testing.assert_array_equal(samples, X.reshape(expected))
    assert samples.segment.tolist() == [0] * 6 and not samples.overlaps and samples.time is None
    np.testing.assert_array_equal(as_samples(X.tolist()), samples)


def test_samples_are_returned_as_they_are():
    samples = Samples(np.zeros((4, 6)), (1, 2, 3))
    assert as_samples(samples) is samples


def test_coordinates_become_metadata():
    X = xr.DataArray(
        np.random.default_rng(0).random((2, 4, 3)),
        {
            "time": np.array(["2001-01-01", "2001-01-02", "2001-03-01", "2001-03-02"], "M8[ns]"),
            "latitude": [10.0, 20.0],
            "member": ("time", [1, 1, 1, 2]),
        },
        ("latitude", "time", "longitude"),
        attrs={"area_weighted": 1},
    )
    samples = as_samples(X)
    assert samples.shape == (4, 1, 2, 3, 1) and samples.weighted
    np.testing.assert_array_equal(samples[:, 0, :, :, 0], X.transpose("time", "latitude", "longitude"))
    assert samples.latitude.tolist() == [10, 20] and samples.longitude is None
    assert samples.segment.tolist() == [0, 0, 1, 2]  # a gap, and another member
    np.testing.assert_array_equal(samples.time, X.time)


def test_a_dataarray_of_samples_comes_back_the_same():
    rng = np.random.default_rng(0)
    time = np.arange("2001-01-01", "2001-01-06", dtype="M8[D]").astype("M8[ns]")
    samples = Samples(
        rng.random((5, 4)),
        (2, 2, 1),
        ends=[1, 2, 3, 4],
        window=2,
        time=time[1:],
        latitude=[1.0, 2.0],
        variables="t",
    )
    again = as_samples(samples.to_xarray())
    np.testing.assert_array_equal(again, samples)
    for name in ("time", "latitude", "variables", "segment", "weighted"):
        np.testing.assert_array_equal(getattr(again, name), getattr(samples, name))


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (xr.Dataset(), "X: a dataset. Make samples"),
        (xr.DataArray(np.zeros((3, 2)), dims=("day", "cell")), "Give one that has `time`"),
        (np.zeros(3), r"X: shape \(3,\). Give one row of features"),
    ],
)
def test_what_is_no_samples_is_refused(X, words):
    with pytest.raises(DscTfError, match=words):
        as_samples(X)


def test_results_get_the_times_of_samples():
    time = np.arange("2001-01-01", "2001-01-04", dtype="M8[D]").astype("M8[ns]")
    samples = Samples(np.zeros((3, 1)), (1, 1, 1), time=time, member=[1, 1, 2])
    found = wrap_like(np.zeros((3, 2)), samples, "latent", "feature")
    assert (
        found.dims == ("time", "feature")
        and found.name == "latent"
        and set(found.coords) == {"time", "member"}
    )
    X = xr.DataArray(np.zeros((3, 2)), {"time": time, "season": ("time", [0, 0, 1])}, ("time", "cell"))
    assert set(wrap_like(np.arange(3), X, "labels").coords) == {"time", "season"}
    assert isinstance(wrap_like(np.arange(3), np.zeros((3, 1)), "labels"), np.ndarray)
    assert isinstance(wrap_like(np.arange(3), as_samples(np.zeros((3, 1))), "labels"), np.ndarray)
