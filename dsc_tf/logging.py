"""Logging helpers: duration of a stage, record of warnings, suppression of what C++ libraries write to stderr."""

import os
import sys
import time
import warnings
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
def record_warnings():
    """Collect the texts of the user warnings that are shown in the block, each once; they are shown all the same.

    Yields
    ------
    list of str
        The texts so far.

    Examples
    --------
    >>> with record_warnings() as messages, warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     warnings.warn("not shown", UserWarning)
    >>> messages
    []
    """
    messages = []
    show = warnings.showwarning

    def show_and_record(message, category, *args, **kwargs):
        if issubclass(category, UserWarning) and str(message) not in messages:
            messages.append(str(message))
        show(message, category, *args, **kwargs)

    warnings.showwarning = show_and_record
    try:
        yield messages
    finally:
        warnings.showwarning = show


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
