"""Choice of the number format that a machine computes fastest in."""

import keras

from ..errors import DscTfError

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
CHOICES = ("auto", *POLICIES)


def dtype_policy(precision, *, best="bfloat16"):
    """Keras dtype policy for `precision`.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" is bfloat16 where the processor or GPU multiplies it natively, else float32.
    best : {"float32", "bfloat16"}, default="bfloat16"
        The lowest precision that the method bears; "auto" goes no lower.

    Raises
    ------
    DscTfError
        If `precision` is none of these.
    """
    if precision not in CHOICES:
        raise DscTfError(f"precision: {precision!r}. Choose one of {', '.join(CHOICES)}.")
    if precision == "auto":
        precision = best if has_native_bfloat16() else "float32"
    return POLICIES[precision]


def has_native_bfloat16():
    """Whether the first GPU, or without one the processor, multiplies bfloat16 in hardware."""
    return _gpu_has_bfloat16() if _has_gpu() else _processor_has_bfloat16()


def _has_gpu():
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    return any(device.startswith(("gpu", "cuda")) for device in keras.distribution.list_devices())


def _gpu_has_bfloat16():
    if keras.backend.backend() != "tensorflow":
        return True
    import tensorflow as tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    details = tf.config.experimental.get_device_details(gpu)
    return details.get("compute_capability", (0, 0)) >= (8, 0)


def _processor_has_bfloat16(cpuinfo="/proc/cpuinfo"):
    try:
        with open(cpuinfo) as file:
            flags = file.read().split()
    except OSError:  # not Linux: no safe way to ask
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags
