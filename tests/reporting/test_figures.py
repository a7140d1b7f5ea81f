"""Figures can only be looked at; here they are drawn for every kind of record and read back in part."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.regimes.describe import describe_regimes
from dsc_tf.reporting.figures import composite_maps, label_calendar, latent_map, training_curves
from dsc_tf.reporting.maps import cluster_maps, each_composite
from dsc_tf.reporting.style import cluster_colours


def drawn(figure, tmp_path):
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "figure.png")
    return [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]


@pytest.mark.parametrize(
    ("days", "freq", "row"),
    [(365, "1D", "Mar 2001"), (1200, "1D", "2003"), (60, "1MS", "2004"), (72, "1h", "2001-01-02")],
)
def test_calendar_of_every_kind_of_record(days, freq, row, tmp_path):
    ds = mock_dataset(days=days, freq=freq, latitudes=2, longitudes=2)
    labels = np.where(np.arange(days) < 3, -1, ds.regime.values)
    texts = drawn(label_calendar(labels, ds.time, 3, note="synthetic data"), tmp_path)
    assert row in texts and "none" in texts and "synthetic data" in texts


def test_winters_stay_in_one_piece(tmp_path):
    ds = mock_dataset(days=1200, latitudes=2, longitudes=2)
    ds = ds.sel(time=ds.time.dt.month.isin([12, 1, 2]))
    texts = drawn(label_calendar(ds.regime.values, ds.time, 3), tmp_path)
    assert "2001/02" in texts and "Dec" in texts and "Jul" not in texts


def test_calendar_of_another_calendar(tmp_path):
    time = xr.DataArray(
        xr.date_range("2001-01-01", periods=30, calendar="noleap", use_cftime=True), dims="time"
    )
    drawn(label_calendar(np.arange(30) % 2, time.rename("time"), 2), tmp_path)


@pytest.mark.parametrize("k", [2, 5, 12])
def test_composites_name_sizes_and_units(k, tmp_path):
    ds = mock_dataset(days=60, nan_policy="coast")
    texts = drawn(composite_maps(describe_regimes(ds, np.arange(60) % k), "t2m"), tmp_path)
    assert f"cluster 0 ({60 // k} steps, {100 / k:.0f} %)" in texts
    assert any("(K)" in text for text in texts)


def test_composites_on_the_same_panels_are_those_on_new_ones():
    ds = mock_dataset(days=60, nan_policy="coast")
    described = describe_regimes(ds, np.arange(60) % 2)
    names = list(ds.data_vars)
    for name, figure in zip(names, each_composite(described, names), strict=True):
        np.testing.assert_array_equal(pixels(figure), pixels(composite_maps(described, name)))


def pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


def row(stage, epoch, **values):
    nan = float("nan")
    return {
        "stage": stage,
        "epoch": epoch,
        "reconstruction": 0.1,
        "clustering": nan,
        "label_change": nan,
    } | values


def test_curves_of_one_row_and_of_both_stages(tmp_path):
    drawn(training_curves([row("joint", 0, clustering=0.0, label_change=0.0)]), tmp_path)
    texts = drawn(
        training_curves([row("pretrain", 0), row("joint", 1, clustering=0.2, label_change=0.1)]), tmp_path
    )
    assert "grey: joint training" in texts


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_latent_map_bears_few_and_identical_points(spread, tmp_path):
    latent = spread * np.random.default_rng(0).normal(size=(12, 4))
    drawn(latent_map(latent, np.arange(12) % 3, latent[:3]), tmp_path)


def test_latent_map_of_a_long_record_says_how_many_it_shows(tmp_path, monkeypatch):
    from dsc_tf.reporting import figures

    monkeypatch.setattr(figures, "MAX_TSNE_POINTS", 50)
    latent = np.random.default_rng(0).normal(size=(80, 4))
    texts = drawn(latent_map(latent, np.arange(80) % 3), tmp_path)
    assert any("50 of 80 steps" in text for text in texts)


def test_colours_differ():
    for k in (2, 8, 20):
        assert len(set(cluster_colours(k))) == k


def panels(latitude, longitude):
    field = np.arange(2.0 * len(latitude) * len(longitude)).reshape(2, len(latitude), len(longitude))
    coords = {"cluster": [0, 1], "latitude": latitude, "longitude": longitude}
    values = xr.DataArray(field, coords, ("cluster", "latitude", "longitude"), attrs={"units": "K"})
    return cluster_maps(values, ["a", "b"]).axes[:2]


@pytest.mark.parametrize(
    ("longitude", "west", "east"),
    [
        (np.r_[np.arange(300, 360, 2.5), np.arange(0, 30, 2.5)], 298.75, 388.75),  # across Greenwich
        (np.r_[np.arange(150, 180, 2.5), np.arange(-180, -150, 2.5)], 148.75, 208.75),  # the date line
        (np.arange(0, 360, 2.5), -1.25, 358.75),  # the globe
    ],
)
def test_map_is_one_strip_that_ends_at_the_poles(longitude, west, east):
    for axes in panels(np.linspace(90, -90, 13), longitude):
        assert axes.get_xlim() == (west, east) and axes.get_ylim() == (-90, 90)
        edges = axes.collections[0].get_coordinates()
        assert (np.diff(edges[0, :, 0]) > 0).all() and np.abs(edges[..., 1]).max() == 90
        assert len(axes.collections) == 4  # cells, coast, parallels and meridians


def test_map_in_metres_ends(tmp_path):
    for axes in panels(np.arange(0, 5e6, 1e6), np.arange(-2e6, 2e6, 1e6)):
        assert not axes.collections[1].get_segments() and axes.get_aspect() == 1


def test_map_of_one_row():
    assert panels(np.array([45.0]), np.arange(0, 9.0))[0].get_ylim() == (44.5, 45.5)
