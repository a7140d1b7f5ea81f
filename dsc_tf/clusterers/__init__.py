"""Methods with scikit-learn's face, one file a method."""

from .registry import METHODS, clusterer

__all__ = ["METHODS", "clusterer"]
