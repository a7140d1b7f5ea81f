import numpy as np
from threadpoolctl import threadpool_info

import dsc_tf
from dsc_tf.threads import MAX_BYTES_SINGLE, limit_threads


def threads():
    """Numbers of threads of the loaded BLAS and OpenMP libraries."""
    return {library["num_threads"] for library in threadpool_info()}


def test_small_data_takes_one_thread_and_large_data_all():
    np.linalg.eigh(np.eye(3))
    before = threads()
    with limit_threads(MAX_BYTES_SINGLE):
        assert threads() == {1}
    assert threads() == before
    with limit_threads(MAX_BYTES_SINGLE + 1):
        assert threads() == before


def test_fits_are_limited(monkeypatch):
    seen = []
    fit = dsc_tf.KMeans._fit
    monkeypatch.setattr(dsc_tf.KMeans, "_fit", lambda self, X: (seen.append(threads()), fit(self, X))[1])
    dsc_tf.KMeans(2, random_state=0).fit(np.arange(20.0).reshape(10, 2))
    assert seen == [{1}]
