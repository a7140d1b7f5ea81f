"""Description of the data and of the software that a run was made from."""

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path

import numpy as np

from ..errors import DscTfError
from ..records.chunks import block_length, field_blocks

SOFTWARE = "dsc_tf tensorflow tensorflow-cpu keras numpy scipy scikit-learn xarray netCDF4 matplotlib".split()


def data_fingerprint(ds):
    """Describe a dataset in short, with a hash that any change of a value or coordinate changes.

    Parameters
    ----------
    ds : xr.Dataset
        As `open_dataset` returns it. Read once, block by block.

    Returns
    -------
    dict
        title, sizes, coordinate ranges, variables (units, minimum, maximum, share missing), sha256.
    """
    digest = hashlib.sha256()
    for name in ("time", "latitude", "longitude"):
        values = ds[name].values
        digest.update(np.ascontiguousarray(values.astype(str if name == "time" else np.float64)).tobytes())
    variables = {str(name): _variable(ds, name, digest) for name in ds.data_vars}
    return {
        "title": str(ds.attrs.get("title", "")),
        "sizes": {name: int(ds.sizes[name]) for name in ("time", "latitude", "longitude")},
        "ranges": {
            name: [str(v) for v in ds[name].values[[0, -1]]] for name in ("time", "latitude", "longitude")
        },
        "variables": variables,
        "sha256": digest.hexdigest(),
    }


def write_config(folder, settings, ds):
    """Write settings, data and versions of a run into its folder, first of all; a resumed run must have the same.

    Parameters
    ----------
    folder : RunFolder
        An open run folder.
    settings : dict
        All settings that results depend on.
    ds : xr.Dataset
        The record.

    Raises
    ------
    DscTfError
        If the folder contains a run of other settings, data or versions.
    """
    record = {"config": settings, "data": data_fingerprint(ds), "software": software_versions()}
    record = json.loads(json.dumps(record))
    before = folder.read_json("config.json")
    if before is not None:
        changed = _changes(before, record, folder.path)
        if changed:
            raise DscTfError(
                f"resume: {folder.path} was started with other {', '.join(changed)}. "
                "Give the same settings, or delete that folder to start again."
            )
    folder.write_json("config.json", record)


def run_fingerprint(folder):
    """Hash of settings, data and versions of a run.

    Parameters
    ----------
    folder : path
        Folder with the config.json that `write_config` wrote.

    Returns
    -------
    str
        SHA-256, equal for runs whose results should be equal.
    """
    record = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    parts = [record["config"], record["data"]["sha256"], record["software"]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def software_versions():
    """Versions of Python and of the installed packages that results depend on."""
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for name in SOFTWARE:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _changes(before, record, path):
    """Names of what differs between the config.json of an interrupted run and that of the present one."""
    try:
        changed = [name for name, value in record["config"].items() if before["config"].get(name) != value]
        if before["data"]["sha256"] != record["data"]["sha256"]:
            changed.append("values of the data")
        return changed + [
            f"version of {name}"
            for name, version in record["software"].items()
            if before["software"].get(name) != version
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise DscTfError(
            f"resume: {path / 'config.json'} is damaged. Delete that folder to start again."
        ) from error


def _variable(ds, name, digest):
    values, low, high, missing = ds[name], np.inf, -np.inf, 0
    for _, (block,) in field_blocks(ds, [name], block_length(values[0].size)):
        digest.update(block)
        known = ~np.isnan(block)
        missing += block.size - int(known.sum())
        low = min(low, float(np.min(block, where=known, initial=np.inf)))
        high = max(high, float(np.max(block, where=known, initial=-np.inf)))
    units = str(values.attrs.get("units", ""))
    return {"units": units, "minimum": low, "maximum": high, "missing": missing / values.size}
