"""The commands, one module each: settings, `run(config)` and `main()`.

`COMMANDS` is the one table of all commands: a line here adds a command to `dsc-tf` and to the list of
`python -m dsc_tf`. A command `name` is the module `dsc_tf.commands.name`, with an entry module `dsc_tf/name.py`.
"""

COMMANDS = {
    "train": "cluster the steps of a gridded record into regimes",
    "predict": "label another record with a finished run",
    "choose": "compute criteria for the number of clusters of a record",
    "compare": "compare finished runs",
    "evaluate": "measure how well regimes predict held-out years",
    "report": "write one page about a finished run",
    "reproduce": "make the published tables and figures from any record",
    "pretrain": "learn an encoder of fields without labels",
    "probe": "compare frozen representations with raw data",
    "interpolate": "fill the gaps of a gridded record",
    "downscale": "draw ensembles of fine fields from coarse ones",
    "download": "download ERA5: the file of the paper, or any region and period",
}
