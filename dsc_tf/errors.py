"""The error that the command line turns into one line and exit status 2, and its use for damaged files."""

import struct
import zipfile
import zlib
from contextlib import contextmanager

DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, OverflowError)
DAMAGE += (RecursionError, NotImplementedError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile)


class DscTfError(ValueError):
    """An input error that the user can fix.

    The message is one line: what is wrong, the value found, and what to do.
    """


@contextmanager
def refuse_damaged(thing, place, advice):
    """Turn whatever a damaged or hostile file causes in the block into one `DscTfError`.

    Parameters
    ----------
    thing : str
        Name of the option or object, the first word of the message.
    place : path
        The file or folder.
    advice : str
        What to do, a sentence.

    Raises
    ------
    DscTfError
        If the block raises an error that damaged content causes; other instances of it are passed on.

    Examples
    --------
    >>> with refuse_damaged("run", "runs/mine", "Repeat the run."):
    ...     {}["measures"]
    Traceback (most recent call last):
    dsc_tf.errors.DscTfError: run: runs/mine is damaged ('measures'). Repeat the run.
    """
    try:
        yield
    except DscTfError:
        raise
    except DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise DscTfError(f"{thing}: {place} is damaged ({reason}). {advice}") from error
