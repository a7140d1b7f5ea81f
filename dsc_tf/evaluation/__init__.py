"""Measures of labels: internal and external indices, quality, stability, classifiability, choice of k. No Keras."""

from .choose_k import choose_k
from .classifiability import (
    classifiability,
    classifiability_test,
    family_wise_p_values,
    random_partitions,
    red_noise,
)
from .ensembles import (
    coverage,
    crps,
    ensemble_scores,
    gaussian_coverage,
    gaussian_crps,
    rank_histogram,
    spread_error_ratio,
)
from .predictability import evaluate_labels, explained_variation, mutual_information, predictive_evaluation
from .quality import quality
from .registry import EXTERNAL, MEASURES, Measure, evaluate
from .stability import stability
from .statistics import ClusterStatistics, cluster_statistics
from .texture import autocorrelation, field_variogram, power_spectrum, texture_scores

__all__ = [
    "EXTERNAL",
    "MEASURES",
    "ClusterStatistics",
    "Measure",
    "autocorrelation",
    "choose_k",
    "classifiability",
    "classifiability_test",
    "cluster_statistics",
    "coverage",
    "crps",
    "ensemble_scores",
    "evaluate",
    "evaluate_labels",
    "explained_variation",
    "family_wise_p_values",
    "field_variogram",
    "gaussian_coverage",
    "gaussian_crps",
    "mutual_information",
    "power_spectrum",
    "predictive_evaluation",
    "quality",
    "random_partitions",
    "rank_histogram",
    "red_noise",
    "spread_error_ratio",
    "stability",
    "texture_scores",
]
