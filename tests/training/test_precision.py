import pytest

from dsc_tf.errors import DscTfError
from dsc_tf.training import precision


def test_auto_follows_the_hardware_and_the_recipe(monkeypatch):
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda: True)
    assert precision.dtype_policy("auto") == "mixed_bfloat16"
    assert precision.dtype_policy("auto", best="float32") == "float32"
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda: False)
    assert precision.dtype_policy("auto") == "float32"
    assert precision.dtype_policy("bfloat16") == "mixed_bfloat16"


@pytest.mark.parametrize(
    ("flags", "native"), [("avx2 amx_bf16", True), ("avx512_bf16", True), ("avx512f", False)]
)
def test_processor_is_asked_by_its_flags(flags, native, tmp_path):
    (tmp_path / "cpuinfo").write_text(f"flags : fpu {flags} sse")
    assert precision._processor_has_bfloat16(tmp_path / "cpuinfo") is native
    assert precision._processor_has_bfloat16(tmp_path / "absent") is False


def test_unknown_precision_is_refused():
    with pytest.raises(DscTfError, match="float16.*auto, float32, bfloat16"):
        precision.dtype_policy("float16")
