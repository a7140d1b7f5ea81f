import numpy as np
import pytest
from checks import check_layer

from dsc_tf.layers import TemporalGraphAttention


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def loop(x, kernel, target, source, direction, reach):
    """The equations of the docstring, one node and one head at a time."""
    outputs = np.zeros((*x.shape[:2], kernel.shape[1] * kernel.shape[2]))
    for i, series in enumerate(x):
        for t in range(len(series)):
            steps = range(t, -1, -1) if direction == "past" else range(t, len(series))
            neighbours = list(steps)[: reach + 1]
            heads = []
            for h in range(kernel.shape[1]):
                values = series @ kernel[:, h]
                scores = np.array([values[t] @ target[h] + values[s] @ source[h] for s in neighbours])
                weights = np.exp(np.where(scores > 0, scores, 0.2 * scores))
                heads.append(weights / weights.sum() @ values[neighbours])
            outputs[i, t] = np.concatenate(heads)
    return outputs


@pytest.mark.parametrize("direction", ["past", "future"])
@pytest.mark.parametrize("reach", [0, 2, None])
def test_equal_to_a_loop_over_the_equations(direction, reach, x):
    layer = TemporalGraphAttention(4, heads=2, direction=direction, reach=reach)
    layer(x)
    expected = loop(x, *map(np.asarray, layer.get_weights()), direction, 5 if reach is None else reach)
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_house_rules(x):
    check_layer(TemporalGraphAttention, {"units": 2, "heads": 3, "direction": "future", "reach": 2}, x)


def test_past_and_future_are_mirror_images(x):
    past, future = (TemporalGraphAttention(2, direction=d) for d in ("past", "future"))
    past.build(x.shape)
    future.build(x.shape)
    future.set_weights(past.get_weights())
    np.testing.assert_allclose(future(x), past(x[:, ::-1])[:, ::-1], atol=1e-6)


def test_weights_of_the_edges_sum_to_one_and_end_at_the_reach(x):
    layer = TemporalGraphAttention(2, heads=2, reach=1)
    layer.build(x.shape)
    weights = np.asarray(layer.edge_weights(x))
    assert weights.shape == (2, 2, 5, 5)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
    node, neighbour = np.indices((5, 5))
    assert not weights[..., (neighbour > node) | (node - neighbour > 1)].any()
