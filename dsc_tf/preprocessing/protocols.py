"""Protocols: the choices of each step of a preparation, as frozen data."""

from dataclasses import dataclass
from numbers import Integral, Real

from ..errors import DscTfError

TRANSFORMS = ("sqrt", "log1p")
SMOOTHINGS = ("centred", "causal", "low_pass")


@dataclass(frozen=True)
class Protocol:
    """Choices of one preparation.

    Parameters
    ----------
    name : str
        Name on the command line.
    fill : {"variable_mean", "grand_mean"}
        What missing values become: the mean of their variable, or one mean over all variables.
    deseasonalise : bool
        Remove each cell's seasonal cycle.
    scale : {"variable", "cell", "standard"}
        Min-max for each variable, min-max for each cell and variable, or zero mean and unit variance
        for each variable.
    weight : bool
        Multiply by sqrt(cos latitude), so that squared distances count area.
    pad_multiple : int
        Zero-pad latitude and longitude at their ends to a multiple of this, before anything else.
    seasonal_deviation : bool, default=False
        Divide the anomalies of each variable by the smooth seasonal cycle of their standard deviation.
    transform : tuple of (str, {"sqrt", "log1p"}), default=()
        Transform of some variables before anything else, see `Transform`.
    detrend : bool, default=False
        Remove the linear trend of each cell, see `Trend`.
    smooth : int, default=1
        Number of steps over which each cell is smoothed in time, see `Smooth`; 1 smooths nothing.
    smoothing : {"centred", "causal", "low_pass"}, default="centred"
        Kind of smoothing.
    weights : tuple of (str, float), default=()
        Weights of some variables in distances, see `VariableWeight`.

    Raises
    ------
    DscTfError
        If a transform, a number of steps, a kind of smoothing or a weight is invalid.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(PROTOCOLS["anomaly"], detrend=True, weights=(("tp", 0.5),)).weights
    (('tp', 0.5),)
    """

    name: str
    fill: str
    deseasonalise: bool
    scale: str
    weight: bool
    pad_multiple: int
    seasonal_deviation: bool = False
    transform: tuple[tuple[str, str], ...] = ()
    detrend: bool = False
    smooth: int = 1
    smoothing: str = "centred"
    weights: tuple[tuple[str, float], ...] = ()

    def __post_init__(self):
        for name in ("transform", "weights"):  # lists, as they are read from JSON
            object.__setattr__(self, name, tuple((str(a), b) for a, b in getattr(self, name)))
        for variable, chosen in self.transform:
            if chosen not in TRANSFORMS:
                raise DscTfError(f"transform: {variable}={chosen}. Choose {' or '.join(TRANSFORMS)}.")
        for variable, weight in self.weights:
            if not isinstance(weight, Real) or not 0 < weight < float("inf"):
                raise DscTfError(f"weights: {variable}={weight}. Give a number above 0.")
        if not isinstance(self.smooth, Integral) or self.smooth < 1:
            raise DscTfError(f"smooth: {self.smooth!r}. Give an integer of at least 1.")
        if self.smoothing not in SMOOTHINGS:
            raise DscTfError(f"smoothing: {self.smoothing!r}. Choose one of {', '.join(SMOOTHINGS)}.")


# Equation 8. The paper fills with "the overall mean of the dataset"; over mixed units that mean would
# squeeze sea-surface temperature into [0.9998, 1], so the mean is taken for each variable.
PAPER = Protocol("paper", "variable_mean", False, "variable", False, 1)

# The notebook that printed the last row of Tables 2 and 3: padded to 48 x 48 before the mean is taken.
NOTEBOOK = Protocol("notebook", "grand_mean", False, "cell", False, 16)

# What climate scientists do before they classify days.
ANOMALY = Protocol("anomaly", "variable_mean", True, "standard", True, 1)

# As "anomaly", in units of the standard deviation of the time of the year (Grams et al. 2017): without this, winter
# days lie far from the mean and summer days near it, and methods that measure spread find the seasons.
STANDARDISED_ANOMALY = Protocol(
    "standardised_anomaly", "variable_mean", True, "standard", True, 1, seasonal_deviation=True
)

PROTOCOLS = {protocol.name: protocol for protocol in (PAPER, NOTEBOOK, ANOMALY, STANDARDISED_ANOMALY)}
