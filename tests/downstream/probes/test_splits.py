import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsc_tf.downstream.probes import time_blocks
from dsc_tf.errors import DscTfError


def test_ten_steps_by_hand():
    assert [b.tolist() for b in time_blocks(10)] == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]]
    assert [b.tolist() for b in time_blocks(10, gap=1)] == [[0, 1, 2, 3, 4, 5], [7], [9]]


def test_blocks_have_names():
    split = time_blocks(100, shares=(0.5, 0.3, 0.2))
    assert [len(split.train), len(split.validation), len(split.test)] == [50, 30, 20]


@given(st.integers(1, 3000), st.integers(0, 60))
def test_blocks_are_in_order_apart_and_whole(steps, gap):
    """Or there is one clear error: nothing between."""
    try:
        blocks = time_blocks(steps, gap=gap)
    except DscTfError:
        assert 0.2 * steps <= gap + 1
        return
    assert blocks.train[0] == 0 and blocks.test[-1] == steps - 1
    for block in blocks:
        np.testing.assert_array_equal(np.diff(block), 1)
    for left, right in zip(blocks, blocks[1:], strict=False):
        assert right[0] - left[-1] == gap + 1


@pytest.mark.parametrize(("steps", "gap"), [(0, 0), (2, 0), (30, 30), (100, 20)])
def test_too_short_a_record_is_one_error(steps, gap):
    with pytest.raises(DscTfError, match=f"{steps} steps with gaps of {gap}.*longer record") as caught:
        time_blocks(steps, gap=gap)
    assert "\n" not in str(caught.value)
