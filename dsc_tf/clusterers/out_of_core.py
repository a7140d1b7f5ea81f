"""k-means and principal components of records that are read block by block."""

from functools import partial

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils.extmath import randomized_svd

from .base import fit_kmeans

BLOCK = 2**24  # bytes read at a time
SAMPLE = 2**27  # bytes of the days that k-means starts from, of which scikit-learn makes one copy
DIRECTIONS = 32  # along which Lloyd's iterations begin
MAX_ITERATIONS = 300
TOLERANCE = 1e-4  # of the mean variance, as scikit-learn's k-means has it
EXTRA = 10  # more directions than components are carried along
SWEEPS = 7  # of subspace iteration, at most
MIN_SWEEPS = 2  # after which the variance that the directions explain is known to a thousandth
RESIDUAL = 1e-5  # of the variance of a component, at which it has converged


class WeightedRows:
    """Rows of a record times a weight of each feature.

    Parameters
    ----------
    rows : Rows of shape (time, feature)
        Points.
    weight : array of shape (feature,)
        Weights.
    """

    def __init__(self, rows, weight):
        self.rows, self.weight, self.shape = rows, weight.astype(np.float32), rows.shape

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, at):
        return self.rows[at] * self.weight


def row_blocks(rows):
    """Slices of time whose rows take about `BLOCK` bytes."""
    step = max(1, BLOCK // (4 * rows.shape[1]))
    return [slice(start, start + step) for start in range(0, len(rows), step)]


def over_blocks(rows, function, *arguments, along=None):
    """Call a function for each block of rows; concatenate what it returns by row and add what it returns by block.

    Parameters
    ----------
    rows : array or Rows of shape (time, feature)
        Points; `DaskRows` are processed by the workers of Dask.
    function : callable
        Function of a block (row, feature), `arguments`, and the part of `along` that belongs to it. It returns an
        array with one entry for each row, or None, and a tuple of arrays.
    *arguments
        Further arguments, the same for every block.
    along : array of shape (time, ...), default=None
        Values of each row.

    Returns
    -------
    by_row : array of shape (time, ...) or None
        The first results of all blocks.
    sums : list of array
        Sums of the arrays over the blocks, float64.
    """
    if hasattr(rows, "over_blocks"):
        return rows.over_blocks(function, *arguments, along=along)
    by_row, sums = [], None
    for at in row_blocks(rows):
        found, parts = function(rows[at], *arguments, *(() if along is None else (along[at],)))
        by_row.append(found)
        if sums is None:
            sums = [np.zeros(np.shape(part)) for part in parts]
        for total, part in zip(sums, parts, strict=True):
            total += part
    return None if by_row[0] is None else np.concatenate(by_row), sums


def stored_kmeans(rows, n_clusters, n_init, random_state):
    """Lloyd's iterations over the whole record, from the best of several starts on a part of its days.

    The iterations begin on the leading principal components of that part, which need one pass over the record, and end
    on the points themselves.

    Parameters
    ----------
    rows : array or Rows of shape (time, feature)
        Points.
    n_clusters : int
        Number of clusters.
    n_init : int
        Restarts on the part.
    random_state : int or None
        Seed.

    Returns
    -------
    labels : array of int, shape (time,)
        Nearest centre of each point.
    centres : array of shape (cluster, feature)
        Means of the clusters, to scikit-learn's tolerance.

    References
    ----------
    Lloyd (1982); starts by `sklearn.cluster.KMeans`.
    """
    count = min(len(rows), max(10 * n_clusters, SAMPLE // (4 * rows.shape[1])))
    part = np.sort(np.random.default_rng(random_state).choice(len(rows), count, replace=False))
    days = rows[part]
    mean = days.mean(axis=0)
    variance = (
        sum(float(np.square(days[at] - mean).sum(dtype=np.float64)) for at in row_blocks(days)) / days.size
    )
    centres = fit_kmeans(days, n_clusters, n_init, random_state, copy=False).cluster_centers_
    directions = _directions(days, mean, centres, random_state)
    del days
    labels = _projected_lloyd(rows, mean, directions, centres)
    centres = _means(rows, labels, mean, centres)
    labels = None
    for _ in range(MAX_ITERATIONS):
        before, (labels, sums, sizes) = labels, _assigned(rows, centres, mean)
        if before is not None and np.array_equal(labels, before):
            break
        moved = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None] + mean, centres)
        shift, centres = ((moved - centres) ** 2).sum(), moved
        if shift <= TOLERANCE * variance:
            labels = _assigned(rows, centres, mean)[0]
            break
    return labels, centres


def _directions(days, mean, centres, random_state):
    """Orthonormal directions, shape (feature, direction): those between the centres, and of most variance of `days`."""
    days -= mean
    size = min(DIRECTIONS, *days.shape)
    leading = randomized_svd(days, size, n_iter=2, random_state=random_state)[2]
    return np.linalg.qr(np.concatenate([centres - mean, leading]).T.astype(np.float32))[0]


def _projected_lloyd(rows, mean, directions, centres):
    """Labels of all rows by Lloyd's iterations in the space of `directions`, from `centres`."""
    scores, _ = over_blocks(rows, _projected, mean, directions)
    start = (centres - mean) @ directions
    return fit_kmeans(scores, len(centres), 1, 0, init=start).labels_


def _projected(block, mean, directions):
    return (block - mean) @ directions, ()


def _means(rows, labels, mean, centres):
    """Means of the clusters, shape (cluster, feature); the given centre for an empty one."""
    sizes = np.bincount(labels, minlength=len(centres))[:, None]
    _, (sums,) = over_blocks(rows, _sums_of_clusters, mean, len(centres), along=labels)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1) + mean, centres)


