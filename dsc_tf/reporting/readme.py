"""README.txt of a run folder: what each file is."""

from fnmatch import fnmatch

README = "README.txt"
FILES = {
    "labels.nc": "cluster of each step as CF flags, distance, regime index, soft assignments, latent vectors",
    "labels.csv": "the same labels as a table: time, label (-1: unassigned), distance",
    "regimes.nc": "frequencies, spells, transitions and composites of the clusters",
    "significance.nc": "p-values of the composites and cells where they are significant",
    "clusters.nc": "centres of the clusters; EOFs and explained variance where the method has them",
    "config.json": "settings, description and SHA-256 of the data, versions of the software",
    "metrics.json": "measures of the labels, time of training, warnings of the run",
    "history.csv": "losses and changed labels in each epoch",
    "model.json": "parameters of the fitted method",
    "model.npz": "arrays of the fitted method",
    "*.weights.h5": "weights of the network",
    "preprocessing.npz": "constants of the preparation of the fields",
    "gap_filling.npz": "constants of the filling of gaps",
    "encoder": "folder of the encoder whose representation was clustered",
    "calendar.png": "cluster of each step as a calendar",
    "composite_*.png": "maps of the mean anomaly of a variable in each cluster",
    "latent.png": "latent vectors in two dimensions",
    "training.png": "losses over the epochs",
    "choice.csv": "criteria for each number of clusters",
    "choice.nc": "the same with the distribution of the null hypothesis",
    "choice.png": "the criteria as a figure",
    "conclusion.txt": "the result in one sentence",
    "agreement.csv": "adjusted Rand index and matched share of steps of each pair of runs",
    "contingency.csv": "numbers of steps in each pair of clusters of two runs, after matching",
    "composites.csv": "pattern correlations of matched composites",
    "clusters.csv": "frequency and mean length of spells of each cluster of each run",
    "compare.html": "everything on one page",
    "evaluation.nc": "every measure of the evaluation on held-out years",
    "explained.csv": "explained variation of held-out fields by method and lead, difference from the reference",
    "information.csv": "information of the labels on classes of later steps, nats",
    "stability.csv": "agreement between seeds, bootstrap samples, even and odd years; persistence",
    "evaluation.png": "explained variation and its difference from the reference as a figure",
    "evaluate.html": "the tables on one page",
}
USE = """The folder is complete. Use it with:
  python -m dsc_tf.report {name}                        one page about the run
  python -m dsc_tf.predict {name} --data other.nc       labels of another record
  dsc_tf.load_run("{name}").predict("other.nc")         the same in Python
"""


def write_readme(folder, *, use=False):
    """Write README.txt with one line for each file in a run folder.

    Parameters
    ----------
    folder : RunFolder
        An open run folder with all other files.
    use : bool, default=False
        Whether to add the commands that read the folder.
    """
    names = sorted(path.name for path in folder.path.iterdir() if path.name != README)
    found = [(name, text) for name in names for pattern, text in FILES.items() if fnmatch(name, pattern)]
    width = max((len(name) for name, _ in found), default=0)
    lines = [f"{name:<{width}}  {text}" for name, text in found]
    tail = "\n" + USE.format(name=folder.output.name) if use else ""
    folder.write_text(README, "\n".join(lines) + "\n" + tail)
