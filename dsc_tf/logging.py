"""Logging helpers: the duration of a stage, and suppression of what C++ libraries write to standard error."""

import os
import sys
import time
from contextlib import contextmanager


@contextmanager
def log_duration(log, stage):
    """Log the start of a stage (level debug) and its duration (level info).

    Parameters
    ----------
    log : logging.Logger
        Logger of the calling module.
    stage : str
        Description of the stage.
    """
    log.debug("%s begins", stage)
    start = time.perf_counter()
    yield
    log.info("%s: %.2f s", stage, time.perf_counter() - start)


@contextmanager
def suppress_stderr():
    """Redirect file descriptor 2 to the null device, because C++ libraries bypass `sys.stderr`."""
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
