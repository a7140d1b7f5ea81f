"""Fields some steps ahead, from what is known now."""

import numpy as np

from .ridge import RidgeProbe

FIELD_ALPHAS = tuple(10.0**p for p in range(-1, 8))


def fields_ahead(features, fields, lead, split, units):
    """Errors of a linear forecast of whole fields.

    Parameters
    ----------
    features : array of shape (time, feature)
        What is known at each step.
    fields : array of shape (time, latitude, longitude, variable)
        Fields in any units.
    lead : int
        Steps ahead.
    split : Split
        Steps at which forecasts are made; those of the test block reach into no other.
    units : array of shape (variable,)
        Physical unit of 1 in `fields`.

    Returns
    -------
    array of shape (variable,)
        Root mean squared error on the test block, in physical units.
    """
    targets = fields.reshape(len(fields), -1)
    z = features / np.maximum(features[split.train].std(), 1e-12)
    train, validation, test = split.ahead(lead, len(fields))
    probe = RidgeProbe(FIELD_ALPHAS).fit(
        z[train], targets[train + lead], z[validation], targets[validation + lead]
    )
    error = (probe.predict(z[test]) - targets[test + lead]).reshape(-1, *fields.shape[1:])
    return np.sqrt((error**2).mean(axis=(0, 1, 2))) * units
