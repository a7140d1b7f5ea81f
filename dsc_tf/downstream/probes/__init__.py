"""What a frozen representation is good for: small models on top of it, the same for every representation.

NumPy and scikit-learn only; a probe knows neither the encoder nor the record.
"""

from .ridge import RidgeProbe
from .splits import Split, shifted, time_blocks

__all__ = ["RidgeProbe", "Split", "shifted", "time_blocks"]
