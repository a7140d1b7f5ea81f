"""Description of labelled records: composites, spells, transitions, significance, regime index, weather types."""

from .describe import describe_regimes
from .index import active_regime, life_cycles, regime_index
from .significance import composite_test
from .spells import find_spells
from .transitions import transition_test
from .unassigned import unassign_distant, unassign_weak
from .weather_types import flow_indices, weather_types

__all__ = [
    "active_regime",
    "composite_test",
    "describe_regimes",
    "find_spells",
    "flow_indices",
    "life_cycles",
    "regime_index",
    "transition_test",
    "unassign_distant",
    "unassign_weak",
    "weather_types",
]
