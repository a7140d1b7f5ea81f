"""Samples whose fields are prepared and kept by the workers of Dask."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from ..errors import DscTfError
from .samples import RowView, Samples
from .windows import segment_numbers

if TYPE_CHECKING:
    import xarray as xr

    from .preprocessor import Preprocessor

BLOCK_BYTES = 2**25  # of a block of fields
GROUP = 8  # partial sums that one task adds


def dask_samples(ds: "xr.Dataset", preprocessor: "Preprocessor", *, persist: bool = True) -> Samples:
    """Samples of a record in Dask arrays, prepared block by block where the blocks are.

    K-means, k-means on principal components and Gaussian mixtures take them as other samples. Each pass over the
    record is then computed by the scheduler that is active, such as the client of a cluster: workers return labels,
    principal components and sums over blocks, never fields. Results equal those of samples in a scratch file up to
    rounding.

    Parameters
    ----------
    ds : xr.Dataset
        Record in Dask arrays, such as `open_dataset` returns, of the variables and grid that the preprocessor was
        fitted to. The files must be readable by every worker under the same path.
    preprocessor : Preprocessor
        Fitted, with window 1 and without steps that read neighbouring time steps (smoothing, gap filling).
    persist : bool, default=True
        Whether the workers keep the prepared fields in their memory; otherwise they are read and prepared again in
        every pass.

    Returns
    -------
    Samples of shape (time, 1, latitude, longitude, variable)
        With `DaskRows` as their rows.

    Raises
    ------
    DscTfError
        If the preprocessor cannot work block by block, or the record lacks a variable.
    NotFittedError
        If the preprocessor is not fitted.

    Examples
    --------
    >>> import dsc_tf
    >>> from dsc_tf.preprocessing import Preprocessor, dask_samples
    >>> ds = dsc_tf.mock_dataset(days=60).chunk(time=20)
    >>> X = dask_samples(ds, Preprocessor("anomaly").fit(ds))
    >>> dsc_tf.EOFKMeans(3, random_state=0).fit_predict(X).shape
    (60,)
    """
    import dask
    import dask.array

    check_is_fitted(preprocessor)
    if preprocessor.window != 1 or "smooth" in preprocessor.steps_ or preprocessor.filler_ is not None:
        raise DscTfError(
            "preprocessor: needs neighbouring steps. Prepare with window 1, and neither smooth nor fill."
        )
    n_values, prepare = int(np.prod(preprocessor._grid)), dask.delayed(_prepared)
    shared = dask.delayed(preprocessor, traverse=False)
    steps = max(1, BLOCK_BYTES // (4 * n_values))
    first = preprocessor.transform(ds.isel(time=slice(0, steps)))  # with all checks
    parts = [
        dask.array.from_delayed(
            prepare(ds.isel(time=slice(start, start + steps)), shared),
            (min(steps, ds.sizes["time"] - start), n_values),
            np.float32,
        )
        for start in range(0, ds.sizes["time"], steps)
    ]
    array = dask.array.concatenate(parts)
    time = ds["time"].values
    return Samples(
        cast(Any, DaskRows(array.persist() if persist else array)),
        first.grid,
        time=time,
        latitude=first.latitude,
        longitude=first.longitude,
        variables=first.variables,
        segment=segment_numbers(time),
        weighted=first.weighted,
    )


class DaskRows:
    """Rows of a Dask array (time, feature) that is divided in time only.

    Parameters
    ----------
    array : dask.array.Array of shape (time, feature)
        Prepared fields.
    """

    ndim = 2

    def __init__(self, array: Any):
        self.array = array
        self.shape: tuple[int, int] = array.shape
        self.dtype = array.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, at: Any) -> np.ndarray:
        return self.array[at].compute()

    def select(self, at: npt.ArrayLike) -> RowView:
        """A view of fewer rows, without reading any."""
        return RowView(cast(Any, self), np.arange(len(self))[np.asarray(at)])

    def weighted(self, weight: np.ndarray) -> "DaskRows":
        """Rows times a weight of each feature."""
        return DaskRows(self.array * weight.astype(np.float32))

    def over_blocks(
        self, function: Callable[..., tuple], *arguments: Any, along: np.ndarray | None = None
    ) -> tuple[np.ndarray | None, list[np.ndarray]]:
        """Call a function for each block on the workers, see `dsc_tf.clusterers.out_of_core.over_blocks`."""
        import dask

        call, first = dask.delayed(function, nout=2), dask.delayed(_first)
        shared = [_shared(one) for one in arguments]
        begins = np.concatenate([[0], np.cumsum(self.array.chunks[0])])
        calls = [
            call(block, *shared, *(() if along is None else (along[begin:end],)))
            for block, begin, end in zip(self.array.to_delayed()[:, 0], begins[:-1], begins[1:], strict=True)
        ]
        sums = [one[1] for one in calls]
        while len(sums) > 1:
            sums = [dask.delayed(_added)(sums[i : i + GROUP]) for i in range(0, len(sums), GROUP)]
        by_row, (total,) = dask.compute([first(one) for one in calls], sums)
        return (
            None if by_row[0] is None else np.concatenate(by_row),
            [np.asarray(one, np.float64) for one in total],
        )


def _prepared(ds, preprocessor):
    """Prepared fields of a part of a record, shape (time, value)."""
    samples = preprocessor.transform(ds)
    fields = np.asarray(samples.last_step()[:])
    samples.close()
    return fields


def _first(result):
    return result[0]


def _added(parts):
    """Sums of the arrays of several blocks, in double precision."""
    return [sum(np.asarray(one, np.float64) for one in same) for same in zip(*parts, strict=True)]


def _shared(argument):
    """An argument of every call, sent to each worker once."""
    import dask

    if not isinstance(argument, np.ndarray):
        return argument
    try:
        from distributed import get_client

        return get_client().scatter(argument, broadcast=True, hash=False)
    except (ImportError, ValueError):  # no cluster
        return dask.delayed(argument, traverse=False)
