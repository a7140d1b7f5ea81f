"""The option `fill` of the preprocessor, and of what is built on it."""

import numpy as np
import pytest
import xarray as xr
from sklearn.base import clone

import dsc_tf
from dsc_tf.clusterers.pipeline import load_pipeline, make_pipeline, save_pipeline
from dsc_tf.datasets.mock import mock_dataset
from dsc_tf.downstream.encoders import open_record
from dsc_tf.errors import DscTfError
from dsc_tf.interpolation import GapFiller
from dsc_tf.preprocessing import Preprocessor


@pytest.fixture(scope="module")
def holes():
    return mock_dataset(days=58, nan_policy="isolated")


@pytest.mark.parametrize("fill", ["kriging", GapFiller(neighbours=8, steps=1)])
def test_samples_are_those_of_the_filled_record(holes, fill):
    filler = GapFiller() if fill == "kriging" else clone(fill)
    filled = filler.fit_transform(holes)[list(holes.data_vars)]
    prep = Preprocessor("anomaly", fill=fill)
    np.testing.assert_array_equal(prep.fit_transform(holes), Preprocessor("anomaly").fit_transform(filled))
    assert prep.attributes_[0] == holes.t2m.attrs and hasattr(filler, "models_")
    assert fill == "kriging" or not hasattr(fill, "models_")  # the given object is cloned


def test_other_records_are_filled_with_the_constants_learned_and_all_is_saved(holes, tmp_path):
    X, prep = dsc_tf.prepare(holes.isel(time=slice(45)), "anomaly", fill="kriging")
    later = holes.isel(time=slice(45, 58))
    expected = prep.filler_.transform(later)[list(holes.data_vars)]
    np.testing.assert_array_equal(prep.transform(later), prep.transform(expected))
    np.savez(tmp_path / "state.npz", **prep.state())
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        again = Preprocessor.from_state(state)
    assert again.fill == "kriging" and X.shape[0] == 45
    np.testing.assert_array_equal(again.transform(later), prep.transform(later))


def test_a_pipeline_keeps_its_filler(holes, tmp_path):
    pipe = make_pipeline(Preprocessor("anomaly", fill="kriging"), dsc_tf.KMeans(3, random_state=0))
    pipe.fit(holes)
    save_pipeline(pipe, tmp_path)
    again = load_pipeline(tmp_path)
    assert again.preprocessor.filler_ is not None
    xr.testing.assert_identical(again.predict(holes), pipe.predict(holes))
    assert clone(pipe).set_params(preprocessor__fill="constant").fit(holes).preprocessor.filler_ is None


def test_without_gaps_nothing_changes():
    ds = mock_dataset(days=30)
    np.testing.assert_array_equal(
        Preprocessor("paper", fill="kriging").fit_transform(ds), Preprocessor("paper").fit_transform(ds)
    )


@pytest.mark.parametrize("fill", ["cubic", 3, None, dict])
def test_other_fills_are_refused(holes, fill):
    with pytest.raises(DscTfError, match="fill: .* Choose constant, kriging or a GapFiller"):
        Preprocessor(fill=fill).fit(holes)


def test_a_probed_record_is_filled_from_the_training_block_and_from_no_other_step(holes):
    options = {"fill": "kriging", "gap": 2}
    record = open_record(holes, **options)
    end = record.split.train[-1] + 1
    changed = holes.copy(deep=True)
    changed.t2m.values[end:] += 1
    other = open_record(changed, **options)
    np.testing.assert_array_equal(other.fields[:end], record.fields[:end])
    state, again = record.prep.state(), other.prep.state()
    for name in state:
        np.testing.assert_array_equal(state[name], again[name])
    one = holes.copy(deep=True)
    one.t2m.values[50] += 1  # another step changes no other one
    fields = open_record(one, **options).fields
    np.testing.assert_array_equal(np.delete(fields, 50, axis=0), np.delete(record.fields, 50, axis=0))
    assert not np.array_equal(fields[50], record.fields[50])
