"""Keeps the chatter of libraries in C++ off standard error."""

import os
import sys
from contextlib import contextmanager


@contextmanager
def stderr_aside():
    """Send the process's standard error to nowhere; libraries in C++ write past Python's."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
