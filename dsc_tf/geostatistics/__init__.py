"""How dissimilarity grows with distance in time and space. NumPy and gstools only."""

from .gaussians import (
    local_gaussians,
    matrix_square_root,
    multivariate_semivariogram,
    shrink_covariance,
    squared_wasserstein,
)
from .semivariogram import (
    Semivariogram,
    empirical_semivariogram,
    fit_semivariogram,
    great_circle,
    region_similarity,
)

__all__ = [
    "Semivariogram",
    "empirical_semivariogram",
    "fit_semivariogram",
    "great_circle",
    "local_gaussians",
    "matrix_square_root",
    "multivariate_semivariogram",
    "region_similarity",
    "shrink_covariance",
    "squared_wasserstein",
]
