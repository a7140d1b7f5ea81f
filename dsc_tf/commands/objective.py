"""Objective of DSC where the user names none: forecasts, unless the record or another option speaks against them."""

from collections.abc import Iterable
from typing import Any

from ..clusterers.registry import METHODS, OBJECTIVES, PREDICTIVE
from ..records.memory import memory_limit

FIELDS, PUBLISHED = "fields", "published"
MIN_YEARS = 3
MIN_SPAN = (360 * MIN_YEARS - 31) / 365.25  # years between first and last step, also in months of 30 days
MIN_STEP = 0.9  # days between steps: leads of 1 and 3 steps are meant as days or longer
MIN_CONSECUTIVE = 7 + 3  # steps of the longest segment: the window of the forecasts and their longest lead
COPIES = 8  # copies of the prepared record that fit into memory; a fit of "fields" holds about seven


def requires_published(config: Any, given: Iterable[str]) -> str | None:
    """Name of the first setting that only the published objective can obey, or None.

    Parameters
    ----------
    config : TrainConfig
        Settings.
    given : iterable of str
        Options of methods that differ from their defaults.
    """
    known = METHODS[OBJECTIVES[FIELDS]].options
    if config.encoder is not None:
        return "encoder"
    for name in given:
        if name not in known:
            return name
    if config.window > 1:
        return "window"
    if config.gpus != "one":
        return "gpus"
    if config.protocol not in (None, "anomaly", PREDICTIVE):
        return "protocol"
    return "smoothing" if config.smooth > 1 and config.smoothing != "causal" else None


def choose_objective(ds: Any, memory: str | None = None) -> tuple[str, str]:
    """Objective of DSC for a record, with the reason.

    "fields" learns forecasts, whose benefit was measured on held-out years of long records; it needs at least three
    years, gap-free stretches of ten steps, steps of a day or longer, and a record that fits into memory eight times.
    Any other record gets "published".

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it.
    memory : str, default=None
        Memory that the record may take; None is half of what is available.

    Returns
    -------
    objective : str
    reason : str
        For a message: the property of the record that decided.
    """
    import numpy as np
    import pandas as pd

    from ..preprocessing.preprocessor import record_members
    from ..preprocessing.seasonal_cycle import years_covered
    from ..preprocessing.windows import segment_starts

    times, years = ds.indexes["time"], years_covered(ds["time"])
    span = f"the record spans {years:.1f} years"
    starts = segment_starts(ds["time"].values, record_members(ds))
    longest = int(np.diff([*starts, len(times)]).max())
    within = (times[1:] - times[:-1])[~np.isin(np.arange(1, len(times)), starts)]
    step = np.median(within / pd.Timedelta("1D")) if len(within) else 0.0
    needed = COPIES * 4 * sum(ds[name].size for name in ds.data_vars)
    if years < MIN_SPAN:
        return PUBLISHED, f"{span}, and forecasts need {MIN_YEARS}"
    if longest < MIN_CONSECUTIVE:
        return PUBLISHED, f"at most {longest} steps are consecutive, and forecasts need {MIN_CONSECUTIVE}"
    if step < MIN_STEP:
        return PUBLISHED, "the steps are shorter than a day, see --aggregate daily"
    if needed > memory_limit(memory):
        return PUBLISHED, f"forecasts need about {needed / 1e9:.2g} GB of memory, see --memory"
    return FIELDS, span
