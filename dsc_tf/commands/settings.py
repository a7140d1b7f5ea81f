"""Base class of command settings: options, config files and callers in Python are checked by the same code."""

import dataclasses
import difflib
import importlib.util
import math
import os
import re
import types
import typing
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import ClassVar

from ..errors import DscTfError

MAX_INTEGER = 2**63 - 1
MAX_TEXT = 4096  # characters of one value, the longest path that Linux takes
KINDS = {bool: "true or false", int: "an integer", float: "a number"}
KINDS[str] = f"a text of at most {MAX_TEXT} printable characters"
PARTIAL_DATE = re.compile(r"\d{4,5}(-\d{1,2}(-\d{1,2}([T ]\d{1,2}(:\d{2}){0,2})?)?)?")


@dataclass(frozen=True)
class Settings:
    """Settings of a command, checked against their types when they are made.

    A subclass is a frozen dataclass. Its fields have the types `bool`, `int`, `float`, `str`, a tuple of these, or any
    of them `| None`. Lists are converted to tuples. The metadata of a field may have these keys:

    - `help`: text for `--help`; without it the text comes from the docstring of the class;
    - `choices`: tuple of the allowed values;
    - `metavar`: placeholder of the value, or of each value, in `--help`;
    - `positional`: true if the value is given without the name of the option;
    - `needs`: name of an optional package that the setting requires.

    Attributes
    ----------
    minimum : dict of str to int
        Smallest allowed value of each number, by name.
    excluded_from_hash : tuple of str
        Names of settings that do not affect results, such as the output folder.
    """

    minimum: ClassVar[dict[str, int]] = {}
    excluded_from_hash: ClassVar[tuple[str, ...]] = ("output", "quiet")

    def __post_init__(self):
        for entry in dataclasses.fields(self):
            value = check_value(entry, getattr(self, entry.name), self.minimum.get(entry.name))
            object.__setattr__(self, entry.name, value)
        checks = {
            "region": check_region,
            "period": check_period,
            "seed": check_seed,
            "tensorboard": check_folder,
        }
        for name, check in checks.items():
            if getattr(self, name, None) is not None:
                check(getattr(self, name))

    @classmethod
    def merge(cls, saved, given):
        """Values of a config file overridden by given ones, as a dict."""
        return saved | given

    def result_settings(self):
        """The settings that results depend on, as a dict that JSON can hold."""
        settings = dataclasses.asdict(self)
        for name in self.excluded_from_hash:
            del settings[name]
        return {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}


def from_mapping(config_class, values, source):
    """Build settings from a mapping, such as the content of a config file.

    Parameters
    ----------
    config_class : type
        A subclass of `Settings`.
    values : dict
        Values by name.
    source : str
        Where the values come from, for messages.

    Raises
    ------
    DscTfError
        If a name is unknown or a value is invalid.
    """
    known = [field.name for field in dataclasses.fields(config_class)]
    unknown = sorted(set(map(str, values)) - set(known))
    if unknown:
        raise DscTfError(f"config: {source} has unknown settings {', '.join(unknown)}. Remove them.")
    return config_class(**values)


def check_value(entry, value, minimum=None):
    """Check the value of a field against its type, choices and minimum.

    Parameters
    ----------
    entry : dataclasses.Field
        The field.
    value : object
        Its value, of any type.
    minimum : int, default=None
        Smallest allowed number.

    Returns
    -------
    object
        The value, with lists as tuples, whole numbers as `int` and numbers as `float`.

    Raises
    ------
    DscTfError
        If it is not of that type, too small, not among the choices, or needs a package that is not installed.
    """
    kind, optional = base_type(entry.type)
    if value is None and optional:
        return None
    if typing.get_origin(kind) is tuple:
        value = _check_tuple(entry, kind, value)
    else:
        value = _check_one(entry.name, kind, value, minimum)
    choices = entry.metadata.get("choices")
    for one in value if isinstance(value, tuple) else (value,):
        if choices and one not in choices:
            names = list(map(str, choices))
            raise DscTfError(
                f"{entry.name}: {one!r}. Choose one of {', '.join(names)}.{suggest(str(one), names)}"
            )
    needs = entry.metadata.get("needs")
    if needs and importlib.util.find_spec(needs) is None:
        raise DscTfError(f"{entry.name}: needs {needs}. Install it: python -m pip install 'dsc_tf[{needs}]'.")
    return value


