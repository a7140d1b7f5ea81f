"""Keys are not sent unencrypted nor shown, and an answer cannot fill the disk."""

import zipfile

import pytest

from dsc_tf.datasets.era5.account import credentials, refusal
from dsc_tf.datasets.era5.answers import unpacked
from dsc_tf.errors import DscTfError

KEY = "11111111-dead-beef-0000-5ec2e7000000"


def test_a_key_is_not_sent_unencrypted(monkeypatch):
    pytest.importorskip("cdsapi")
    monkeypatch.delenv("DSC_TF_PLAIN_HTTP")
    monkeypatch.setenv("CDSAPI_KEY", KEY)
    monkeypatch.setenv("CDSAPI_URL", "http://cds.example/api")
    with pytest.raises(DscTfError, match="not encrypted") as caught:
        credentials()
    assert KEY not in str(caught.value)
    monkeypatch.setenv("CDSAPI_URL", "https://cds.example/api")
    assert credentials()[0] == "https://cds.example/api"


def test_a_key_that_an_answer_repeats_is_not_shown():
    assert KEY not in str(refusal(RuntimeError(f"bad key {KEY}"), "x"))


def test_a_zip_that_unpacks_to_far_more_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.answer"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.nc", "w") as member:
        for _ in range(40):
            member.write(b"\0" * 2**20)  # 40 MB of zeros, 1000 times smaller in the zip
    with pytest.raises(DscTfError, match="would unpack to 42 MB"):
        unpacked(path, ["t2m"])
    assert [p.name for p in tmp_path.iterdir()] == ["a.answer"]
