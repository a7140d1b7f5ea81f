import numpy as np
import pytest

from dsc_tf.downscaling.tiles import blend, cut, tile_corners
from dsc_tf.errors import DscTfError


def test_corners_cover_the_grid_and_end_at_its_edges():
    assert tile_corners((16, 16), 16, 2).tolist() == [[0, 0]]
    corners = tile_corners((20, 25), 16, 8)
    assert sorted(set(corners[:, 0])) == [0, 4] and sorted(set(corners[:, 1])) == [0, 8, 9]
    with pytest.raises(DscTfError, match="fine: a grid of 12 x 30 cells. Tiles need at least 16 x 16"):
        tile_corners((12, 30), 16, 8)


@pytest.mark.parametrize(
    ("shape", "tile", "stride", "halo"),
    [((20, 24), 16, 2, 4), ((19, 29), 16, 8, 4), ((16, 40), 16, 8, 0), ((7, 9), 4, 1, 1), ((5, 5), 4, 2, 1)],
)
def test_blended_tiles_of_a_field_are_the_field(shape, tile, stride, halo):
    field = np.random.default_rng(0).normal(size=(2, *shape))
    corners = tile_corners(shape, tile, stride)
    tiles = cut(field, corners, tile)
    assert tiles.shape == (2, len(corners), tile, tile)
    np.testing.assert_allclose(blend(tiles, corners, shape, halo=halo), field, rtol=1e-12)


def test_weights_are_hann_windows_without_the_halo():
    """Two tiles in a row, of constant values 0 and 1: their blend is the share of the weight of the second."""
    corners = tile_corners((8, 12), 8, 4)
    tiles = np.stack([np.zeros((8, 8)), np.ones((8, 8))])
    blended = blend(tiles, corners, (8, 12), halo=2)
    hann = np.sin(np.pi * np.arange(8) / 7) ** 2
    first, second = hann[4:6], hann[:2]  # columns 4 and 5: the halo of the second tile
    assert (blended[:, :6] == 0).all() and (blended[:, 6:] == 1).all()
    overlap = blend(tiles, corners, (8, 12), halo=0)[0, 4:6]
    np.testing.assert_allclose(overlap, second / (first + second), atol=2e-6)


def test_a_stride_that_leaves_cells_out_is_visible():
    corners = tile_corners((8, 16), 8, 8)
    blended = blend(np.ones((len(corners), 8, 8)), corners, (8, 16), halo=2)
    assert np.isnan(blended[:, 6:10]).all() and np.isfinite(blended[:, :6]).all()
