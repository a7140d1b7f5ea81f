"""Texture against loops over the equations and processes whose texture is known."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.errors import DscTfError
from dsc_tf.evaluation.texture import autocorrelation, field_variogram, power_spectrum, texture_scores


def variogram_by_loops(field, lag):
    rows, columns = field.shape
    squares = [(field[i, j] - field[i + lag, j]) ** 2 for i in range(rows - lag) for j in range(columns)]
    squares += [(field[i, j] - field[i, j + lag]) ** 2 for i in range(rows) for j in range(columns - lag)]
    return 0.5 * np.nanmean(squares)


def autoregressive(phi, shape, rng):
    fields = rng.normal(size=shape)
    for t in range(1, shape[0]):
        fields[t] = phi * fields[t - 1] + np.sqrt(1 - phi**2) * fields[t]
    return fields


def test_variogram_equals_the_loop_with_missing_cells():
    field = np.random.default_rng(0).normal(size=(6, 9))
    field[2, 3] = np.nan
    expected = [variogram_by_loops(field, lag) for lag in (1, 3)]
    assert field_variogram(field, lags=(1, 3)) == pytest.approx(expected, abs=1e-12)


def test_variogram_of_white_noise_is_its_variance():
    fields = np.random.default_rng(1).normal(0, 3, size=(200, 12, 12))
    assert field_variogram(fields) == pytest.approx(9, rel=0.03)


def test_bands_of_the_spectrum_sum_to_the_variance():
    field = np.random.default_rng(2).normal(size=(1, 8, 11))
    assert power_spectrum(field).sum() == pytest.approx(field.var(), rel=1e-12)


def test_a_cosine_has_its_power_in_its_band():
    columns = np.arange(16)
    wave = np.cos(np.pi * 5 * (columns + 0.5) / 16)  # the fifth basis function of the transform
    spectrum = power_spectrum(np.tile(wave, (16, 1)))
    assert spectrum.argmax() == 4 and spectrum[4] == pytest.approx(wave.var()) and len(spectrum) == 15


def test_autocorrelation_of_an_autoregressive_process():
    fields = autoregressive(0.7, (3000, 3, 4), np.random.default_rng(3))
    assert autocorrelation(fields) == pytest.approx(0.7 ** np.array([1, 2, 3, 5]), abs=0.03)


def test_autocorrelation_does_not_reach_across_segments():
    rng = np.random.default_rng(4)
    steps = np.repeat(rng.normal(size=(500, 1, 1)), 2, axis=0)  # pairs of equal steps
    segment = np.repeat(np.arange(500), 2)
    assert autocorrelation(steps, lags=(1,), segment=segment) == pytest.approx(1, abs=0.01)
    assert autocorrelation(steps, lags=(1,)) == pytest.approx(0.5, abs=0.06)


def test_autocorrelation_with_missing_values_equals_that_of_the_known_pairs():
    series = np.array([1.0, 2.0, np.nan, 4.0, 1.0])[:, None, None]
    anomalies = np.array([-1.0, 0.0, np.nan, 2.0, -1.0])
    expected = (anomalies[0] * anomalies[1] + anomalies[3] * anomalies[4]) / 2 / 1.5
    assert autocorrelation(series, lags=(1,)) == pytest.approx(expected)


def test_texture_of_the_reference_itself_is_perfect():
    fields = autoregressive(0.5, (60, 10, 12), np.random.default_rng(5))
    scores = texture_scores(np.stack([fields, fields]), fields)
    assert scores["variogram_ratio"] == pytest.approx([1.0] * 5)
    assert scores["variogram_error"] == pytest.approx(0, abs=1e-12)
    assert scores["small_scale_power"] == pytest.approx(1)
    assert scores["autocorrelation_error"] == pytest.approx(0, abs=1e-12)


def test_doubled_fields_have_four_times_the_power():
    fields = np.random.default_rng(6).normal(size=(40, 9, 9))
    scores = texture_scores(2 * fields, fields)
    assert scores["variogram_error"] == pytest.approx(3)
    assert scores["small_scale_power"] == pytest.approx(4)
    assert scores["autocorrelation_error"] == pytest.approx(0, abs=1e-12)


def test_land_of_the_reference_is_left_out_of_both():
    rng = np.random.default_rng(7)
    fields = rng.normal(size=(30, 8, 8))
    reference = fields.copy()
    reference[:, :3, :3] = np.nan
    assert texture_scores(fields, reference)["variogram_error"] == pytest.approx(0, abs=1e-12)


def test_datasets_with_members():
    rng = np.random.default_rng(8)
    reference = xr.DataArray(rng.normal(size=(20, 6, 7)), dims=("time", "latitude", "longitude"))
    members = xr.concat([reference, 2 * reference], "member").transpose(
        "latitude", "time", "member", "longitude"
    )
    scores = texture_scores(members.to_dataset(name="t"), reference.to_dataset(name="t"))["t"]
    assert scores["variogram_ratio"] == pytest.approx([2.5] * 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: texture_scores(np.zeros((3, 4, 4)), np.zeros((3, 4, 5))),
        lambda: field_variogram(np.zeros(4)),
        lambda: autocorrelation(np.zeros((4, 4))),
        lambda: power_spectrum(np.zeros((1, 1, 4))),
    ],
)
def test_bad_input(call):
    with pytest.raises(DscTfError, match="fields"):
        call()
