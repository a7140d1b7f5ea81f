"""Every method by its name on the command line. A line here gives a method its contract tests."""

from importlib import import_module

from ..errors import DscTfError

METHODS = {
    "dsc": ("dsc", "DSC"),
    "kmeans": ("classical", "KMeans"),
    "hierarchical": ("classical", "Hierarchical"),
}


def clusterer(method):
    """The class of a method, imported on first use so that classical methods need no Keras.

    Parameters
    ----------
    method : str
        A name in `METHODS`.

    Raises
    ------
    DscTfError
        If there is no such method.
    """
    if method not in METHODS:
        raise DscTfError(f"method: {method!r}. Choose one of {', '.join(METHODS)}.")
    file, name = METHODS[method]
    return getattr(import_module(f"{__package__}.{file}"), name)
