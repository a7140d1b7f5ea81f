"""Texture of fields in space and time: semivariogram, power spectrum and autocorrelation, against a reference."""

import numpy as np
import xarray as xr
from scipy.fft import dctn

from ..errors import DscTfError

GRID = ("latitude", "longitude")
SPACE_LAGS = tuple(range(1, 9))  # grid cells
TIME_LAGS = (1, 2, 3, 5)  # steps
SMALL_SCALES = 4  # bands of the spectrum that count as the smallest scales


def field_variogram(fields, *, lags=SPACE_LAGS):
    """Semivariogram of fields along rows and columns, in grid cells.

    Parameters
    ----------
    fields : array of shape (..., latitude, longitude) or xr.DataArray
        Fields; pairs with a missing value are left out.
    lags : sequence of int, default=(1, 2, 3, 4, 5, 6, 7, 8)
        Distances in grid cells.

    Returns
    -------
    array of shape (lag,)
        Half the mean squared difference, over both directions together; NaN where a lag has no pair.

    Examples
    --------
    >>> field_variogram([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]], lags=(1, 2))
    array([0.28571429, 2.        ])
    """
    fields = _fields_last(fields)
    return np.array([_half_mean_square(fields, lag) for lag in lags])


def power_spectrum(fields):
    """Mean variance of fields by wavenumber band, of the discrete cosine transform.

    The cosine transform needs no periodic boundary, which a limited area does not have. Bands have equal width in
    normalised wavenumber; band b gathers the wavelengths near 2 n / b grid cells, with n the cells of the shorter side.

    Parameters
    ----------
    fields : array of shape (..., latitude, longitude) or xr.DataArray
        Fields. The mean of each field's known values is removed, and missing cells then count as 0.

    Returns
    -------
    array of shape (band,)
        As many bands as the shorter side of the grid has cells, less one; the last has the smallest scales.

    References
    ----------
    Denis et al. (2002), https://doi.org/10.1175/1520-0493(2002)130<1812:SDOTDA>2.0.CO;2, equations 7 to 12.
    """
    fields = _fields_last(fields)
    rows, columns = fields.shape[-2:]
    known = np.isfinite(fields)
    mean = np.where(known, fields, 0.0).sum(axis=(-2, -1)) / np.maximum(known.sum(axis=(-2, -1)), 1)
    anomalies = np.where(known, fields - mean[..., None, None], 0.0).reshape(-1, rows, columns)
    if not len(anomalies) or min(rows, columns) < 2:
        raise DscTfError(f"fields: of shape {fields.shape}. Give at least one field of 2 x 2 cells.")
    power = np.zeros((rows, columns))
    for start in range(0, len(anomalies), 512):
        block = dctn(anomalies[start : start + 512], axes=(-2, -1), norm="ortho")
        power += (block**2).sum(axis=0)
    power /= len(anomalies) * rows * columns
    wavenumber = np.hypot(np.arange(rows)[:, None] / rows, np.arange(columns) / columns)
    bands = min(rows, columns) - 1
    band = np.clip((wavenumber * min(rows, columns)).astype(int), 1, bands)
    return np.bincount(band.ravel(), power.ravel(), minlength=bands + 1)[1:]  # the mean has no power


def autocorrelation(fields, *, lags=TIME_LAGS, segment=None):
    """Mean autocorrelation of cells in time.

    Parameters
    ----------
    fields : array of shape (..., time, latitude, longitude) or xr.DataArray
        Fields; a dimension before time, such as members, is averaged over. Missing values are left out.
    lags : sequence of int, default=(1, 2, 3, 5)
        Steps.
    segment : array of int, shape (time,), default=None
        Steps of different segments are not consecutive: no pair reaches across. None is one segment.

    Returns
    -------
    array of shape (lag,)
        Ratio of the mean product of anomalies `lag` steps apart to the variance, averaged over cells with variance.
    """
    if isinstance(fields, xr.DataArray) and "time" in fields.dims:
        others = [dim for dim in fields.dims if dim not in ("time", *GRID)]
        fields = fields.transpose(*others, "time", *GRID)
    fields = np.asarray(fields, np.float64)
    if fields.ndim < 3:
        raise DscTfError(f"fields: {fields.ndim} dimensions. Give (time, latitude, longitude).")
    series = fields.reshape(-1, fields.shape[-3], fields.shape[-2] * fields.shape[-1])
    segment = np.zeros(series.shape[1], int) if segment is None else np.asarray(segment)
    return np.mean([_autocorrelation_of_cells(one, lags, segment) for one in series], axis=0)


