import numpy as np
from checks import check_saved, check_step

from dsc_tf.models.denoiser import denoiser
from dsc_tf.models.unet import unet


def test_untrained_networks_return_zero():
    rng = np.random.default_rng(0)
    fields = rng.normal(size=(2, 9, 11, 5)).astype("float32")
    np.testing.assert_array_equal(unet(fields.shape[1:])(fields), np.zeros((2, 9, 11)))
    inputs = [rng.normal(size=(3, n)).astype("float32") for n in (6, 4, 1)]
    np.testing.assert_array_equal(denoiser(6, 4, width=8)(inputs), np.zeros((3, 6)))


def test_the_unet_has_about_a_hundred_thousand_weights():
    assert 80_000 < unet((20, 24, 12)).count_params() < 120_000


def test_unet_learns_and_is_saved(tmp_path):
    rng = np.random.default_rng(0)
    fields = rng.normal(size=(4, 9, 11, 3)).astype("float32")
    network = unet(fields.shape[1:], filters=(8, 16))
    check_step(network, fields, fields[..., 0])
    check_saved(network, fields, tmp_path / "unet.keras")


def test_denoiser_is_saved(tmp_path):
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(3, n)).astype("float32") for n in (6, 4, 1)]
    network = denoiser(6, 4, width=8, blocks=1)
    network.layers[-1].kernel.assign(rng.normal(size=(8, 6)))
    check_saved(network, inputs, tmp_path / "denoiser.keras")


def test_unet_of_noisy_fields_depends_on_the_level_of_the_noise(tmp_path):
    rng = np.random.default_rng(0)
    fields = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    options = {"attention": True, "noise_level": True, "activation": "sigmoid"}
    network = unet((8, 8, 3), filters=(8, 16), **options)
    levels = np.array([[0.1], [3.0]], "float32")
    np.testing.assert_array_equal(network([fields, levels]), np.full((2, 8, 8), 0.5))
    output = network.get_layer("output")
    output.kernel.assign(rng.normal(size=output.kernel.shape))
    same = np.stack([fields[0], fields[0]])
    one, other = np.asarray(network([same, levels]))
    assert np.abs(one - other).max() > 1e-3 and 0 < one.min() and one.max() < 1
    check_saved(network, [fields, levels], tmp_path / "unet.keras")
