"""Steps 2 to 5 of a preparation, folded into a few operations on each block of fields."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaling:
    """From values in physical units to prepared ones, in place and in float32.

    Values are first taken about a centre near them, so that large offsets cost no digits.

    Parameters
    ----------
    centre : array of shape (value,)
        Taken away first, float32.
    factor : array of shape (value,)
        Multiplied in the end.
    fill : array of shape (value,)
        What missing values are before they are multiplied.
    season : array of shape (coefficient, value) or None
        Seasonal cycle, and what else is to go, about the centre.
    design : array of shape (time, coefficient) or None
        Its regressors at every step of the record.
    has_holes : bool
        Whether values may be missing.
    """

    centre: np.ndarray
    factor: np.ndarray
    fill: np.ndarray
    season: np.ndarray | None
    design: np.ndarray | None
    has_holes: bool

    @classmethod
    def of(cls, *, seasonal, offset, span, weight, fill, design, has_holes):
        """From the constants of a preparation, each of the shape of a field (latitude, longitude, variable).

        Parameters
        ----------
        seasonal : array of shape (coefficient, latitude, longitude, variable) or None
            Seasonal cycle.
        offset, span, weight, fill : array
            Broadcast against fields.
        design : array of shape (time, coefficient) or None
            Regressors of the cycle.
        has_holes : bool
            Whether values may be missing.
        """
        base = offset if seasonal is None else seasonal[0] + offset
        centre = base.astype(np.float32)
        away = (base - centre)[None] if seasonal is None else np.concatenate([[base - centre], seasonal[1:]])
        filled = fill - (base if seasonal is None else offset)
        return cls(
            centre.ravel(),
            (weight / span).astype(np.float32).ravel(),
            filled.astype(np.float32).ravel(),
            away.astype(np.float32).reshape(len(away), -1) if away.any() else None,
            None if seasonal is None else design.astype(np.float32),
            has_holes,
        )

    def apply(self, block, at):
        """Prepare `block`, shape (time, value), float32, in place; `at` are its steps."""
        block -= self.centre
        if self.season is not None:
            block -= self.season if self.design is None else self.design[at] @ self.season
        if self.has_holes:
            np.copyto(block, self.fill, where=np.isnan(block))
        block *= self.factor
