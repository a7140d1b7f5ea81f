"""Remarks on what was assumed, converted or omitted: shown once as warnings and stored in the dataset."""

import warnings

ATTRIBUTE = "dsc_tf_notes"


class Notes(list):
    """Remarks collected while a record is opened, each one line of text without repetition.

    Attributes
    ----------
    minor : set of str
        Remarks that are stored but not shown as warnings.
    """

    def __init__(self):
        super().__init__()
        self.minor = set()

    def add(self, text, *, minor=False):
        """Append a remark unless it is already there."""
        if text not in self:
            self.append(text)
        if minor:
            self.minor.add(text)


def publish(ds, notes):
    """Warn of each remark and store all of them in `ds.attrs["dsc_tf_notes"]`, one per line."""
    for text in (text for text in notes if text not in notes.minor):
        warnings.warn(text, UserWarning, stacklevel=3)
    known = [text for text in notes_of(ds) if text not in notes]
    lines = [*known, *notes]
    return ds.assign_attrs({ATTRIBUTE: "\n".join(lines)}) if lines else ds


def notes_of(ds):
    """Remarks stored in a dataset.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.

    Returns
    -------
    list of str
        Empty where nothing was assumed, converted or omitted.
    """
    text = ds.attrs.get(ATTRIBUTE, "")
    return [line for line in str(text).splitlines() if line]
