"""Description of labelled records: composites, spells, transitions, significance, regime index, weather types."""

from .describe import describe_regimes
from .impact import regime_impact
from .index import active_regime, life_cycles, regime_index
from .patterns import assign_to_patterns, match_patterns
from .residence import residence_test
from .significance import composite_test
from .spells import find_spells
from .transitions import transition_test
from .unassigned import unassign_distant, unassign_weak
from .weather_types import flow_indices, weather_types
from .years import frequency_by_year, linear_trend

__all__ = [
    "active_regime",
    "assign_to_patterns",
    "composite_test",
    "describe_regimes",
    "find_spells",
    "flow_indices",
    "frequency_by_year",
    "life_cycles",
    "linear_trend",
    "match_patterns",
    "regime_impact",
    "regime_index",
    "residence_test",
    "transition_test",
    "unassign_distant",
    "unassign_weak",
    "weather_types",
]