def check_folder(path: str) -> None:
    """Refuse a name of something that is no folder, or that lies below a file.

    Raises
    ------
    DscTfError
        In these cases.
    """
    for place in (Path(path), *Path(path).parents):
        if os.path.lexists(place):
            if not place.is_dir():
                raise DscTfError(f"tensorboard: {place} is no folder. Give the name of a new one.")
            return


def base_type(kind):
    """The type of a field without `None`, and whether `None` is allowed."""
    if not isinstance(kind, types.UnionType):
        return kind, False
    parts = typing.get_args(kind)
    return next(part for part in parts if part is not type(None)), type(None) in parts


def text_to_value(entry, texts):
    """Convert what was typed after an option; text that is no number is returned as it is, for `check_value`.

    Parameters
    ----------
    entry : dataclasses.Field
        The field.
    texts : str, bool or list of str
        As argparse returns it.
    """
    kind, _ = base_type(entry.type)
    if typing.get_origin(kind) is tuple:
        kind = typing.get_args(kind)[0]
    convert = kind if kind in (int, float) else lambda text: text

    def one(text):
        try:
            return convert(text)
        except ValueError:
            return text

    return [one(text) for text in texts] if isinstance(texts, list) else one(texts)


def suggest(word, known):
    """A sentence that suggests the nearest known word, or an empty text."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def check_seed(seed):
    """Raise if NumPy and Keras do not accept a seed."""
    if not 0 <= seed < 2**32:
        raise DscTfError(f"seed: {seed}. Give an integer from 0 to {2**32 - 1}.")


def check_region(region):
    """Raise if (north, west, south, east) in degrees is no box on the Earth."""
    north, west, south, east = region
    written = " ".join(f"{v:g}" for v in region)
    if south > north:
        raise DscTfError(f"region: south {south:g} above north {north:g}. Give north, west, south, east.")
    if north > 90 or south < -90:
        raise DscTfError(f"region: {written}. Give latitudes from -90 to 90.")
    if max(abs(west), abs(east)) > 360:
        raise DscTfError(f"region: {written}. Give longitudes from -360 to 360.")
    if west == east:
        raise DscTfError(f"region: west and east are both {west:g}. Give north, west, south, east.")


def check_period(period):
    """Raise if two texts are not the first and last date of a period, such as 2001, 2001-01 or 2001-01-31."""
    if not all(PARTIAL_DATE.fullmatch(text.strip()) for text in period):
        raise DscTfError(f"period: {' '.join(period)} is not two dates. Write them as 2001-01-31.")
    first, last = ([int(part) for part in re.findall(r"\d+", text)] for text in period)
    common = min(len(first), len(last))
    if first[:common] > last[:common]:
        raise DscTfError(f"period: {period[0]} is after {period[1]}. Give the first date before the last.")


def _check_tuple(entry, kind, value):
    parts = typing.get_args(kind)
    of = "texts" if parts[0] is str else "numbers"
    many = parts[-1] is Ellipsis
    wanted = f"a list of {of}" if many else f"{len(parts)} {of}"
    if not isinstance(value, (list, tuple)) or not (many or len(value) == len(parts)):
        raise DscTfError(f"{entry.name}: {_shown(value)}. Give {wanted}.")
    if not value and entry.default != ():
        raise DscTfError(f"{entry.name}: nothing given. Give {wanted}.")
    return tuple(_check_one(entry.name, parts[0], one) for one in value)


def _check_one(name, kind, value, minimum=None):
    at_least = "" if minimum is None else f" of at least {minimum}"
    wanted = f"{KINDS[kind]}{at_least}"
    if kind is int and isinstance(value, Integral) and not isinstance(value, bool):
        value = int(value)
        valid = abs(value) <= MAX_INTEGER and (minimum is None or value >= minimum)
    elif kind is float and isinstance(value, Real) and not isinstance(value, bool):
        valid = abs(value) < math.inf and (minimum is None or value >= minimum)  # NaN compares as false
        value = float(value) if valid else value
    elif kind is str and isinstance(value, str):
        if not value.strip():
            raise DscTfError(f"{name}: an empty text. Give a value, or leave the option out.")
        valid = len(value) <= MAX_TEXT and _is_printable(value)
    else:
        valid = kind is bool and isinstance(value, bool)
    if not valid:
        raise DscTfError(f"{name}: {_shown(value)}. Give {wanted}.")
    return value


def _is_printable(text):
    """Whether a text has no control characters; bytes of a file name that is not UTF-8 are allowed."""
    return all("\udc80" <= letter <= "\udcff" or letter.isprintable() for letter in text)


def _shown(value, width=40):
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return "a number too large"
    text = str(value) if isinstance(value, Real) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= width else text[:width] + "..."
