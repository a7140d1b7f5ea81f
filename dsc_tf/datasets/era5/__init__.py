"""Where records come from: the Climate Data Store, and public Zarr stores of ERA5. No Keras."""

import json

from ...errors import DscTfError
from .request import SOURCES, STATISTICS, new_request

__all__ = [
    "SOURCES",
    "STATISTICS",
    "check_size",
    "new_request",
    "plan",
    "source",
]


def source(name, wanted):
    """A source by its name.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    wanted : Request
        What is wanted of it.

    Returns
    -------
    ClimateDataStore or ZarrStore

    Raises
    ------
    DscTfError
        If it lacks a variable.
    """
    from .arco import LAYOUTS, ZarrStore
    from .cds import ClimateDataStore

    return ClimateDataStore(wanted) if name == "cds" else ZarrStore(wanted, LAYOUTS[name])


def check_size(source, limit):
    """Refuse a request that would transfer more than `limit` gigabytes.

    Raises
    ------
    DscTfError
        With the estimate.
    """
    gigabytes = source.transfer_bytes() / 1e9
    if gigabytes > limit:
        raise DscTfError(
            f"limit: {gigabytes:.4g} GB to transfer (uncompressed), above {limit:g}. Ask for less, take another "
            "--source, or raise --limit."
        )


def plan(source, path):
    """What would be done, as JSON.

    Parameters
    ----------
    source : ClimateDataStore or ZarrStore
        Knows what is wanted.
    path : path
        The file to be.

    Returns
    -------
    str
        Output, estimated sizes before compression, and each request on a line.
    """
    sizes = {"file_megabytes": source.request.n_bytes, "transfer_megabytes": source.transfer_bytes()}
    about = {"output": str(path)} | {name: round(n_bytes / 1e6, 1) for name, n_bytes in sizes.items()}
    requests = ",\n    ".join(map(json.dumps, source.requests()))
    return json.dumps(about, indent=2).removesuffix("\n}") + f',\n  "requests": [\n    {requests}\n  ]\n}}'
