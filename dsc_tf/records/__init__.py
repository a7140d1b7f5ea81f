"""From files to a checked dataset: opening, axes, joins, selection, validation. NumPy and xarray only."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "notes": ["notes_of"],
        "open": ["open_dataset"],
        "units": ["check_units_and_grid"],
    },
)
