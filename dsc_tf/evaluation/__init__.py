"""Measures of labels: internal and external indices, quality, stability, classifiability, choice of k. No Keras."""

from .choose_k import choose_k
from .classifiability import classifiability, classifiability_test, random_partitions, red_noise
from .quality import quality
from .registry import EXTERNAL, MEASURES, Measure, evaluate
from .stability import stability
from .statistics import ClusterStatistics, summarise

__all__ = [
    "EXTERNAL",
    "MEASURES",
    "ClusterStatistics",
    "Measure",
    "choose_k",
    "classifiability",
    "classifiability_test",
    "evaluate",
    "quality",
    "random_partitions",
    "red_noise",
    "stability",
    "summarise",
]
