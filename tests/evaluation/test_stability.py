"""Stability of clear groups and of no groups."""

import numpy as np
from sklearn.cluster import KMeans

from dsc_tf.evaluation.stability import moving_blocks, stability


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
