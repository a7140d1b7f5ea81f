import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from dsc_tf.geostatistics import Semivariogram, empirical_semivariogram, fit_semivariogram

MODEL = Semivariogram(nugget=0.5, partial_sill=2.0, length=6.0, exponent=1.3)
YEAR = 365


def autoregressive(memory, *, steps=20_000, features=3, seed=0):
    """x[t] = memory x[t - 1] + noise of unit variance, begun long before."""
    noise = np.random.default_rng(seed).normal(size=(steps + 500, features))
    return lfilter([1], [1, -memory], noise, axis=0)[500:]


def seasonal(*, amplitude, seed=0, years=20):
    """A yearly wave with white noise of unit variance, shape (time, 1)."""
    t = np.arange(years * YEAR)
    noise = np.random.default_rng(seed).normal(size=len(t))
    return (amplitude * np.cos(2 * np.pi * t / YEAR) + noise)[:, None]


def loop_twin(stretches, lag):
    """Half the mean squared difference, pair by pair."""
    squares = []
    for s in stretches:
        for i in range(len(s)):
            for j in range(i + 1, len(s)):
                if j - i == lag:
                    squares.append(sum((a - b) ** 2 for a, b in zip(s[i], s[j], strict=True)))
    return 0.5 * sum(squares) / len(squares)


def test_three_steps_by_hand():
    # Differences 1, 2 at lag 1 and 3 at lag 2: (1 + 4) / 2 / 2 and 9 / 2.
    lags, values = empirical_semivariogram([np.array([[0.0], [1.0], [3.0]])])
    assert lags.tolist() == [1, 2] and values.tolist() == [1.25, 4.5]


def test_pairs_do_not_reach_across_stretches():
    # The second stretch adds one pair of difference 0 at lag 1, and none at lag 2.
    lags, values = empirical_semivariogram([np.array([[0.0], [1.0], [3.0]]), np.array([[90.0], [90.0]])])
    np.testing.assert_allclose(values, [5 / 6, 4.5])


def test_as_the_loop_says():
    rng = np.random.default_rng(0)
    stretches = [rng.normal(size=(n, 2)).astype("float32") for n in (23, 9, 1)]
    lags, values = empirical_semivariogram(stretches)
    assert lags.tolist() == list(range(1, 23))
    np.testing.assert_allclose(values, [loop_twin(stretches, lag) for lag in lags], rtol=1e-5)


def test_features_add_up():
    x = np.random.default_rng(0).normal(size=(60, 3))
    parts = [empirical_semivariogram([x[:, [j]]])[1] for j in range(3)]
    np.testing.assert_allclose(empirical_semivariogram([x])[1], sum(parts))


def test_lags_go_to_half_the_longest_stretch():
    lags, _ = empirical_semivariogram([np.zeros((2000, 1)), np.zeros((100, 1))])
    assert lags[:32].tolist() == list(range(1, 33)) and lags[-1] == 1000
    assert (np.diff(np.diff(lags[40:])) >= -1).all()  # ever sparser, but for rounding


def test_lags_without_pairs_are_left_out():
    lags, values = empirical_semivariogram([np.arange(6.0)[:, None]], lags=[2, 5, 6, 40])
    assert lags.tolist() == [2, 5] and values.tolist() == [2.0, 12.5]  # a ramp gives lag ** 2 / 2


def test_model_equation():
    cycle = Semivariogram(0.5, 2.0, 6.0, 1.3, amplitude=0.25, period=12.0)
    assert MODEL(6.0) == pytest.approx(0.5 + 2 * (1 - np.exp(-1)))
    assert cycle(6.0) - MODEL(6.0) == pytest.approx(0.5)  # half a period: twice the amplitude
    assert cycle(12.0) == pytest.approx(float(MODEL(12.0)))
    np.testing.assert_array_equal(MODEL(np.array([-3, 3])), MODEL([3, 3]))


def test_zero_at_lag_zero_and_nugget_beside_it():
    assert MODEL(0) == 0 and MODEL(1e-9) == pytest.approx(0.5)
    np.testing.assert_array_equal(MODEL(np.array([[0, 1], [1, 0]]))[[0, 1], [0, 1]], 0)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 2), st.floats(0.1, 5), st.floats(0.5, 50), st.floats(0.3, 2))
def test_range_is_where_the_model_is_at_95_percent(nugget, partial_sill, length, exponent):
    model = Semivariogram(nugget, partial_sill, length, exponent)
    assume(nugget < 0.94 * model.sill)  # else it is flat from the start
    assert model(model.range) == pytest.approx(0.95 * model.sill)


def test_nugget_alone_has_no_range():
    model = Semivariogram(2.0, 0.0, 5.0, 1.0)
    assert model.range == 0 and model.sill == 2
    assert model.similarity([0, 1, 50]).tolist() == [1, 0, 0]


def test_similarity_falls_from_one_to_zero_at_the_range():
    lags = np.linspace(0, 60, 601)
    similar = MODEL.similarity(lags)
    assert similar[0] == 1 and (np.diff(similar) <= 0).all()
    np.testing.assert_array_equal(similar > 0, lags < MODEL.range)
    assert similar[60] == pytest.approx(1 - MODEL(6.0) / 2.5)


