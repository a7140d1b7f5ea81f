"""Methods with scikit-learn's face, one file a method."""

from .registry import CONTROLS, METHODS, NETWORKS, build, clusterer

__all__ = ["CONTROLS", "METHODS", "NETWORKS", "build", "clusterer"]
