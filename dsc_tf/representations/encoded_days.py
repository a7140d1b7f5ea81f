"""A trained encoder, with its preprocessing, as an object on datasets."""

from pathlib import Path

import numpy as np

from ..errors import DscTfError
from ..preprocessing.preprocessor import PREPROCESSING, load_preprocessor
from .spacetime_ts2vec import SpaceTimeTS2Vec


class PretrainedEncoder:
    """Representation of the steps of a record by an encoder that `dsc_tf.pretrain` wrote.

    Parameters
    ----------
    folder : path
        Finished folder of `dsc_tf.pretrain`.

    Attributes
    ----------
    folder : pathlib.Path
        That folder.

    Raises
    ------
    DscTfError
        If there is no encoder in the folder.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        file = self.folder / PREPROCESSING
        if not file.is_file():
            raise DscTfError(
                f"encoder: no {PREPROCESSING} in {self.folder}. Give a folder that dsc_tf.pretrain wrote."
            )
        self.model = SpaceTimeTS2Vec.load(self.folder)
        self.preprocessor = load_preprocessor(self.folder, "encoder")

    def transform(self, datasets):
        """Representation of each step.

        Parameters
        ----------
        datasets : list of xr.Dataset
            Records of the same times; the first one with the variables of the encoder is read.

        Returns
        -------
        array of shape (time, feature)

        Raises
        ------
        DscTfError
            If no record has the variables.
        """
        names = self.preprocessor.variables_
        found = next((ds for ds in datasets if all(name in ds for name in names)), None)
        if found is None:
            raise DscTfError(
                f"encoder: learned from {', '.join(names)}, which no record has. Give that record."
            )
        return np.asarray(self.model.transform(self.preprocessor.transform(found)))
