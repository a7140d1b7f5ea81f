"""Dataclasses of arrays as one flat dictionary of arrays, and back: what `numpy.savez` can hold without pickle."""

import dataclasses
import types
import typing

import numpy as np


def to_arrays(piece, prefix=""):
    """Arrays of a dataclass by name, those of nested dataclasses below the name of their field.

    Parameters
    ----------
    piece : object
        A dataclass of arrays, numbers, strings, None and such dataclasses.
    prefix : str, default=""
        Put in front of every name.

    Returns
    -------
    dict of str to array
    """
    arrays: dict = {}
    for field in dataclasses.fields(piece):
        value, name = getattr(piece, field.name), prefix + field.name
        if dataclasses.is_dataclass(value):
            arrays |= to_arrays(value, name + "/")
        elif value is not None:
            arrays[name] = np.asarray(value)
    return arrays


def from_arrays(kind, arrays, prefix=""):
    """Return a dataclass from what `to_arrays` returned.

    Parameters
    ----------
    kind : type
        The dataclass.
    arrays : dict of str to array
        Arrays by name.
    prefix : str, default=""
        As in `to_arrays`.
    """
    values = {}
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        expected, name = hints[field.name], prefix + field.name
        if isinstance(expected, types.UnionType):
            expected = next(part for part in typing.get_args(expected) if part is not type(None))
        if dataclasses.is_dataclass(expected):
            found = any(key.startswith(name + "/") for key in arrays)
            values[field.name] = from_arrays(expected, arrays, name + "/") if found else None
        elif name not in arrays:
            values[field.name] = None
        elif expected is np.ndarray:
            values[field.name] = arrays[name]
        else:
            values[field.name] = expected(arrays[name])
    return kind(**values)
