"""Fields cut into overlapping tiles, and tiles blended into a field with weights that fall towards their edges."""

import numpy as np

from ..errors import DscTfError

SMALLEST_WEIGHT = 1e-6  # of the outermost cells of a tile, whose Hann weight is 0


def tile_corners(shape: tuple[int, ...], tile: int, stride: int) -> np.ndarray:
    """First row and column of each tile; the last tile of each axis ends at the edge of the grid.

    Parameters
    ----------
    shape : tuple of int
        (latitude, longitude) of the grid.
    tile : int
        Cells of a tile along each axis.
    stride : int
        Cells between the beginnings of neighbouring tiles.

    Returns
    -------
    array of int, shape (tile, 2)

    Raises
    ------
    DscTfError
        If the grid is smaller than a tile.

    Examples
    --------
    >>> tile_corners((4, 7), 4, 2).tolist()
    [[0, 0], [0, 2], [0, 3]]
    """
    if min(shape) < tile:
        raise DscTfError(
            f"fine: a grid of {shape[0]} x {shape[1]} cells. Tiles need at least {tile} x {tile}."
        )
    starts = [np.unique([*range(0, size - tile + 1, stride), size - tile]) for size in shape]
    return np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 2)


def cut(fields: np.ndarray, corners: np.ndarray, tile: int) -> np.ndarray:
    """Tiles of fields.

    Parameters
    ----------
    fields : array of shape (..., latitude, longitude)
        Fields.
    corners : array of int, shape (tile, 2)
        As `tile_corners` returns them.
    tile : int
        Cells of a tile along each axis.

    Returns
    -------
    array of shape (..., tile, row, column)
    """
    return np.stack([fields[..., r : r + tile, c : c + tile] for r, c in corners], axis=-3)


def blend(tiles: np.ndarray, corners: np.ndarray, shape: tuple[int, ...], *, halo: int = 0) -> np.ndarray:
    """Weighted mean of overlapping tiles, of Hann weights in both directions.

    Parameters
    ----------
    tiles : array of shape (..., tile, row, column)
        Tiles.
    corners : array of int, shape (tile, 2)
        As `tile_corners` returns them.
    shape : tuple of int
        (latitude, longitude) of the grid.
    halo : int, default=0
        Rows and columns at the edge of a tile that are not used, unless they lie at the edge of the grid. The stride
        of the tiles must not be above the remaining rows and columns, or cells without a value (NaN) are left.

    Returns
    -------
    array of shape (..., latitude, longitude)

    Examples
    --------
    >>> corners = tile_corners((4, 6), 4, 1)
    >>> field = np.arange(24.0).reshape(4, 6)
    >>> bool(np.allclose(blend(cut(field, corners, 4), corners, (4, 6), halo=1), field))
    True
    """
    tile = tiles.shape[-1]
    total, weight = np.zeros((*tiles.shape[:-3], *shape)), np.zeros(shape)
    for number, corner in enumerate(corners):
        rows, columns = (_edge_weights(at, tile, size, halo) for at, size in zip(corner, shape, strict=True))
        each = np.outer(rows, columns)
        place = (slice(corner[0], corner[0] + tile), slice(corner[1], corner[1] + tile))
        total[(..., *place)] += each * tiles[..., number, :, :]
        weight[place] += each
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _edge_weights(start, tile, size, halo):
    """Weights of the cells of a tile along one axis: a Hann window, 0 in the halo inside the grid."""
    weights = np.maximum(np.hanning(tile), SMALLEST_WEIGHT)
    cell = np.arange(tile)
    inside = ((cell >= halo) | (start == 0)) & ((cell < tile - halo) | (start + tile == size))
    return weights * inside
