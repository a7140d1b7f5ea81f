"""Nothing of the foretold month is in what foretells it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.signal import lfilter

from dsc_tf.downstream.encoders import Record
from dsc_tf.downstream.probes import time_blocks
from dsc_tf.downstream.probes.classify import boosted_events, linear_events, logistic_events
from dsc_tf.downstream.tasks import probe_drought

STEPS = 900
SPLIT = time_blocks(STEPS, gap=12)


def white_events(places):
    return (np.random.default_rng(0).random((STEPS, places)) < 0.4).astype(float)


def ahead(events, lead):
    """Of each step, the event `lead` steps later; NaN where the record has ended."""
    result = np.full(events.shape, np.nan)
    result[: STEPS - lead] = events[lead:]
    return result


def test_white_events_are_known_when_there_and_not_a_step_ahead():
    events = white_events(6)
    assert linear_events(events, ahead(events, 0), SPLIT) > 0.99
    assert linear_events(events, ahead(events, 1), SPLIT) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("method", [boosted_events, logistic_events])
def test_white_events_of_one_place_are_known_when_there_and_not_a_step_ahead(method):
    events = white_events(1)
    past = np.concatenate([np.roll(events, lag, axis=0) for lag in range(5)], axis=1)
    assert method(past, ahead(events[:, 0], 0), SPLIT) > 0.99
    assert method(past, ahead(events[:, 0], 1), SPLIT) == pytest.approx(0.5, abs=0.1)


def droughts(memory):
    """A made-up index over (time, latitude, longitude), autoregressive at every cell apart."""
    noise = np.random.default_rng(1).normal(size=(STEPS + 100, 2, 3))
    index = lfilter([np.sqrt(1 - memory**2)], [1, -memory], noise, axis=0)[100:]
    coords = {"time": pd.date_range("1920-01-01", periods=STEPS, freq="MS")}
    ds = xr.Dataset({"pdsi": (("time", "latitude", "longitude"), index)}, coords)
    return Record(ds, index[..., None], None, SPLIT)


def areas(record, features):
    return probe_drought(record, features, 0, threshold=-0.5)


def test_drought_without_memory_cannot_be_foretold():
    record = droughts(memory=0.0)
    for area in areas(record, record.flat).values():
        assert area == pytest.approx(0.5, abs=0.08)


def test_drought_with_memory_can_and_the_less_the_further():
    record = droughts(memory=0.9)
    measured = areas(record, record.flat)
    for method in {measure.split(" +")[0] for measure in measured}:
        near, _, _, far = (measured[f"{method} +{lead}"] for lead in (1, 3, 6, 12))
        assert near > 0.85 and 0.4 < far < near - 0.15


def test_cells_without_values_are_left_out():
    record = droughts(memory=0.9)
    expected = areas(record, record.flat)
    wider = record.ds.pad(longitude=(0, 1))
    assert areas(Record(wider, record.fields, None, SPLIT), record.flat) == pytest.approx(expected)
