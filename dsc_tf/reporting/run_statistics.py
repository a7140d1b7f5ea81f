"""Statistics of a finished run: trends, residence times, transitions, life cycles, names, impact on another record."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import DscTfError, refuse_damaged
from ..preprocessing.preprocessor import Preprocessor
from ..preprocessing.windows import segment_starts
from ..records.grids import area_weights
from ..records.open import open_dataset
from ..regimes.impact import regime_impact, steps_in_common
from ..regimes.index import life_cycles
from ..regimes.patterns import match_patterns
from ..regimes.residence import residence_test
from ..regimes.transitions import transition_test
from ..regimes.years import frequency_by_year
from .finished import FinishedRun, read_run

MIN_CLUSTERS = 3  # fewer leave no choice of the next cluster
AGGREGATES = {"daily": "daily", "monthly": "monthly"}  # steps of a run to which a finer record is averaged


@dataclass(frozen=True)
class RunStatistics:
    """Statistics of the labels of a finished run, see `run_statistics`.

    Parameters
    ----------
    names : list of str
        Names of the clusters by matching with a reference, "cluster 0" and so on without one.
    years : xr.Dataset
        As `frequency_by_year` returns it.
    residence : xr.Dataset
        As `residence_test` returns it.
    transitions : xr.Dataset or None
        As `transition_test` returns it; None with fewer than three clusters.
    index : xr.DataArray or None
        Regime index (time, cluster), if the run has one.
    cycles : pandas.DataFrame or None
        As `life_cycles` returns it.
    match : xr.Dataset or None
        As `match_patterns` returns it.
    impact : dict of str to tuple of xr.Dataset
        For each variable: `regime_impact` of its cells, and of its mean over the area.
    """

    names: list
    years: xr.Dataset
    residence: xr.Dataset
    transitions: xr.Dataset | None = None
    index: xr.DataArray | None = None
    cycles: pd.DataFrame | None = None
    match: xr.Dataset | None = None
    impact: dict = field(default_factory=dict)

    def dataset(self) -> xr.Dataset:
        """Everything over clusters as one CF dataset, with `residence_` and `transition_` in front of some names."""
        parts = [self.years, self.residence.rename({n: f"residence_{n}" for n in self.residence.data_vars})]
        if self.transitions is not None:
            parts.append(self.transitions.rename({n: f"transition_{n}" for n in self.transitions.data_vars}))
        if self.match is not None:
            parts.append(self.match)
        return xr.merge(parts, combine_attrs="drop", join="outer", compat="no_conflicts").assign_attrs(
            Conventions="CF-1.8", title="Statistics of regimes"
        )

    def impact_dataset(self) -> xr.Dataset:
        """Impact on all variables as one CF dataset, with the name of the variable in front of the names."""
        parts = [
            found.rename({name: f"{variable}_{name}" for name in found.data_vars}).drop_attrs(deep=False)
            for variable, (found, _) in self.impact.items()
        ]
        events = {f"event_{variable}": found.attrs["event"] for variable, (found, _) in self.impact.items()}
        attrs = {"Conventions": "CF-1.8", "title": "Impact of regimes"} | events
        return xr.merge(parts, join="outer", compat="override").assign_attrs(attrs)

    def impact_rows(self) -> list[dict[str, Any]]:
        """Rows of a table: variable, cluster, and the figures of the mean over the area and of the cells."""
        return [
            {
                "variable": variable,
                "cluster": j,
                "name": self.names[j],
                "mean_anomaly": float(mean["composite"][j].item()),
                "mean_anomaly_p_value": float(mean["p_value"][j].item()),
                "significant_cells": float(cells["significant_share"][j]),
                "event_share": float(mean["event_share"][j].item()),
                "odds_ratio": float(mean["odds_ratio"][j].item()),
                "odds_low": float(mean["odds_low"][j].item()),
                "odds_high": float(mean["odds_high"][j].item()),
                "odds_p_value": float(mean["odds_p_value"][j].item()),
            }
            for variable, (cells, mean) in self.impact.items()
            for j in range(cells.sizes["cluster"])
        ]


def run_statistics(
    run: str | Path | FinishedRun,
    *,
    reference: str | Path | None = None,
    impact: Any = None,
    variables: Sequence[str] | None = None,
    quantile: float = 0.9,
    block: int = 10,
) -> RunStatistics:
    """Compute the statistics of a finished run from its folder.

    Parameters
    ----------
    run : path or FinishedRun
        Folder that `dsc_tf.train` wrote.
    reference : path, default=None
        Another run, or a netCDF file with patterns over (any dimension, latitude, longitude), whose names the clusters
        get, see `match_patterns`.
    impact : path, list of path or xr.Dataset, default=None
        Record of other variables, in any form that `open_dataset` reads; its steps are averaged to those of the run if
        they are finer.
    variables : list of str, default=None
        Variables of `impact`; None uses all.
    quantile, block
        Event and length of blocks, see `regime_impact`. Composites are of departures from the seasonal cycle.

    Returns
    -------
    RunStatistics

    Raises
    ------
    DscTfError
        If the run or a file cannot be read, or has no step or no cells in common.
    """
    found = run if isinstance(run, FinishedRun) else read_run(run)
    with refuse_damaged("run", found.path, "Repeat the run."):
        with xr.open_dataset(found.path / "labels.nc") as stored:
            time = stored["time"].load()
            index = stored["regime_index"].load() if "regime_index" in stored else None
        starts = segment_starts(time.values)
    labels, k = found.labels, found.regimes.sizes["cluster"]
    match = None if reference is None else _match(found, reference)
    few = np.unique(labels[labels >= 0]).size < MIN_CLUSTERS
    return RunStatistics(
        names=[f"cluster {j}" for j in range(k)] if match is None else match["name"].values.tolist(),
        years=frequency_by_year(labels, time),
        residence=residence_test(labels, starts),
        transitions=None if few else transition_test(labels, starts),
        index=index,
        cycles=None if index is None else life_cycles(index),
        match=match,
        impact={} if impact is None else _impact(found, time, impact, variables, quantile, block),
    )


def _match(found, reference):
    """Match the composites of the first variable that the reference has too."""
    path = Path(reference)
    if not path.exists():
        raise DscTfError(f"reference: there is no {path}. Give a run folder or a netCDF file of patterns.")
    own = {name: found.regimes[name] for name in found.variables if name in found.regimes}
    with refuse_damaged("reference", path, "Give a run folder or a netCDF file of patterns."):
        with xr.open_dataset(path / "regimes.nc" if path.is_dir() else path) as stored:
            maps = {
                str(name): values.load()
                for name, values in stored.data_vars.items()
                if values.ndim == 3 and {"latitude", "lat"} & set(values.dims)
            }
    if not maps:
        raise DscTfError(f"reference: {path} holds no maps over one more dimension. Give patterns.")
    name = next((n for n in own if n in maps), None)
    only = name is None and len(own) == len(maps) == 1
    name, other = (next(iter(own)), next(iter(maps))) if only else (name, name)
    if name is None:
        raise DscTfError(
            f"reference: {path} holds {', '.join(maps)}, the run {', '.join(own)}. Give patterns of one of these."
        )
    patterns = maps[other]
    numbered = np.issubdtype(patterns[patterns.dims[0]].dtype, np.number)
    names = [f"{path.name} {j}" for j in range(len(patterns))] if numbered else None
    return match_patterns(own[name], patterns, names=names).assign_attrs(variable=name)


def _impact(found, time, source, variables, quantile, block):
    """Impact on each variable of a record, over its cells and over the mean of the area."""
    ds = source if isinstance(source, xr.Dataset) else _opened(found, source, variables)
    at, other = steps_in_common(time.values, ds["time"].values)
    labels = found.labels[at]
    if not (labels >= 0).any():
        raise DscTfError("impact: no step in common with the labels of the run. Give a record of its period.")
    anomalies = Preprocessor("anomaly").fit(ds).anomalies(ds)
    result = {}
    for name in ds.data_vars:
        values, departures = (one[name].isel(time=other).load() for one in (ds, anomalies))
        options = {"quantile": quantile, "block": block}
        means = [_area_mean(one) for one in (values, departures)]
        result[str(name)] = (
            regime_impact(values, labels, anomalies=departures, **options),
            regime_impact(means[0], labels, anomalies=means[1], **options),
        )
    return result


def _opened(found, source, variables):
    """Return a record of other variables, with steps not finer than those of the run."""
    source = source[0] if isinstance(source, (list, tuple)) and len(source) == 1 else source
    source = list(source) if isinstance(source, tuple) else source
    names = None if variables is None else list(variables)
    ds = open_dataset(source, variables=names)
    steps = np.diff(ds["time"].values[:1000])
    day, wanted = np.timedelta64(1, "D"), AGGREGATES.get(found.step)
    if wanted is None or not len(steps) or steps.dtype.kind != "m":
        return ds
    finer = np.median(steps) < (0.9 * day if wanted == "daily" else 27 * day)
    return open_dataset(source, variables=names, aggregate=wanted) if finer else ds


def _area_mean(values):
    """Mean over the known cells, weighted by area, as a variable over one cell."""
    weight = xr.DataArray(area_weights(values["latitude"].values), dims="latitude")
    mean = (
        values.weighted(weight).mean(("latitude", "longitude")).expand_dims(latitude=[0.0], longitude=[0.0])
    )
    return mean.transpose("time", "latitude", "longitude").assign_attrs(values.attrs).rename(values.name)
