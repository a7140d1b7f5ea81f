"""Each step of a preparation alone: fitted on statistics, applied, inverted."""

import numpy as np
import pytest
import xarray as xr

from dsc_tf.preprocessing.seasonal_cycle import seasonal_design, year_phase
from dsc_tf.preprocessing.steps import (
    AreaWeight,
    Fill,
    Pad,
    RecordStatistics,
    Scale,
    SeasonalCycle,
    Step,
    Window,
    fold,
)
from dsc_tf.records.field_statistics import FieldStatistics
from dsc_tf.records.grids import area_weights


def days(number, start="2001-01-01"):
    time = np.datetime64(start, "ns") + np.arange(number) * np.timedelta64(1, "D")
    return xr.DataArray(time, dims="time")


def statistics_of(block, step, *, padding=(0, 0), fitted=()):
    """Statistics of a block (time, latitude, longitude, variable) as the preprocessor accumulates them."""
    time = days(len(block))
    design = step.design(time)
    known = []
    for v in range(block.shape[-1]):
        one = FieldStatistics(block[0, ..., 0].size, design)
        one.add(np.ascontiguousarray(block[..., v].reshape(len(block), -1), dtype=np.float32))
        known.append(one)
    height, width = block.shape[1:3]
    grid = (height + padding[0], width + padding[1], block.shape[-1])
    padded = np.pad(block, [(0, 0), (0, padding[0]), (0, padding[1]), (0, 0)])
    rows = padded.reshape(len(block), -1).astype(np.float32)
    latitude = np.linspace(0.0, 60.0, height)
    blocks = lambda: iter([(slice(0, len(rows)), rows)])  # noqa: E731
    return RecordStatistics(known, (height, width), grid, latitude, time, blocks, list(fitted))


@pytest.fixture
def block():
    return 280 + np.random.default_rng(0).normal(size=(40, 2, 3, 2)).astype(np.float32)


def test_pad_adds_zeros_at_the_ends(block):
    pad = Pad(4).fit_from(statistics_of(block, Pad()))
    padded = pad.apply(block, None)
    assert padded.shape == (40, 4, 4, 2)
    np.testing.assert_array_equal(padded[:, :2, :3], block)
    assert not padded[:, 2:].any() and not padded[:, :, 3:].any()
    np.testing.assert_array_equal(pad.invert(padded, None), block)
    assert Pad(1).apply(block, None) is block


def test_fill_takes_the_mean_of_a_variable_or_of_all():
    block = np.array([[1.0, 10.0], [3.0, np.nan]], np.float32).reshape(2, 1, 1, 2)
    for mean, expected in (("variable_mean", [2.0, 10.0]), ("grand_mean", [14 / 3, 14 / 3])):
        fill = Fill(mean).fit_from(statistics_of(block, Fill()))
        np.testing.assert_allclose(fill.fill_value_, expected)
        assert fill.apply(block, None)[1, 0, 0, 1] == pytest.approx(expected[1])
        np.testing.assert_array_equal(fill.invert(block, None), block)


def test_padding_counts_in_the_mean():
    block = np.full((2, 1, 1, 1), 6.0, np.float32)
    assert Fill().fit_from(statistics_of(block, Fill(), padding=(1, 1))).fill_value_ == [
        1.5
    ]  # 3 of 4 cells are 0


def filled(block):
    return Fill().fit_from(statistics_of(block, Fill()))


@pytest.mark.parametrize(("to", "axes"), [("variable", (0, 1, 2)), ("cell", (0,)), ("standard", (0, 1, 2))])
def test_scale_is_what_its_name_says(to, axes, block):
    scale = Scale(to)
    scale.fit_from(statistics_of(block, scale, fitted=[filled(block)]))
    found = scale.apply(block.astype(np.float64), None)
    if to == "standard":
        np.testing.assert_allclose(found.mean(axis=axes), 0, atol=1e-5)
        np.testing.assert_allclose(found.std(axis=axes), 1, rtol=1e-5)
    else:
        np.testing.assert_allclose(found.min(axis=axes), 0, atol=1e-6)
        np.testing.assert_allclose(found.max(axis=axes), 1, atol=1e-6)
    np.testing.assert_allclose(scale.invert(found, None), block)


def test_constant_values_become_zero():
    block = np.full((5, 1, 1, 1), 3.0, np.float32)
    scale = Scale().fit_from(statistics_of(block, Scale(), fitted=[filled(block)]))
    assert scale.scale_ == 1 and not scale.apply(block, None).any()


def test_weight_is_the_root_of_the_cosine(block):
    weight = AreaWeight().fit_from(statistics_of(block, AreaWeight(), padding=(1, 0)))
    np.testing.assert_allclose(weight.weight_, [1, 0.5**0.5, 1])  # 0 and 60 degrees, then padding
    padded = Pad(3).apply(block, None)
    np.testing.assert_allclose(weight.apply(padded, None)[:, 1], padded[:, 1] * 0.5**0.5)
    np.testing.assert_allclose(weight.invert(weight.apply(padded, None), None), padded)


def test_window_is_labelled_by_its_last_step(block):
    window = Window(3)
    windows = window.apply(block, None)
    assert windows.shape == (38, 3, 2, 3, 2) and np.shares_memory(windows, block)
    np.testing.assert_array_equal(window.invert(windows, None), block[2:])
    assert window.ends([0, 0, 0, 1, 1, 1, 1]).tolist() == [2, 5, 6]


