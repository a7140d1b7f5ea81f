"""Regimes of dynamics with a network: the switching autoregressions and a chain on a shift-invariant trunk."""

from os import PathLike
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

from ..errors import DscTfError
from ..models.pooled_trunk import classifier, pooled_trunk
from ..training.seeds import seeded
from .eof import EOFClusterer
from .switching import SwitchingAutoregression, judged_information
from .switching_chain import forward_backward
from .trunk_chain import FOLDS, TrunkChain, fit_trunk_chain

TRUNK = "trunk"
WEIGHTS = "network_{}.weights.h5"
ROUNDS_OF_CHOICE = 1  # of self-training before the branches are compared
MIN_GRID = 4  # points in each direction that the convolutions need


class SwitchingDSC(SwitchingAutoregression):
    """A switching autoregression, or a chain on a shift-invariant network where this predicts itself better.

    To the branches of `SwitchingAutoregression` comes one with a network. Convolutions pooled over the grid are
    trained so that a day is correlated with later days (VAMP-2); a Gaussian hidden Markov model on the canonical
    directions gives first probabilities. Temporal self-training then replaces the target q^2/f of DSC: networks for
    alternate blocks of time learn the forward-backward posteriors of the chain, and each labels the blocks that it
    has not seen. The branch is chosen as in the class above. The network costs minutes, so that it is trained only
    where no linear branch has an information of `sufficient_information`.

    Parameters
    ----------
    n_clusters : int, default=7
        Number of regimes.
    filters : int, default=16
        Channels of the first convolution.
    steps : int, default=480
        Steps of the past-future training.
    rounds : int, default=6
        Rounds of self-training.
    round_steps : int, default=60
        Steps of each network in a round.
    sufficient_information : float, default=0.15
        Information of a linear branch, nats, from which on the network is not trained; infinity always trains it. On
        the records of `dsc_tf.datasets.ladder` that this was chosen on (data seeds 0 to 2) linear branches had 0.26
        to 0.54 where they find the regimes, and at most 0.05 where they do not.
    **parameters
        Of `SwitchingAutoregression`: `branches` (empty for the network alone), `causal`, `n_init`, `max_iter` and
        `random_state`.

    Attributes
    ----------
    labels_, soft_labels_
        As of `SwitchingAutoregression`.
    branch_ : tuple of (int, int), or "trunk"
        The chosen branch.
    information_ : dict
        Mutual information of past and future states on the last third by branch, nats.
    chain_ : Chain or TrunkChain
        The fitted chain.

    References
    ----------
    Mardt, A., Pasquali, L., Wu, H., Noe, F. (2018). VAMPnets for deep learning of molecular kinetics. Nature
    Communications 9 (the past-future objective). The self-training is this project's.
    """

    def __init__(
        self,
        n_clusters: int = 7,
        *,
        filters: int = 16,
        steps: int = 480,
        rounds: int = 6,
        round_steps: int = 60,
        sufficient_information: float = 0.15,
        **parameters: Any,
    ):
        super().__init__(n_clusters, **parameters)
        self.filters = filters
        self.steps = steps
        self.rounds = rounds
        self.round_steps = round_steps
        self.sufficient_information = sufficient_information

    @property
    def n_components(self):
        """Number of components that the linear branches need; one where there are none."""
        return max((size for size, _ in self.branches), default=1)

    def count_weights(self, shape: tuple[int, ...]) -> int:
        """Number of weights of the trunk with its layer of class scores.

        Parameters
        ----------
        shape : tuple of int
            Shape of a sample: (window, latitude, longitude, variable).
        """
        trunk = pooled_trunk(tuple(shape[1:]), filters=self.filters)
        return classifier(trunk, self.n_clusters).count_params()

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted clusterer: `model.json`, `model.npz`, and the weights of the networks if they were chosen.

        Parameters
        ----------
        folder : path
            Existing folder.
        """
        super().save(folder)
        if self.branch_ == TRUNK:
            for number, network in enumerate(self.chain_.networks):
                plain = keras.Model(network.input, network.output)  # without the state of the optimiser
                plain.save_weights(Path(folder) / WEIGHTS.format(number))

    @classmethod
    def load(cls, folder: str | PathLike) -> Self:
        """Load a fitted clusterer.

        Parameters
        ----------
        folder : path
            Folder that `save` wrote to.

        Raises
        ------
        DscTfError
            If the files are missing, damaged, or of another method.
        """
        self = super().load(folder)
        if self.branch_ == TRUNK:
            for number, network in enumerate(self.chain_.networks):
                path = Path(folder) / WEIGHTS.format(number)
                try:
                    network.load_weights(path)
                except (OSError, ValueError, KeyError) as error:
                    raise DscTfError(
                        f"model: {path} cannot be read. Give the folder of a finished run."
                    ) from error
        return self

    def _arrays(self):
        if self.branch_ != TRUNK:
            return super()._arrays()
        chain = {"frequencies": self.chain_.frequencies, "transitions": self.chain_.transitions}
        return EOFClusterer._arrays(self) | {f"trunk_{name}": values for name, values in chain.items()}

    def _restore_arrays(self, arrays):
        if "trunk_frequencies" not in arrays:
            super()._restore_arrays(arrays)
            return
        chain = {name: arrays.pop(f"trunk_{name}") for name in ("frequencies", "transitions")}
        EOFClusterer._restore_arrays(self, arrays)
        self.branch_ = TRUNK
        trunk = pooled_trunk(tuple(self.sample_shape_[1:]), filters=self.filters)
        self.chain_ = TrunkChain([classifier(trunk, self.n_clusters) for _ in range(FOLDS)], **chain)

    def _first_branch(self, X):
        if not self.branches and min(X.grid[:2]) < MIN_GRID:
            raise DscTfError(
                f"branches: none for a grid of {X.grid[0]} x {X.grid[1]}. Give linear branches: the network needs "
                f"{MIN_GRID} points in each direction."
            )
        return super()._first_branch(X) if self.branches else TRUNK

    def _has_choice(self, X):
        return bool(self.branches) and (min(X.grid[:2]) >= MIN_GRID or super()._has_choice(X))

    def _judge(self, X, latent, starts, cut):
        information = super()._judge(X, latent, starts, cut)
        if min(X.grid[:2]) < MIN_GRID or max(information.values()) >= self.sufficient_information:
            return information
        fields = self._fields(X)
        chain = self._fit_trunk(fields[:cut], starts[:cut], min(self.rounds, ROUNDS_OF_CHOICE))
        self.candidates_[TRUNK] = chain
        emissions = chain.log_emissions(fields[cut:])
        information[TRUNK] = judged_information(emissions, chain.transitions, starts[cut:])
        return information

    def _fit_branch(self, X, latent, starts):
        if self.branch_ == TRUNK:
            self.chain_ = self._fit_trunk(self._fields(X), starts, self.rounds)
        else:
            super()._fit_branch(X, latent, starts)

    def _fit_trunk(self, fields, starts, rounds):
        with seeded(self.random_state) as seed:
            chain, _ = fit_trunk_chain(
                fields,
                starts,
                self.n_clusters,
                filters=self.filters,
                steps=self.steps,
                rounds=rounds,
                round_steps=self.round_steps,
                seed=seed,
            )
        return chain

    def _infer(self, chain, branch, X, starts, causal):
        if branch != TRUNK:
            return super()._infer(chain, branch, X, starts, causal)
        return forward_backward(chain.log_emissions(self._fields(X)), chain.transitions, starts)

    def _fields(self, X):
        """Fields of the labelled step, shape (time, latitude, longitude, variable)."""
        return np.asarray(X.last_step()[:]).reshape(len(X), *X.grid)
