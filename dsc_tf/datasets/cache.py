"""Where downloaded pieces live between runs."""

import os
from pathlib import Path

from ..errors import DscTfError


def cache_folder(*parts):
    """A folder below the cache, made if it is not there.

    Parameters
    ----------
    *parts : str
        Names of folders below the cache.

    Returns
    -------
    pathlib.Path
        Below DSC_TF_CACHE if that is set, else below dsc_tf in XDG_CACHE_HOME, else below ~/.cache/dsc_tf.

    Raises
    ------
    DscTfError
        If it cannot be made.
    """
    folder = _root().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DscTfError(
            f"cache: {folder} cannot be made ({error.strerror}). Name another place in DSC_TF_CACHE."
        ) from error
    return folder


def _root():
    if own := os.environ.get("DSC_TF_CACHE"):
        return Path(own).expanduser()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification has relative paths ignored.
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "dsc_tf"
