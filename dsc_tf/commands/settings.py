"""What the settings of any command are: checked as they are made, and known apart from where results go."""

import dataclasses
import importlib.util
from dataclasses import dataclass
from typing import ClassVar

from ..errors import DscTfError


@dataclass(frozen=True)
class Settings:
    """Settings that are checked as they are made."""

    least: ClassVar[dict[str, int]] = {}  # of numbers, by name
    unscientific: ClassVar[tuple[str, ...]] = ("output", "quiet")  # what results do not depend on

    def __post_init__(self):
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, list):
                value = tuple(value)
                object.__setattr__(self, entry.name, value)
            needs = entry.metadata.get("needs")
            if value is not None and needs and importlib.util.find_spec(needs) is None:
                raise DscTfError(
                    f"{entry.name}: needs {needs}. Install it: python -m pip install 'dsc_tf[{needs}]'."
                )
            choices = entry.metadata.get("choices")
            for one in value if isinstance(value, tuple) else (value,):
                if choices and one not in choices and value is not None:
                    raise DscTfError(f"{entry.name}: {one!r}. Choose one of {', '.join(choices)}.")
        for name, least in self.least.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise DscTfError(f"{name}: {value}. Give an integer of at least {least}.")

    def science(self):
        """The settings that results depend on, as JSON can hold them."""
        settings = dataclasses.asdict(self)
        for name in self.unscientific:
            del settings[name]
        return {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}


def check_seed(seed):
    """Refuse a seed that NumPy and Keras do not take."""
    if not 0 <= seed < 2**32:
        raise DscTfError(f"seed: {seed}. Give an integer from 0 to {2**32 - 1}.")
