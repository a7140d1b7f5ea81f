import numpy as np
import pytest

from dsc_tf.evaluation.diagnostics import lloyd_refinement, mean_run_length, seed_agreement


def test_runs_end_at_gaps():
    assert mean_run_length([0, 0, 0, 0]) == 4
    assert mean_run_length([0, 0, 0, 0], starts=(0, 2)) == 2
    assert mean_run_length([0, 1, 0, 1]) == 1


def test_k_means_labels_are_at_rest_and_others_descend():
    rng = np.random.default_rng(0)
    X = np.repeat([[0.0, 0], [9, 9]], 20, axis=0) + rng.normal(size=(40, 2))
    truth = np.repeat([0, 1], 20)
    assert lloyd_refinement(X, truth)["moved"] == 0
    swapped = truth.copy()
    swapped[[0, 39]] = 1, 0
    after = lloyd_refinement(X, swapped)
    assert after["moved"] == 2 / 40
    assert after["rmse_mean"] == pytest.approx(lloyd_refinement(X, truth)["rmse_mean"])


def test_stability_is_the_mean_over_pairs():
    same, other = [0, 0, 1, 1], [1, 1, 0, 0]
    assert seed_agreement([same, other]) == 1
    assert seed_agreement([same, other, [0, 1, 0, 1]]) == pytest.approx((1 - 0.5 - 0.5) / 3)
    assert np.isnan(seed_agreement([same]))
