"""Files of run folders of unknown origin: large, packed and damaged ones are refused before they fill the memory."""

import json
import zipfile

import numpy as np
import pytest

from dsc_tf import stored
from dsc_tf.errors import DscTfError


def header(shape):
    """An .npy member that claims a shape and holds no values."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_arrays_are_read_as_they_were_written(tmp_path):
    np.savez(tmp_path / "a.npz", one=np.arange(3), two=np.array("text"))
    found = stored.read_arrays(tmp_path / "a.npz")
    assert found["one"].tolist() == [0, 1, 2] and str(found["two"]) == "text"


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", zeros=np.zeros(10**7, "u1"))
    with pytest.raises(ValueError, match="a.npz unpacks to 10 MB"):
        stored.read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", ["(1000,)", "(1000000000000000,)"])
def test_an_array_that_claims_more_values_than_it_holds_is_refused(tmp_path, shape):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header(shape))
    with pytest.raises(ValueError):
        stored.read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(40)])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError):
        stored.read_arrays(tmp_path / "a.npz")


def test_a_long_text_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(2 * stored.MAX_TEXT)  # takes no room on the disk
    with pytest.raises(ValueError, match="a.json has 20 MB"):
        stored.read_json(tmp_path / "a.json")


def test_weights_that_are_not_in_the_file_are_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", shape=(10**6, 10**6), dtype="f4", chunks=(1000, 1000))
    with pytest.raises(ValueError, match="w.h5 unpacks to 4000000 MB"):
        stored.check_weights(tmp_path / "w.h5")


@pytest.mark.parametrize("settings", [{"size": 10**6}, {"filters": [4, 10**6]}, {"depth": 1001}])
def test_sizes_beyond_the_weights_are_refused(tmp_path, settings):
    (tmp_path / "w.h5").write_bytes(bytes(5000))
    stored.check_sizes({"size": 512, "filters": 8, "depth": 3, "grid": None}, tmp_path / "w.h5")
    with pytest.raises(ValueError):
        stored.check_sizes(settings, tmp_path / "w.h5")


def test_an_encoder_with_a_huge_size_is_refused_in_one_line(tmp_path):
    from dsc_tf.representations import SpaceTimeTS2Vec

    X = np.random.default_rng(0).normal(size=(8, 4, 5, 1)).astype("float32")
    tiny = {"grid": None, "filters": 1, "depth": 1, "window": 3, "steps": 0}
    SpaceTimeTS2Vec(2, **tiny, random_state=0).fit(X).save(tmp_path)
    SpaceTimeTS2Vec.load(tmp_path)
    content = json.loads((tmp_path / "encoder.json").read_text())
    content["settings"]["size"] = 10**8
    (tmp_path / "encoder.json").write_text(json.dumps(content))
    with pytest.raises(DscTfError, match="encoder: .* is damaged .size of 100000000"):
        SpaceTimeTS2Vec.load(tmp_path)
