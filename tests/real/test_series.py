"""The UCR series as the benchmark reads them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data/ucr"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="the UCR series are not beside the checkout"),
]


@pytest.fixture(scope="module")
def series():
    spec = importlib.util.spec_from_file_location("series", ROOT / "benchmarks/series.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "split", "shape", "classes"),
    [
        ("Coffee", "TRAIN", (28, 286), 2),
        ("GunPoint", "TEST", (150, 150), 2),
        ("ArrowHead", "TRAIN", (36, 251), 3),
        ("Car", "TEST", (60, 577), 4),
    ],
)
def test_archive_is_read_as_documented(series, name, split, shape, classes):
    X, truth = series.read(DATA, name, split)
    assert X.shape == shape and len(np.unique(truth)) == classes
    np.testing.assert_allclose(X.std(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("name", "rand"), [("Coffee", 0.484), ("GunPoint", 0.497), ("ArrowHead", 0.577)])
def test_k_means_is_the_bar_that_others_measured(series, name, rand):
    X, truth = series.read(DATA, name, "TEST")
    labels = series.labels_of("kmeans", X, X, truth.max() + 1, 0, {})
    assert series.rand_score(truth, labels) == pytest.approx(rand, abs=0.02)