def test_whole_periods_apart_is_similar_again():
    # Far beyond the stable part gamma is nugget + partial sill at whole periods, of a sill of 4.5.
    model = Semivariogram(0.5, 2.0, 6.0, 1.3, amplitude=2.0, period=365.0)
    assert model.similarity(365.0) == pytest.approx(2 / 4.5)
    assert model.similarity(365.0 / 2) == 0


def test_fit_finds_the_model_that_made_the_values():
    lags = np.arange(1, 65)
    fitted = fit_semivariogram(lags, MODEL(lags))
    np.testing.assert_allclose(fitted(lags), MODEL(lags), rtol=1e-5)
    assert fitted.range == pytest.approx(MODEL.range, rel=1e-4)
    assert fitted.amplitude == 0


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_unit_of_the_vectors_does_not_matter(scale):
    lags, values = empirical_semivariogram([autoregressive(0.8, steps=3000)])
    one, other = fit_semivariogram(lags, values), fit_semivariogram(lags, scale * values)
    assert other.range == pytest.approx(one.range, rel=1e-4)
    assert other.sill == pytest.approx(scale * one.sill, rel=1e-4)


@pytest.mark.parametrize("memory", [0.5, 0.8, 0.95])
def test_autoregressive_process(memory):
    # gamma(h) = s2 (1 - memory ** h) with s2 = 1 / (1 - memory ** 2) for each of three features;
    # 95 % of it where memory ** h = 0.05.
    fitted = fit_semivariogram(*empirical_semivariogram([autoregressive(memory)]))
    assert fitted.range == pytest.approx(np.log(0.05) / np.log(memory), rel=0.12)
    assert fitted.sill == pytest.approx(3 / (1 - memory**2), rel=0.08)
    lags = np.arange(1, 10)
    np.testing.assert_allclose(fitted.similarity(lags), np.clip(memory**lags, 0.05, 1), atol=0.06)


def test_gaps_do_not_change_the_range():
    x = autoregressive(0.8)
    stretches = [x[at : at + 90] for at in range(0, len(x), 100)]
    whole = fit_semivariogram(*empirical_semivariogram([x])).range
    assert fit_semivariogram(*empirical_semivariogram(stretches)).range == pytest.approx(whole, rel=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_white_noise_is_all_nugget(seed):
    noise = np.random.default_rng(seed).normal(size=(5000, 2))
    fitted = fit_semivariogram(*empirical_semivariogram([noise]))
    assert fitted.range < 1 and fitted.sill == pytest.approx(2, rel=0.05)
    assert fitted.similarity([0, 1, 5]).tolist() == [1, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_seasons_are_an_amplitude_and_no_range(seed):
    # Two points of a wave of amplitude 2 differ by 2 ** 2 / 2 (1 - cos) on average of their squared halves.
    # Seed 2 once ended at an exponent of 0.002: a range of 1e252 and a sill of 3.6.
    fitted = fit_semivariogram(*empirical_semivariogram([seasonal(amplitude=2, seed=seed)]), period=YEAR)
    assert fitted.amplitude == pytest.approx(2, rel=0.1) and fitted.period == YEAR
    assert fitted.range < 1 and fitted.sill == pytest.approx(3, rel=0.1)


def test_seasons_without_their_term_are_a_spurious_range():
    fitted = fit_semivariogram(*empirical_semivariogram([seasonal(amplitude=2)]))
    assert fitted.amplitude == 0 and fitted.range > 60


def test_seasons_do_not_change_the_range_of_weather():
    x = autoregressive(0.8, steps=20 * YEAR, features=1)
    lags, values = empirical_semivariogram([x + seasonal(amplitude=3) - seasonal(amplitude=0)])
    fitted = fit_semivariogram(lags, values, period=YEAR)
    assert fitted.range == pytest.approx(np.log(0.05) / np.log(0.8), rel=0.25)
    assert fitted.amplitude == pytest.approx(4.5, rel=0.1)


def test_no_seasons_no_amplitude():
    fitted = fit_semivariogram(*empirical_semivariogram([seasonal(amplitude=0)]), period=YEAR)
    assert 0 <= fitted.amplitude < 0.02


def test_cycle_is_not_fitted_to_less_than_half_of_it():
    lags, values = empirical_semivariogram([seasonal(amplitude=2, years=1)[:300]])
    assert lags.max() < YEAR / 2
    assert fit_semivariogram(lags, values, period=YEAR).amplitude == 0


def test_still_vectors_have_no_sill():
    fitted = fit_semivariogram(*empirical_semivariogram([np.ones((50, 2))]))
    assert fitted.sill == fitted.range == 0
    assert (fitted.similarity([0, 1, 2]) == 0).all()


def test_fewer_than_four_lags_are_their_mean():
    fitted = fit_semivariogram([1, 2, 3], [1.0, 2.0, 6.0])
    assert fitted.sill == 3 and fitted.range == 0


@pytest.mark.parametrize("values", [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [0, 0, 0, 0, 1]])
def test_odd_curves_are_fitted_with_finite_numbers(values):
    fitted = fit_semivariogram(np.arange(1, 6), values)
    assert np.isfinite([fitted.sill, fitted.range, *fitted([1, 2, 100])]).all()
    assert fitted.nugget >= 0 and fitted.partial_sill >= 0