def _sums_of_clusters(block, mean, n_clusters, labels):
    return None, (np.eye(n_clusters, dtype=np.float32)[labels].T @ (block - mean),)


def nearest_rows(rows, centres):
    """Position of the nearest centre of each row, shape (time,)."""
    return _assigned(rows, centres, centres.mean(axis=0))[0]


def _assigned(rows, centres, mean):
    """Nearest centres, and sums (less `mean`) and sizes of the clusters."""
    about = (centres - mean).astype(np.float32)
    labels, (sums,) = over_blocks(rows, _nearest, mean.astype(np.float32), about)
    return labels, sums, np.bincount(labels, minlength=len(centres))


def _nearest(block, mean, about):
    block = block - mean
    labels = ((about**2).sum(axis=1) - 2 * block @ about.T).argmin(axis=1).astype(np.int32)
    return labels, (np.eye(len(about), dtype=np.float32)[labels].T @ block,)


def stored_pca(rows, n_components, random_state):
    """Leading principal components by subspace iteration, a few passes over the record.

    Parameters
    ----------
    rows : array or Rows of shape (time, feature)
        Points.
    n_components : float or int
        Their number, or the share of the variance that they explain: then 32 are tried, and twice as many until
        they do, beginning with those found.
    random_state : int or None
        Seed of the first directions.

    Returns
    -------
    sklearn.decomposition.PCA
        With `components_`, `mean_`, `explained_variance_` and `explained_variance_ratio_`.

    References
    ----------
    Halko, N., Martinsson, P. G., Tropp, J. A. (2011). Finding Structure with Randomness. SIAM Review 53.
    """
    most = min(rows.shape)
    wanted = int(min(n_components, most)) if n_components >= 1 else min(32, most)
    mean, total = _mean_and_squares(rows)
    rng, basis = np.random.default_rng(random_state), np.empty((rows.shape[1], 0), np.float32)
    while True:
        new = min(most, wanted + EXTRA) - basis.shape[1]
        basis = np.hstack([basis, rng.normal(size=(len(basis), new)).astype(np.float32)])
        count = partial(_enough, total=total, n_components=n_components, wanted=wanted)
        basis, values, enough = _subspace(rows, mean, basis, count)
        if enough <= wanted or wanted == most:
            break
        wanted = min(2 * wanted, most)
    pca = PCA(min(enough, wanted))
    kept = basis[:, : pca.n_components]
    # The sign that scikit-learn gives: the largest entry is positive.
    signs = np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
    pca.mean_, pca.components_ = mean, (kept * signs).T.copy()
    pca.explained_variance_ = values[: pca.n_components] / max(1, len(rows) - 1)
    pca.explained_variance_ratio_ = values[: pca.n_components] / (total or 1.0)
    pca.n_components_, pca.n_features_in_, pca.n_samples_ = pca.n_components, rows.shape[1], len(rows)
    return pca


def _mean_and_squares(rows):
    """Mean (feature,), and the sum of all squares of departures from it; in one pass, about the first row."""
    origin = rows[np.array([0])][0]
    _, (sums, squares) = over_blocks(rows, _sum_and_squares, origin)
    means = sums / len(rows)
    return (origin + means).astype(np.float32), max(0.0, float(squares) - len(rows) * float(means @ means))


def _sum_and_squares(block, origin):
    block = block - origin
    squares = np.einsum("tf,tf->t", block, block).sum(dtype=np.float64)
    return None, (block.sum(axis=0, dtype=np.float64), squares)


def _enough(values, total, n_components, wanted):
    """Number of components asked for, or that explain the share asked for; above `wanted` if more are needed."""
    if n_components >= 1:
        return wanted
    share = np.cumsum(values) / total if total > 0 else np.ones(len(values))
    return int(np.searchsorted(share, n_components, side="right")) + 1


def _subspace(rows, mean, basis, count):
    """Directions of most variance by subspace iteration.

    Parameters
    ----------
    rows : array or Rows of shape (time, feature)
        Points.
    mean : array of shape (feature,)
        Their mean.
    basis : array of shape (feature, direction)
        Directions to start from.
    count : callable
        Number of leading directions that are needed, from the sums of squares. They are iterated until their residuals
        are small, or for a few sweeps if more are needed than there are.

    Returns
    -------
    basis : array of shape (feature, direction)
        Orthonormal, the direction of most variance first.
    values : array of shape (direction,)
        Sums of squares along the directions.
    needed : int
        What `count` returned.
    """
    size = basis.shape[1]
    for sweep in range(SWEEPS + 1):
        basis = np.linalg.qr(basis)[0]
        _, (gram, image) = over_blocks(rows, _gram_and_image, mean, basis)
        values, turn = np.linalg.eigh(gram)
        values, turn = values[::-1], turn[:, ::-1].astype(np.float32)
        basis, image = basis @ turn, image @ turn
        needed = count(values)
        if needed > size - EXTRA and sweep >= MIN_SWEEPS and size < min(rows.shape):
            break
        kept = slice(min(needed, size))
        residual = np.linalg.norm(image[:, kept] - basis[:, kept] * values[kept], axis=0)
        if (residual <= RESIDUAL * values[kept]).all() or sweep == SWEEPS:
            break
        basis = image.astype(np.float32)
    return basis, values, needed


def _gram_and_image(block, mean, basis):
    block = block - mean
    scores = block @ basis
    return None, (scores.T @ scores, block.T @ scores)
