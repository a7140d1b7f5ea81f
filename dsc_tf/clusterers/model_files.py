"""Files of fitted clusterers: JSON for parameters and small attributes, arrays in `.npz`; no pickle."""

import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from ..errors import DscTfError
from ..stored import read_arrays as stored_arrays
from ..stored import read_json

MODEL_JSON = "model.json"
MODEL_ARRAYS = "model.npz"
PCA_ARRAYS = ("components_", "mean_", "explained_variance_", "explained_variance_ratio_")


def read_model_json(folder: str | PathLike, method: str | None = None) -> dict[str, Any]:
    """Read `model.json` of a saved clusterer.

    Parameters
    ----------
    folder : path
        Folder that `save` wrote to.
    method : str, default=None
        Expected name of the class; None accepts any.

    Raises
    ------
    DscTfError
        If there is no such file, it is damaged, or it belongs to another method.
    """
    path = Path(folder) / MODEL_JSON
    if not path.exists():
        raise DscTfError(f"model: no model.json in {folder}. Give the folder of a finished run.")
    try:
        content = read_json(path)
        found = content["method"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DscTfError(f"model: {path} cannot be read. Give the folder of a finished run.") from error
    if method is not None and found != method:
        raise DscTfError(f"model: {folder} holds {found}. Load it with that class.")
    return content


def write_model_json(folder: str | PathLike, content: dict[str, Any]) -> None:
    """Write `model.json`.

    Parameters
    ----------
    folder : path
        Existing folder.
    content : dict
        Values that JSON can hold; `method` is the name of the class.
    """
    (Path(folder) / MODEL_JSON).write_text(json.dumps(content, indent=2) + "\n")


def read_arrays(folder: str | PathLike) -> dict[str, np.ndarray]:
    """Read the arrays of a saved clusterer by name.

    Parameters
    ----------
    folder : path
        Folder that `save` wrote to.

    Raises
    ------
    DscTfError
        If the file is missing or damaged.
    """
    path = Path(folder) / MODEL_ARRAYS
    try:
        arrays = stored_arrays(path)
        for name, array in arrays.items():
            if array.dtype.kind not in "biufc":
                raise ValueError(f"{name} holds {array.dtype}, not numbers")
        return arrays
    except (OSError, ValueError) as error:
        raise DscTfError(f"model: {path} cannot be read. Give the folder of a finished run.") from error


def write_arrays(folder: str | PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays by name.

    Parameters
    ----------
    folder : path
        Existing folder.
    arrays : dict
        Arrays of numbers.
    """
    np.savez(Path(folder) / MODEL_ARRAYS, **arrays)  # type: ignore[arg-type]  # names of arrays, not options


def plain(value: Any) -> Any:
    """Value of a parameter as JSON can hold it: tuples as lists, NumPy numbers as Python's.

    Parameters
    ----------
    value : object
        Number, string, None, or a sequence of these.
    """
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    return value


def pca_arrays(pca: PCA) -> dict[str, np.ndarray]:
    """Arrays of a fitted projection by name.

    Parameters
    ----------
    pca : sklearn.decomposition.PCA
        Fitted.
    """
    return {f"pca{name}": getattr(pca, name) for name in PCA_ARRAYS}


def restore_pca(arrays: dict[str, np.ndarray]) -> PCA:
    """Fitted projection from what `pca_arrays` returned; the arrays are removed from the dict.

    Parameters
    ----------
    arrays : dict
        Arrays by name.
    """
    pca = PCA(len(arrays["pcacomponents_"]))
    for name in PCA_ARRAYS:
        setattr(pca, name, arrays.pop(f"pca{name}"))
    pca.n_components_, pca.n_features_in_ = pca.components_.shape
    return pca
