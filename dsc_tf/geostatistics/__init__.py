"""Semivariograms and kriging in time and space, Gaussians and their distances. NumPy, SciPy and gstools only."""

from .gaussians import (
    local_gaussians,
    matrix_square_root,
    multivariate_semivariogram,
    shrink_covariance,
    squared_wasserstein,
)
from .kriging import SpaceTimeKriging, kriging_weights, pooled_semivariogram, sphere_points
from .semivariogram import (
    Semivariogram,
    empirical_semivariogram,
    fit_semivariogram,
    great_circle,
    region_similarity,
)

__all__ = [
    "Semivariogram",
    "SpaceTimeKriging",
    "empirical_semivariogram",
    "fit_semivariogram",
    "great_circle",
    "kriging_weights",
    "local_gaussians",
    "matrix_square_root",
    "multivariate_semivariogram",
    "pooled_semivariogram",
    "region_similarity",
    "shrink_covariance",
    "sphere_points",
    "squared_wasserstein",
]
