import numpy as np
import pytest
from checks import check_layer

from dsc_tf.layers.random_smoothing import RandomSmoothing


@pytest.fixture
def fields():
    return np.random.default_rng(0).normal(size=(30, 3, 7, 9, 2)).astype("float32")


def smoothed(fields, seed=0):
    return np.asarray(RandomSmoothing(seed=seed)(fields, training=True))


def impulse(windows=30):
    x = np.zeros((windows, 2, 9, 9, 1), "float32")
    x[:, :, 4, 4] = 1
    return x


def test_house_rules(fields):
    check_layer(RandomSmoothing, {"seed": 5}, fields)


def test_off_at_rest(fields):
    np.testing.assert_array_equal(RandomSmoothing(seed=0)(fields), fields)


def test_one_kernel_for_all_steps_and_variables_of_a_window():
    x = np.repeat(np.random.default_rng(0).normal(size=(10, 1, 6, 6, 1)), 4, axis=1).repeat(3, axis=-1)
    out = smoothed(x.astype("float32"))
    np.testing.assert_array_equal(out, np.broadcast_to(out[:, :1, ..., :1], out.shape))


def test_windows_differ():
    kernels = smoothed(impulse())[:, 0, :, :, 0].copy()
    assert len({k.tobytes() for k in kernels}) > 5


def test_seed_gives_the_kernels_and_every_call_others(fields):
    layer = RandomSmoothing(seed=3)
    first = np.asarray(layer(fields, training=True))
    np.testing.assert_array_equal(first, smoothed(fields, seed=3))
    assert (first != np.asarray(layer(fields, training=True))).any()
    assert (first != smoothed(fields, seed=4)).any()


def test_constant_fields_stay():
    x = np.full((20, 2, 5, 6, 1), 3.5, "float32")
    np.testing.assert_allclose(smoothed(x), x, rtol=1e-6)


def test_a_third_each_is_left_alone_blurred_and_averaged():
    kernels = smoothed(impulse(600))[:, 0, 2:7, 2:7, 0]
    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 1, rtol=1e-5)
    alone = kernels[:, 2, 2] == 1
    even = np.isclose(kernels, 1 / 25, rtol=1e-4).all(axis=(1, 2))
    # A Gaussian narrower than 0.2 cells leaves single precision alone too.
    assert alone.mean() == pytest.approx(1 / 3 + 0.03, abs=0.07)
    assert even.mean() == pytest.approx(1 / 3, abs=0.07)
    blurred = kernels[~alone & ~even]
    np.testing.assert_allclose(blurred, blurred[:, ::-1, ::-1], rtol=1e-5)
    assert (blurred[:, 2, 2] > blurred[:, 2, 1]).all() and (blurred[:, 2, 1] >= blurred[:, 2, 0]).all()


def test_nothing_leaves_a_five_by_five_square():
    kernels = smoothed(impulse())[:, 0, :, :, 0].copy()
    kernels[:, 2:7, 2:7] = 0
    assert not kernels.any()


def test_fields_go_on_beyond_the_edge_as_in_a_mirror(fields):
    whole = fields[:, :, :5, :5]
    out = smoothed(whole)
    mirrored = np.pad(whole, ((0, 0), (0, 0), (2, 2), (2, 2), (0, 0)), mode="symmetric")
    inner = smoothed(mirrored)[:, :, 2:-2, 2:-2]
    np.testing.assert_allclose(out, inner, atol=1e-6)
