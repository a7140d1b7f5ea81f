"""How long a stage takes, said to whoever turns logging on."""

import time
from contextlib import contextmanager


@contextmanager
def timed(log, what):
    """Log that a stage begins (debug), and what it took (info).

    Parameters
    ----------
    log : logging.Logger
        The caller's.
    what : str
        The stage.
    """
    log.debug("%s begins", what)
    began = time.perf_counter()
    yield
    log.info("%s: %.2f s", what, time.perf_counter() - began)
