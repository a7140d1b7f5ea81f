"""The science of regimes, once days have labels or components. NumPy, xarray, SciPy and scikit-learn; no Keras."""

import sys
from types import ModuleType

from .choice import choose_k
from .classifiability import classifiability, classifiability_test, random_partitions, red_noise
from .describe import describe
from .index import active_regime, life_cycles, regime_index
from .no_regime import drop_far, drop_weak
from .projection import ReferenceRegimes
from .quality import quality
from .significance import composite_test
from .stability import stability
from .stays import stays
from .transitions import transition_test

__all__ = [
    "ReferenceRegimes",
    "active_regime",
    "choose_k",
    "classifiability",
    "classifiability_test",
    "composite_test",
    "describe",
    "drop_far",
    "drop_weak",
    "life_cycles",
    "quality",
    "random_partitions",
    "red_noise",
    "regime_index",
    "stability",
    "stays",
    "transition_test",
]


class _Callable(ModuleType):
    """`dsc_tf.regimes(ds, labels)` is older than this room, whose name it shares."""

    def __call__(self, ds, labels):
        return describe(ds, labels)


sys.modules[__name__].__class__ = _Callable
