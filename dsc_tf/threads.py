"""Limits of the threads of numerical libraries."""

from contextlib import nullcontext

MAX_BYTES_SINGLE = 2**28  # records up to this size are processed by one thread


def limit_threads(n_bytes):
    """Return a context in which BLAS and OpenMP use one thread, for data that is too small for more to pay.

    Idle threads of these libraries wait actively: on a busy machine, small computations with several threads take many
    times as long as with one. With one thread, results also do not depend on the number of processors.

    Parameters
    ----------
    n_bytes : int
        Size of the data in bytes; there is no limit above 256 MiB.

    Returns
    -------
    context manager

    Examples
    --------
    >>> with limit_threads(1000):
    ...     pass
    """
    if n_bytes > MAX_BYTES_SINGLE:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