def test_seasonal_cycle_is_removed_and_added():
    time = days(1461)
    wave = 3 * np.cos(2 * np.pi * (time.dt.dayofyear.values - 1) / 365.25 - 1)
    block = np.float32(280 + wave)[:, None, None, None] + np.zeros((1, 2, 3, 1), np.float32)
    cycle = SeasonalCycle()
    statistics = statistics_of(block, cycle)
    cycle.fit_from(statistics)
    found = cycle.apply(block, time)
    assert np.abs(found).max() < 0.01  # the ridge shrinks the amplitude by 0.2 percent
    np.testing.assert_allclose(cycle.invert(found, time), block, rtol=1e-6)
    np.testing.assert_array_equal(cycle.invert(found, None), found)
    assert len(statistics.remainders) == 1


def test_seasonal_cycle_as_the_formula_of_the_docs():
    """Least squares with a penalty of 0.001 a step on the squared harmonics; winters barely determine these."""
    time = days(1461)
    time = time[time.dt.month.isin([12, 1, 2])]
    rng = np.random.default_rng(0)
    block = (280 + rng.normal(size=(len(time), 1, 2, 1))).astype(np.float32)
    cycle = SeasonalCycle()
    known = FieldStatistics(2, cycle.design(time))
    known.add(block.reshape(len(time), 2))
    statistics = RecordStatistics([known], (1, 2), (1, 2, 1), np.zeros(1), time, lambda: iter(()))
    cycle.fit_from(statistics)
    phase = 2 * np.pi * (time.dt.dayofyear.values - 1) / 365.25
    design = np.stack(
        [np.ones_like(phase), np.cos(phase), np.sin(phase), np.cos(2 * phase), np.sin(2 * phase)], axis=1
    )
    penalty = len(time) * 0.001 * np.diag([0, 1, 1, 1, 1])
    x = block.reshape(len(time), 2).astype(np.float64)
    expected = np.linalg.solve(design.T @ design + penalty, design.T @ x)
    np.testing.assert_allclose(cycle.coefficients_[0][:, 0], expected, atol=1e-4)
    free = np.linalg.solve(design.T @ design, design.T @ x)
    assert np.abs(free - expected).max() > 0.1  # without the penalty it is another cycle


def test_phase_is_the_fraction_of_365_and_a_quarter_days():
    noon = xr.DataArray(np.array(["2001-04-02T12"], "M8[ns]"), dims="time")
    assert year_phase(noon)[0] == pytest.approx(2 * np.pi * 91.5 / 365.25)
    assert year_phase(days(1))[0] == 0
    for calendar, length in (("360_day", 360), ("noleap", 365)):
        last = xr.date_range("2001-12-30", periods=1, calendar=calendar, use_cftime=True)
        passed = length - 1 if calendar == "360_day" else length - 2
        assert year_phase(xr.DataArray(last, dims="time"))[0] == pytest.approx(2 * np.pi * passed / 365.25)


def test_folded_steps_are_the_steps_one_after_the_other(block):
    block = block.copy()
    block[3, 1, 2, 0] = np.nan
    time = days(len(block))
    cycle, weight = SeasonalCycle(), AreaWeight()
    fill, scale = Fill(), Scale("standard")
    rng = np.random.default_rng(1)
    cycle.coefficients_ = rng.normal(size=(2, 5, 2, 3)) + np.array([280.0, 0, 0, 0, 0])[:, None, None]
    fill.fill_value_ = np.array([0.5, 0.0])
    scale.center_, scale.scale_ = np.array([[[0.1]], [[-0.2]]]), np.array([[[2.0]], [[3.0]]])
    weight.weight_ = np.array([1.0, 0.7])
    steps = [cycle, fill, scale, weight]
    expected = block.astype(np.float64)
    for step in steps:
        expected = step.apply(expected, time)
    rows = block.reshape(len(block), -1).copy()
    fold(steps, (2, 3, 2), time, has_missing=True)(rows, slice(None))
    np.testing.assert_allclose(rows.reshape(block.shape), expected, atol=1e-4)
    back = expected
    for step in reversed(steps):
        back = step.invert(back, time)
    known = np.isfinite(block)
    np.testing.assert_allclose(back[known], block[known], rtol=1e-6)
    np.testing.assert_allclose(
        cycle.cycle(time)[:, 0, 0, 0], seasonal_design(time) @ cycle.coefficients_[0, :, 0, 0]
    )


def test_a_step_with_a_map_of_its_own_stands_between_folded_ones(block):
    """How a step is added: `apply` and `invert`; affine steps before and after it are still folded."""

    class Square(Step):
        name = "square"

        def apply(self, block, time):
            return block**2

        def invert(self, block, time):
            return np.sqrt(block)

    scale, weight = Scale(), AreaWeight()
    scale.center_, scale.scale_ = np.full((2, 1, 1), 280.0), np.ones((2, 1, 1))
    weight.weight_ = np.array([2.0, 3.0])
    rows = block.reshape(len(block), -1).copy()
    fold([scale, Square(), weight], (2, 3, 2), days(len(block)), has_missing=False)(rows, slice(None))
    expected = (block - 280) ** 2 * np.array([2.0, 3.0])[:, None, None]
    np.testing.assert_allclose(rows.reshape(block.shape), expected, rtol=1e-4, atol=1e-5)


def test_pole_in_single_precision_has_a_weight():
    latitude = np.float32([90, 60, 0, -90])
    assert np.cos(np.deg2rad(latitude[0])) < 0  # the fault that the weights must not repeat
    np.testing.assert_allclose(area_weights(latitude), [0, 0.5, 1, 0], atol=1e-7)
    assert (area_weights(latitude) >= 0).all()