def texture_scores(fields, reference, *, segment=None, space_lags=SPACE_LAGS, time_lags=TIME_LAGS):
    """How close the texture of fields comes to that of reference fields.

    Parameters
    ----------
    fields : array of shape (..., time, latitude, longitude), xr.DataArray or xr.Dataset
        Fields or members of an ensemble.
    reference : array of shape (time, latitude, longitude), xr.DataArray or xr.Dataset
        Observed fields of the same grid. Cells that one of the two always lacks are left out of both.
    segment : array of int, shape (time,), default=None
        As of `autocorrelation`; None is one segment.
    space_lags : sequence of int, default=(1, 2, 3, 4, 5, 6, 7, 8)
        Lags of the semivariogram in grid cells; those beyond half the shorter side are left out.
    time_lags : sequence of int, default=(1, 2, 3, 5)
        Lags of the autocorrelation in steps.

    Returns
    -------
    dict
        `variogram_ratio` (list by lag), `variogram_error` (mean distance of the ratios from 1), `spectrum_ratio` (list
        by band), `small_scale_power` (ratio of the power in the four bands of smallest scale) and
        `autocorrelation_error` (mean absolute difference over the lags); by variable for Datasets.
    """
    if isinstance(fields, xr.Dataset):
        options = {"segment": segment, "space_lags": space_lags, "time_lags": time_lags}
        return {str(v): texture_scores(fields[v], reference[v], **options) for v in fields.data_vars}
    fields, reference = _time_and_grid_last(fields), _time_and_grid_last(reference)
    if fields.shape[-2:] != reference.shape[-2:]:
        raise DscTfError(
            f"fields: a grid of {fields.shape[-2:]}, the reference has {reference.shape[-2:]}. Give the same grid."
        )
    grid = fields.shape[-2:]
    common = np.isfinite(fields.reshape(-1, *grid)).any(axis=0) & np.isfinite(reference).reshape(
        -1, *grid
    ).any(0)
    fields, reference = np.where(common, fields, np.nan), np.where(common, reference, np.nan)
    lags = [lag for lag in space_lags if lag <= max(1, min(grid) // 2)]
    steps = [lag for lag in time_lags if lag < min(fields.shape[-3], reference.shape[-3])]
    variogram = field_variogram(fields, lags=lags) / field_variogram(reference, lags=lags)
    spectra = power_spectrum(fields), power_spectrum(reference)
    persistence = [autocorrelation(one, lags=steps, segment=segment) for one in (fields, reference)]
    return {
        "variogram_ratio": variogram.tolist(),
        "variogram_error": float(np.abs(variogram - 1).mean()),
        "spectrum_ratio": (spectra[0] / spectra[1]).tolist(),
        "small_scale_power": float(spectra[0][-SMALL_SCALES:].sum() / spectra[1][-SMALL_SCALES:].sum()),
        "autocorrelation_error": float(np.abs(persistence[0] - persistence[1]).mean()),
    }


def _half_mean_square(fields, lag):
    differences = (fields[..., lag:, :] - fields[..., :-lag, :], fields[..., lag:] - fields[..., :-lag])
    total = sum(np.nansum(one**2) for one in differences)
    number = sum(np.isfinite(one).sum() for one in differences)
    return 0.5 * total / number if number else np.nan


def _autocorrelation_of_cells(series, lags, segment):
    """Of one member, (time, cell)."""
    known = np.isfinite(series)
    anomalies = np.where(known, series, 0.0)
    anomalies = np.where(known, anomalies - anomalies.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    variance = (anomalies**2).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    varies = variance > 1e-12 * max(variance.max(initial=0.0), 1e-300)
    result = []
    for lag in lags:
        near = (segment[lag:] == segment[:-lag])[:, None]
        pairs = (known[lag:] & known[:-lag] & near).sum(axis=0)
        products = (anomalies[lag:] * anomalies[:-lag] * near).sum(axis=0)
        cells = varies & (pairs > 0)
        result.append(np.mean(products[cells] / pairs[cells] / variance[cells]) if cells.any() else np.nan)
    return np.array(result)


def _fields_last(fields):
    if isinstance(fields, xr.DataArray):
        fields = fields.transpose(..., *[dim for dim in GRID if dim in fields.dims])
    fields = np.asarray(fields, np.float64)
    if fields.ndim < 2:
        raise DscTfError(f"fields: {fields.ndim} dimensions. Give (..., latitude, longitude).")
    return fields


def _time_and_grid_last(fields):
    if isinstance(fields, xr.DataArray):
        fields = fields.transpose(..., "time", *GRID)
    return _fields_last(fields)
