import functools

import numpy as np
import pytest
import xarray as xr

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.downscaling import Downscaler, coarsen, diffusion, encoders, unet
from dsc_tf.downscaling.diffusion import DiffusionInnovations, innovations, noisings
from dsc_tf.downscaling.encoders import ReducedFeatures, days_with_a_next_one, feature_maps
from dsc_tf.downscaling.pairs import interpolate_to
from dsc_tf.downscaling.remainder import DrawnRemainder
from dsc_tf.downscaling.unet import linear_weights
from dsc_tf.errors import DscTfError
from dsc_tf.models import unet as network


@pytest.fixture(scope="module")
def pair():
    return coarsen(mock_dataset(days=84, latitudes=8, longitudes=12, variables=("t2m",)), 4)


@pytest.fixture
def quick(monkeypatch):
    for module in (unet, diffusion, encoders):
        monkeypatch.setattr(module, "EPOCHS", 1)
    small = functools.partial(network.unet, filters=(8, 8))
    monkeypatch.setattr(network, "unet", small)
    monkeypatch.setattr(diffusion, "REPEATS", 1)
    monkeypatch.setattr(diffusion, "STEPS", 4)


@pytest.mark.parametrize("method", ["unet", "diffusion"])
def test_networks_draw_members_and_are_saved(method, pair, quick, tmp_path, one_test_eagerly):
    coarse, fine = pair
    fitted = Downscaler(method).fit(coarse, fine)
    few = coarse.isel(time=slice(6))
    members = fitted.predict(few, 2)
    assert members.t2m.shape == (2, 6, 8, 12) and bool(np.isfinite(members.t2m).all())
    assert float(abs(members.t2m[0] - members.t2m[1]).mean()) > 0
    fitted.save(tmp_path)
    again = Downscaler.load(tmp_path).predict(few, 2)
    xr.testing.assert_allclose(again, members, rtol=1e-5)


def test_weights_of_the_bilinear_interpolation(pair):
    coarse, fine = pair
    rows, columns = (linear_weights(coarse[a].values, fine[a].values) for a in ("latitude", "longitude"))
    np.testing.assert_allclose(
        rows @ coarse.t2m.values[:3] @ columns.T, interpolate_to(coarse.t2m[:3], fine).values, rtol=1e-5
    )


def test_innovations_are_what_the_recursion_starts_from():
    rng = np.random.default_rng(0)
    drawn = DrawnRemainder(
        np.linalg.qr(rng.normal(size=(5, 3)))[0].T, np.array([3.0, 2.0, 1.0]), np.array([0.9, 0.5, 0.0])
    )
    segment = np.repeat([0, 1], [12, 8])
    given = rng.normal(size=(1, 20, 3))
    fields = drawn.draw(1, segment, rng, innovations=given)[0]
    np.testing.assert_allclose(innovations(fields, drawn, segment), given[0], atol=1e-10)


def test_a_perfect_network_removes_the_noise():
    """Target of the network: skip and output scalings of unit data give the clean data back."""
    rng = np.random.default_rng(1)
    z, condition = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    (scaled, conditions, embedded), target = noisings(z, condition, 3, rng)
    level = np.exp(4 * embedded.astype(float))
    total = level**2 + 1
    noisy = scaled * np.sqrt(total)
    np.testing.assert_allclose(noisy / total + level / np.sqrt(total) * target, np.tile(z, (3, 1)), atol=1e-3)
    np.testing.assert_allclose(conditions, np.tile(condition, (3, 1)).astype("float32"))


def test_the_sampler_draws_gaussian_data_from_the_exact_denoiser():
    """For data of unit variance the expected data behind noisy data x is x / (level^2 + 1)."""

    class Exact(DiffusionInnovations):
        def __init__(self):
            self.count = 2

        def _condition(self, predicted, features=None):
            return predicted

        def _denoise(self, noisy, level, condition):
            return noisy / (level**2 + 1)

    drawn = Exact().draw(np.zeros((20_000, 1)), np.random.default_rng(0))
    np.testing.assert_allclose(drawn.std(axis=0), 1.0, atol=0.03)
    np.testing.assert_allclose(np.quantile(drawn, [0.05, 0.95]), [-1.645, 1.645], atol=0.06)


class Sums:
    """An encoder of two features: mean and range of the first record."""

    folder = "sums"

    def transform(self, datasets):
        fields = datasets[0].t2m.values.reshape(datasets[0].sizes["time"], -1)
        return np.stack([fields.mean(axis=1), np.ptp(fields, axis=1), fields[:, 0] ** 2], axis=1)


@pytest.mark.parametrize(("method", "encoder"), [("unet", "next_day"), ("diffusion", Sums())])
def test_features_of_an_encoder_are_further_inputs(method, encoder, pair, quick, tmp_path, one_test_eagerly):
    coarse, fine = pair
    fitted = Downscaler(method, encoder=encoder).fit(coarse, fine)
    few = coarse.isel(time=slice(6))
    members = fitted.predict(few, 1)
    fitted.save(tmp_path)
    given = None if encoder == "next_day" else encoder
    xr.testing.assert_allclose(Downscaler.load(tmp_path, encoder=given).predict(few, 1), members, rtol=1e-5)


def test_the_next_day_network_learns_from_days_of_the_right_part():
    segment, part = np.array([0, 0, 0, 1, 1, 1, 1, 2]), np.array([0, 0, 0, 0, 1, 1, 2, 2])
    assert days_with_a_next_one(segment, part, 0).tolist() == [0, 1]
    assert days_with_a_next_one(segment, part, 1).tolist() == [4]
    coarse, fine = coarsen(mock_dataset(days=84, latitudes=4, longitudes=4, variables=("t2m",)), 2)
    fitted = Downscaler().fit(coarse, fine.isel(time=slice(10, None)))
    days, part = fitted._all_days([coarse])
    assert (part[:10] == 0).all() and (part[10:] == fitted.parts_).all()
    assert len(days.fields) == 84 and len(set(days.segment)) == 1 + np.count_nonzero(np.diff(part))


def test_encoders_that_cannot_be_used_are_refused(pair, tmp_path):
    with pytest.raises(DscTfError, match="encoder: regression takes none"):
        Downscaler(encoder="next_day").fit(*pair)
    with pytest.raises(DscTfError, match="encoder: 3. Give 'next_day'"):
        Downscaler("unet", encoder=3).fit(*pair)


def test_reduced_features_have_unit_variance():
    features = np.random.default_rng(0).normal(size=(200, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.1]) + 4
    reduced = ReducedFeatures.fit(features, 2)(features)
    np.testing.assert_allclose(reduced.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(np.cov(reduced.T, ddof=0), np.eye(2), atol=1e-10)


def test_feature_maps_lie_on_the_fine_grid():
    rising = np.arange(3.0)[None, :, None, None] * np.ones((1, 3, 2, 1))
    (moved,) = feature_maps(rising, (9, 4))
    np.testing.assert_allclose(moved[0, :, 0], [0, 0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2, 2], atol=0.35)
    assert (np.diff(moved[0, :, 0]) >= 0).all()
    (even,) = feature_maps(np.array([[5.0]]), (2, 3))
    assert even.shape == (1, 2, 3) and (even == 5).all()
