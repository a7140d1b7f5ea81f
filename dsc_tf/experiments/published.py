"""Every figure that the papers print, as data. Nothing here is ours.

Digits of Tables 2 and 3 are those that the authors' notebooks print; DTCR has no notebook, so its are the paper's.
"""

SILHOUETTE, DAVIES_BOULDIN, RMSE = "silhouette", "Davies-Bouldin", "RMSE_mean"
DISTANCE, VARIANCE = "avg inter-cluster distance", "avg variance"
COLUMNS = (SILHOUETTE, DAVIES_BOULDIN, RMSE, DISTANCE, VARIANCE)

# Faruque et al. (2023), Tables 2 and 3: n_clusters 7, the best of 20 runs.
PUBLISHED = {
    "kmeans": (0.25403, 1.68678, 13.66350, 7.01896, 0.0451966),
    "hierarchical": (0.23546, 1.56695, 13.98839, 7.78101, 0.0453859),
    "dec": (0.26557, 1.60800, 13.62853, 6.75451, 0.0448638),
    "dtc": (0.28188, 1.68509, 14.70646, 6.52388, 0.0457535),
    "dtcr": (-0.10, 7.2765, 21.14, 4.79, 0.0504),
    "cnn_encoder": (0.35601, 1.47699, 13.74330, 7.31340, 0.0449657),
    "cnn_autoencoder": (0.31494, 1.64045, 13.96580, 7.58872, 0.0458330),
    "cnn_lstm_encoder": (0.36386, 1.43825, 13.82237, 8.10652, 0.0450962),
    "dsc": (0.37313, 1.43486, 13.79696, 8.16199, 0.0430453),
}
N_CLUSTERS = 7
FEATURES, PADDED_FEATURES = 41 * 41 * 7, 48 * 48 * 7
# Mean square of the scaled data, from the spectrum that a notebook of the authors prints.
MEAN_SQUARE = 0.4007

# Which of our measures is what the notebook computed for the column; None where no notebook is known.
DEFINITIONS = {
    SILHOUETTE: "silhouette_cosine",
    DAVIES_BOULDIN: "davies_bouldin",
    RMSE: "rmse_mean",
    DISTANCE: "nearest_pair_row_minimum",
    VARIANCE: "block_variance",
}
# By equation: what the paper says that the columns are.
EQUATIONS = DEFINITIONS | {DISTANCE: "nearest_pair_distance", VARIANCE: "cluster_variance"}

NOT_COMPARABLE = {
    (
        "dsc",
        DISTANCE,
    ): "mean of each row of the distance matrix, diameters included; the other rows take its minimum",
    ("dsc", VARIANCE): "computed on fields padded to 48 x 48, and smaller than such data can give",
    **{("dtcr", column): "no notebook: how it was computed is not known" for column in COLUMNS},
}

# Table 1.
PROPERTIES = {
    "kmeans": ("2D matrix", "traditional, by distance", False),
    "hierarchical": ("2D matrix", "traditional, by distance", False),
    "dec": ("2D matrix", "dense layers", True),
    "dtc": ("2D matrix", "LSTM layers", True),
    "dtcr": ("2D matrix", "GRU layers", True),
    "dsc": ("4D matrix", "CNN and LSTM layers", False),
}
