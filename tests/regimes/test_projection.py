"""A day's label depends on that day and the reference alone; stability of plain and of no groups."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.errors import DscTfError
from dsc_tf.evaluation.stability import moving_blocks, stability
from dsc_tf.regimes.projection import ReferenceRegimes


@pytest.fixture(scope="module")
def record():
    return mock_dataset(days=800, nan_policy="isolated")


@pytest.fixture(scope="module")
def fitted(record):
    return ReferenceRegimes(3, random_state=0).fit(record.isel(time=slice(0, 500)))


def test_regimes_are_found_in_new_data(record, fitted):
    past, new = record.isel(time=slice(0, 500)), record.isel(time=slice(500, None))
    np.testing.assert_array_equal(fitted.predict(past), fitted.labels_)
    assert adjusted_rand_score(fitted.labels_, past.regime) > 0.99
    assert adjusted_rand_score(fitted.predict(new), new.regime) > 0.99
    assert (np.diff(np.bincount(fitted.labels_)) <= 0).all()


def test_nothing_leaks_from_other_new_days(record, fitted):
    new = record.isel(time=slice(500, None))
    alone = fitted.transform(new.isel(time=slice(0, 3)))
    np.testing.assert_allclose(fitted.transform(new)[:3], alone, atol=1e-4)


def test_order_and_grid_are_checked(record, fitted):
    with pytest.raises(DscTfError, match="not fitted"):
        ReferenceRegimes().predict(record)
    with pytest.raises(DscTfError, match="latitude"):
        fitted.predict(record.isel(latitude=slice(1, None)))


def test_plain_groups_are_stable_and_noise_is_not():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 4))
    groups = noise + 20 * (np.arange(200) // 10 % 3)[:, None]

    def factory(seed):
        return KMeans(3, n_init=2, random_state=seed)

    options = {"n_seeds": 3, "n_bootstrap": 4}
    plain, none = (stability(factory, X, **options) for X in (groups, noise))
    assert plain.sizes == {"pair": 3, "draw": 4}
    assert all((plain[name] == 1).all() for name in plain)
    assert none.bootstrap_ari.mean() < 0.7


def test_blocks_stay_within_stretches():
    drawn = moving_blocks(50, (0, 20, 23), 10, np.random.default_rng(0))
    assert len(drawn) == 50
    ends = np.flatnonzero(np.diff(drawn) != 1) + 1
    stretch = np.searchsorted([0, 20, 23], drawn, side="right")
    for block in np.split(stretch, ends):
        assert len(set(block)) == 1
    # The short stretch is drawn whole: it begins at its first step alone.
    assert set(drawn[np.r_[0, ends]]) & {21, 22} == set()
