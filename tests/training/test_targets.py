import numpy as np

from dsc_tf.training import target_distribution


def loop(q):
    """Equation 4 of the paper, word for word."""
    n, k = q.shape
    p = np.empty_like(q)
    for i in range(n):
        total = sum(q[i, j] ** 2 / sum(q[m, j] for m in range(n)) for j in range(k))
        for j in range(k):
            p[i, j] = q[i, j] ** 2 / sum(q[m, j] for m in range(n)) / total
    return p


def test_equals_the_equation_in_loops():
    q = np.random.default_rng(0).dirichlet(np.ones(4), size=9)
    np.testing.assert_allclose(target_distribution(q), loop(q), rtol=1e-6)


def test_uniform_assignments_stay_uniform():
    q = np.full((5, 4), 0.25)
    np.testing.assert_array_equal(target_distribution(q), q)


def test_whole_record_and_batch_give_different_targets():
    q = np.random.default_rng(0).dirichlet(np.ones(3), size=10)
    assert np.abs(target_distribution(q)[:5] - target_distribution(q[:5])).max() > 1e-3
