"""Fitted clusterers without a network as `model.json` and `model.npz`: numbers and arrays, no pickle."""

import json
import numbers
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DscTfError

ARRAYS = "model.npz"
NESTED = {
    "PCA": "sklearn.decomposition",
    "GaussianMixture": "sklearn.mixture",
}  # learned attributes may be these


def save_arrays(clusterer: Any, folder: str | PathLike) -> None:
    """Write parameters and learned attributes of a clusterer.

    Parameters
    ----------
    clusterer : Clusterer
        Fitted. Its attributes that end in `_` are numbers, texts, lists of them, arrays, None, or estimators named in
        `NESTED`.
    folder : path
        Existing folder.

    Raises
    ------
    DscTfError
        If an attribute is of another type.
    """
    arrays: dict = {}
    text = {"method": type(clusterer).__name__, "parameters": _plain(clusterer.get_params())}
    text["learned"] = _collect(clusterer, "", arrays)
    np.savez(Path(folder) / ARRAYS, **arrays)
    (Path(folder) / "model.json").write_text(json.dumps(text, indent=2) + "\n")


def load_arrays(kind: type, folder: str | PathLike) -> Any:
    """A fitted clusterer from what `save_arrays` wrote.

    Parameters
    ----------
    kind : type
        Class of the clusterer.
    folder : path
        Folder of the files.
    """
    text = json.loads((Path(folder) / "model.json").read_text())
    self = kind(**text["parameters"])
    with np.load(Path(folder) / ARRAYS) as arrays:
        _restore(self, text["learned"], "", arrays)
    return self


def _collect(estimator, prefix, arrays):
    """Learned attributes as JSON; arrays are put into `arrays` under their path."""
    found = {}
    for name, value in vars(estimator).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if isinstance(value, np.ndarray):
            arrays[prefix + name] = value
            found[name] = {"array": prefix + name}
        elif type(value).__name__ in NESTED:
            nested = {"class": type(value).__name__, "parameters": _plain(value.get_params())}
            found[name] = nested | {"learned": _collect(value, f"{prefix}{name}.", arrays)}
        elif value is None or isinstance(value, str | bool | numbers.Number | np.generic | list | tuple):
            found[name] = {"value": _plain(value)}
        else:
            raise DscTfError(f"model: {name} of {type(estimator).__name__} cannot be saved as an array.")
    return found


def _restore(estimator, learned, prefix, arrays):
    for name, known in learned.items():
        if "array" in known:
            value = arrays[known["array"]]
        elif "class" in known:
            kind = getattr(import_module(NESTED[known["class"]]), known["class"])
            value = kind(**known["parameters"])
            _restore(value, known["learned"], f"{prefix}{name}.", arrays)
        else:
            value = known["value"]
        setattr(estimator, name, value)


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
