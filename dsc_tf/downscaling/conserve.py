"""Fine fields whose block means are the coarse values."""

import numpy as np


def conserve_blocks(fine, coarse, block, *, amount):
    """Change fine fields so that their mean over each coarse cell is the coarse value.

    The difference is added to the cells of the block; amounts are multiplied by the ratio instead, and where all are 0
    they get the coarse amount.

    Parameters
    ----------
    fine : array of shape (..., cell)
        Fine fields; missing cells (NaN) stay missing and do not count.
    coarse : array of shape (..., block)
        Coarse values; a missing one leaves its block as it is.
    block : array of int, shape (cell,)
        Coarse cell of each fine cell, -1 where in none, as `block_of_cells` returns it.
    amount : bool
        Whether the values are amounts, which cannot be negative.

    Returns
    -------
    array of shape (..., cell)

    Examples
    --------
    >>> import numpy as np
    >>> block = np.array([0, 0, 1, 1])
    >>> conserve_blocks(np.array([1.0, 3.0, 0.0, 0.0]), np.array([4.0, 5.0]), block, amount=True)
    array([2., 6., 5., 5.])
    >>> conserve_blocks(np.array([1.0, 3.0, 0.0, 2.0]), np.array([4.0, 5.0]), block, amount=False)
    array([3., 5., 4., 6.])
    """
    result = fine.copy()
    for number in np.unique(block[block >= 0]):
        cells = np.flatnonzero(block == number)
        known = cells[np.isfinite(fine[..., cells]).reshape(-1, len(cells)).all(axis=0)]
        if not len(known):
            continue
        wanted = coarse[..., number]
        wanted = np.where(np.isfinite(wanted), wanted, fine[..., known].mean(axis=-1))
        mean = fine[..., known].mean(axis=-1)
        if not amount:
            result[..., known] += (wanted - mean)[..., None]
            continue
        ratio = np.maximum(wanted, 0.0) / np.where(mean > 0, mean, 1.0)
        result[..., known] = np.where(
            (mean > 0)[..., None], fine[..., known] * ratio[..., None], np.maximum(wanted, 0.0)[..., None]
        )
    return result
