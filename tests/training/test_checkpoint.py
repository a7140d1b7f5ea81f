"""Checkpoints are read as they were written, or refused in one line."""

from types import SimpleNamespace

import numpy as np
import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.training.checkpoint import Checkpoint, restore


def model(*values):
    """What a checkpoint needs of a compiled Keras model: variables of model and optimizer."""
    variables = [np.asarray(value, np.float32) for value in values]
    return SimpleNamespace(variables=variables, optimizer=SimpleNamespace(variables=[]))


@pytest.fixture
def written(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", fingerprint="run 1")
    checkpoint.save("joint", 3, model([1, 2], [[3]]), [{"loss": 0.5}], {"target": np.arange(4)})
    return checkpoint


def test_what_is_saved_is_loaded(written):
    state = written.load()
    assert str(state["stage"]) == "joint" and int(state["epoch"]) == 3
    np.testing.assert_array_equal(state["variable_0"], [1, 2])
    np.testing.assert_array_equal(state["extra_target"], np.arange(4))
    assert "fingerprint" not in state and "sha256" not in state


def test_no_file_is_no_state(tmp_path):
    assert Checkpoint(tmp_path / "none.npz").load() is None


def test_checkpoint_of_another_run_is_refused(written):
    with pytest.raises(DscTfError, match="other settings, data or versions"):
        Checkpoint(written.path, fingerprint="run 2").load()


def test_every_damage_is_refused_or_harmless(written):
    """Cut anywhere, or with one bit flipped: the same state or one line, never other values."""
    whole = written.path.read_bytes()
    state = written.load()
    random = np.random.default_rng(0)
    spoiled = [whole[:size] for size in random.integers(0, len(whole), 20)]
    for position in random.integers(0, len(whole), 60):
        bits = bytearray(whole)
        bits[position] ^= 1 << random.integers(8)
        spoiled.append(bytes(bits))
    refused = 0
    for content in spoiled:
        written.path.write_bytes(content)
        try:
            found = written.load()
        except DscTfError as error:
            assert "\n" not in str(error)
            refused += 1
            continue
        assert found.keys() == state.keys()
        assert all(np.array_equal(found[name], state[name]) for name in state)
    assert refused > 40


def test_a_pickle_is_not_opened(written):
    with open(written.path, "wb") as file:
        np.savez(file, stage=np.array({"a": 1}, dtype=object))
    with pytest.raises(DscTfError, match="cannot be read"):
        written.load()


def test_folder_that_disappears_is_one_line(written):
    written.path.unlink()
    written.path.parent.rename(written.path.parent.with_name("moved"))
    with pytest.raises(DscTfError, match="has disappeared"):
        written.save("joint", 4, model([1, 2]), [], {})


def test_state_of_another_network_is_refused(written):
    import keras

    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    other.compile("adam", "mse")
    with pytest.raises(DscTfError, match="another network"):
        restore(written.load(), other)
