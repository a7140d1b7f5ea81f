"""Figures of regimes are drawn and read back in part."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.evaluation.choose_k import choose_k
from dsc_tf.evaluation.quality import quality
from dsc_tf.regimes.impact import regime_impact
from dsc_tf.regimes.index import life_cycles, regime_index
from dsc_tf.regimes.residence import residence_test
from dsc_tf.regimes.significance import composite_test
from dsc_tf.regimes.transitions import transition_test
from dsc_tf.regimes.years import frequency_by_year
from dsc_tf.reporting import regime_figures


@pytest.fixture(scope="module")
def ds():
    return mock_dataset(days=120, nan_policy="coast")


def drawn(figure, tmp_path):
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "figure.png")
    return [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]


def test_choice_of_k(ds, tmp_path):
    X = ds["msl"].values.reshape(120, -1)
    found = choose_k(X, (2, 3), n_partitions=3, n_surrogates=4, n_bootstrap=2)
    texts = drawn(regime_figures.choice_figure(found, note="synthetic data"), tmp_path)
    assert "red noise, 10-90 %" in texts and "number of clusters" in texts and "synthetic data" in texts


def test_transitions(ds, tmp_path):
    test = transition_test(ds.regime.values, n_surrogates=50)
    texts = drawn(regime_figures.transition_figure(test, names=["calm", "wet", "cold"]), tmp_path)
    # Regimes come in turn: calm is always followed by wet, about half the time by chance.
    assert sum(text.startswith("1.00**\n(0.") for text in texts) == 3 and "calm" in texts


def test_tested_composites(ds, tmp_path):
    test = composite_test(ds["t2m"], ds.regime.values, n_permutations=50)
    texts = drawn(regime_figures.significant_composites(test), tmp_path)
    share = float(test.significant_share[0])
    assert f"cluster 0: {100 * share:.0f} % of cells" in texts
    assert "anomaly (K)" in texts and any("false discovery rate 0.1" in text for text in texts)


def test_life_cycles(ds, tmp_path):
    anomaly = ds["msl"] - ds["msl"].mean("time")
    patterns = composite_test(ds["msl"], ds.regime.values, n_permutations=2)["composite"]
    index = regime_index(anomaly, patterns)["index"]
    cycles = life_cycles(index, threshold=0.5)
    assert len(cycles)
    texts = drawn(regime_figures.life_cycle_timeline(index, cycles, names=["a", "b", "c"]), tmp_path)
    assert "index (standard deviations)" in texts and "b" in texts


def test_quality(ds, tmp_path):
    measured = quality(ds.regime.values, ds["msl"], {"t2m": ds["t2m"]}, n_random=5)
    texts = drawn(regime_figures.quality_figure(measured), tmp_path)
    assert "explained variation" in texts and "t2m" in texts and np.isfinite(measured["pseudo_f"]).all()


def test_years_residence_and_odds(ds, tmp_path):
    labels = ds.regime.values
    time = ds.time.copy(data=xr.date_range("2001-01-01", periods=120, freq="30D"))
    texts = drawn(regime_figures.years_figure(frequency_by_year(labels, time)), tmp_path)
    assert any(text.startswith("cluster 1\n") and text.endswith("per decade") for text in texts)
    texts = drawn(regime_figures.residence_figure(residence_test(labels), names=["a", "b", "c"]), tmp_path)
    assert "length of a spell (steps)" in texts and any(text.startswith("b\np = ") for text in texts)
    texts = drawn(regime_figures.odds_maps(regime_impact(ds["t2m"], labels)), tmp_path)
    assert any("quantile of its calendar month" in text for text in texts)


def test_explained_variance_with_the_error_of_north(tmp_path):
    figure = regime_figures.explained_variance_figure(np.array([0.5, 0.25]), 200)
    bar = figure.axes[0].containers[0].lines[2][0].get_segments()[0][:, 1]
    np.testing.assert_allclose(bar, [50 - 5, 50 + 5])  # sqrt(2 / 200) is a tenth
    assert "principal component" in drawn(figure, tmp_path)
