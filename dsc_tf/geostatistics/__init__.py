"""How dissimilarity grows with distance in time and space. NumPy and gstools only."""

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
    "region_similarity",
]
