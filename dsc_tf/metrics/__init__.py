"""Measures of a clustering. NumPy, SciPy and scikit-learn only."""

from .clusters import ClusterStatistics, summarise
from .registry import EXTERNAL, MEASURES, Measure, evaluate

__all__ = ["EXTERNAL", "MEASURES", "ClusterStatistics", "Measure", "evaluate", "summarise"]
