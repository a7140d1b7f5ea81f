"""Gap filling of a dataset in one call."""

from ..preprocessing.gap_filling import GapFiller


def fill_gaps(ds, *, variables=None, neighbours=64, steps=2, random_state=0, progress=False):
    """Fill missing values by local ordinary kriging in space and time.

    Each missing value is estimated from the nearest known values of its own step and of the steps around it, as an
    anomaly from the seasonal cycle of its cell. See `GapFiller`, which learns from one record and fills another.

    Parameters
    ----------
    ds : xr.Dataset
        Variables over (time, latitude, longitude), NaN where missing; lazy variables stay lazy.
    variables : list of str, default=None
        Names of the variables to fill; None fills all.
    neighbours : int, default=64
        Number of known values that an estimate is made from.
    steps : int, default=2
        Largest distance in time steps of a neighbour; 0 interpolates each step by itself.
    random_state : int, default=0
        Seed of the pairs of cells that the semivariogram is computed from.
    progress : bool, default=False
        Show a progress bar.

    Returns
    -------
    xr.Dataset
        `ds` with known values unchanged, missing values filled, and for each variable that lacked values
        `<name>_fill_sd`: the standard deviation of each filled value, 0 where the value was known. Cells that are
        missing at every step, such as land, stay missing.

    Raises
    ------
    DscTfError
        If a variable has infinite values or no value at all, or there is no such variable.

    References
    ----------
    Cressie (1993), Statistics for Spatial Data, section 3.2.

    Examples
    --------
    >>> from dsc_tf.datasets.mock import mock_dataset
    >>> whole = fill_gaps(mock_dataset(nan_policy="isolated"))
    >>> int(whole.t2m.isnull().sum()), sorted(whole.data_vars)
    (0, ['msl', 't2m', 't2m_fill_sd'])
    """
    filler = GapFiller(variables=variables, neighbours=neighbours, steps=steps, random_state=random_state)
    return filler.fit(ds, progress=progress).transform(ds, progress=progress)
