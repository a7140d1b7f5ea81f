import numpy as np
import pytest

from dsc_tf.downstream.probes import time_blocks
from dsc_tf.downstream.probes.fields import fields_ahead

STEPS, LEAD = 600, 3
SPLIT = time_blocks(STEPS, gap=10)
GRID = (4, 5, 2)  # latitude, longitude, variable
UNITS = np.array([8.0, 250.0])


def flat(fields):
    return fields.reshape(len(fields), -1)


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(STEPS, *GRID))


@pytest.fixture
def returning():
    """The same six fields again and again."""
    six = np.random.default_rng(1).normal(size=(6, *GRID))
    return np.tile(six, (STEPS // 6, 1, 1, 1))


def test_fields_that_return_are_forecast_by_themselves(returning):
    errors = fields_ahead(flat(returning), returning, 6, SPLIT, UNITS)
    assert errors.shape == (2,) and (errors < 0.01 * UNITS).all()


def test_a_travelling_wave_is_forecast():
    phase = 2 * np.pi * np.arange(STEPS)[:, None] / 29.0
    features = np.concatenate([np.cos(phase), np.sin(phase)], axis=1)
    pattern = np.random.default_rng(2).normal(size=(2, *GRID))
    fields = np.tensordot(features, pattern, axes=1)
    assert (fields_ahead(features, fields, LEAD, SPLIT, UNITS) < 0.01 * UNITS).all()


def test_noise_has_its_own_spread_in_physical_units(noise):
    fields = noise * [1.0, 0.5] + [30.0, -4.0]  # spreads 8 and 125 in physical units
    errors = fields_ahead(flat(noise), fields, LEAD, SPLIT, UNITS)
    np.testing.assert_allclose(errors, [8, 125], rtol=0.08)


def test_white_noise_is_not_foretold_but_known_when_it_is_there(noise):
    assert (fields_ahead(flat(noise), noise, 0, SPLIT, UNITS) < 0.02 * UNITS).all()
    assert (fields_ahead(flat(noise), noise, 1, SPLIT, UNITS) > 0.9 * UNITS).all()


def test_lead_is_the_number_of_steps(noise):
    """Features that know the field three steps later know it at no other lead."""
    features = np.roll(flat(noise), -LEAD, axis=0)
    errors = [fields_ahead(features, noise, lead, SPLIT, UNITS)[0] / UNITS[0] for lead in (2, 3, 4)]
    assert errors[1] < 0.02 and min(errors[0], errors[2]) > 0.9


def test_error_is_the_root_mean_square_over_steps_and_grid(noise):
    """Features that say nothing forecast the training block's mean field."""
    silent = np.zeros((STEPS, 1))
    mean = noise[SPLIT.train + LEAD].mean(axis=0)
    tested = noise[SPLIT.test[0] + LEAD :]
    expected = np.sqrt(((tested - mean) ** 2).mean(axis=(0, 1, 2))) * UNITS
    np.testing.assert_allclose(fields_ahead(silent, noise, LEAD, SPLIT, UNITS), expected)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_scale_of_features_does_not_matter(returning, noise, scale):
    fields = returning + 0.3 * noise
    expected = fields_ahead(flat(fields), fields, 6, SPLIT, UNITS)
    np.testing.assert_allclose(fields_ahead(scale * flat(fields), fields, 6, SPLIT, UNITS), expected)


def test_steps_of_the_gap_are_not_looked_at(noise):
    features = flat(noise)
    expected = fields_ahead(features, noise, LEAD, SPLIT, UNITS)
    used = np.zeros(STEPS, bool)
    used[np.concatenate(SPLIT)] = True
    features = np.where(used[:, None], features, np.nan)
    used[np.concatenate([at[at + LEAD < STEPS] + LEAD for at in SPLIT])] = True
    fields = np.where(used[:, None, None, None], noise, np.nan)
    np.testing.assert_array_equal(fields_ahead(features, fields, LEAD, SPLIT, UNITS), expected)
