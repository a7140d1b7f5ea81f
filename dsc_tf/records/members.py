"""Ensemble members: found, selected, or taken one after the other as further samples."""

import re

import numpy as np
import xarray as xr

from ..errors import DscTfError

NAMES = re.compile(
    r"number|.*member.*|realization|realisation|ens.*|mem\d?|perturbation(_number)?|sample|m|e|ic"
    r"|variant(_label)?|run|rlz|models?|source_id|r\d+i\d+p\d+(f\d+)?",
    re.I,
)
LABEL = re.compile(r"(.*_)?r\d+i\d+p\d+(f\d+)?(_.*)?", re.I)
SHOWN = 5


def member_dimension(ds):
    """Dimension of ensemble members with more than one member; None where there is none."""
    for dim in ds.dims:
        if dim in ("time", "latitude", "longitude") or ds.sizes[dim] < 2:
            continue
        along = [ds[name] for name in ds.coords if ds[name].dims == (dim,)]
        described = any(_is_realization(values) for values in along)
        if NAMES.fullmatch(str(dim)) or described or any(_holds_labels(values) for values in along):
            return dim
    return None


def _is_realization(values):
    return values.attrs.get("standard_name") == "realization" or values.attrs.get("axis") == "E"


def _holds_labels(values):
    return values.dtype.kind not in "iufbmM" and all(LABEL.fullmatch(str(v)) for v in values.values)


def is_member_coordinate(values):
    """Whether a coordinate names ensemble members."""
    return bool(NAMES.fullmatch(str(values.name))) or _is_realization(values)


def member_labels(ds, dim):
    """Labels of the members along a dimension: its own coordinate, another unique one, or numbers from 0."""
    candidates = [dim, *(name for name in ds.coords if ds[name].dims == (dim,))]
    for name in candidates:
        if name in ds.coords and len({str(v) for v in ds[name].values}) == ds.sizes[dim]:
            return ds[name].values
    return np.arange(ds.sizes[dim])


def choose_member(ds, member, source, notes=None):
    """One ensemble member, or all of them along the dimension `member`.

    Parameters
    ----------
    ds : xr.Dataset
        With or without a dimension of members.
    member : str, int or None
        Label of a member, "all", or None.
    source : str
        Name of the dataset in messages.
    notes : Notes, default=None
        Receives a remark if a member is chosen where there are none.

    Returns
    -------
    xr.Dataset
        Without members, or with the dimension `member` where all are taken.

    Raises
    ------
    DscTfError
        If there are several members and none is chosen, or the chosen one is not there.
    """
    dim = member_dimension(ds)
    if dim is None:
        if (
            notes is not None
            and member is not None
            and not any(is_member_coordinate(ds[n]) for n in ds.coords)
        ):
            notes.add(f"member: {source} has no ensemble members, so {member!r} has no effect.")
        return ds
    labels = member_labels(ds, dim)
    shown = ", ".join(map(_text, labels[:SHOWN])) + (", ..." if len(labels) > SHOWN else "")
    if member is None:
        raise DscTfError(
            f"{source}: {len(labels)} ensemble members along {dim} ({shown}). "
            f"Choose one, as in --member {_text(labels[0])}, or take all as further samples with --member all."
        )
    along = [name for name in ds.coords if dim in ds[name].dims and name != dim]
    if str(member) == "all":
        ds = ds.drop_vars([name for name in (*along, dim) if name in ds.coords])
        ds = ds if dim == "member" else ds.rename({dim: "member"})
        return ds.assign_coords(member=("member", [_text(v) for v in labels]))
    at = [i for i, label in enumerate(labels) if _same(label, member)]
    if not at:
        raise DscTfError(f"member: {member!r} is not in the data. Choose among {shown}, or all.")
    ds = ds.drop_vars([name for name in (*along, dim) if name in ds.coords])
    return ds.isel({dim: at[0]})


def refuse_other_members(known: set, member: str | int | None, source: str) -> None:
    """Refuse a member that is not among those of files that hold one each.

    Parameters
    ----------
    known : set of str or None
        Labels of the members; None of a variable whose member is not stated or was chosen.
    member : str, int or None
        Label of the chosen one, "all", or None.
    source : str
        Name of the data in messages.

    Raises
    ------
    DscTfError
        In this case.
    """
    if member is None or str(member) == "all" or not known or None in known:
        return
    if not any(_same(label, member) for label in known):
        shown = ", ".join(sorted(known)[:SHOWN])
        raise DscTfError(f"member: {member!r} is not in {source}, which holds {shown}. Choose one of these.")


def _same(label, wanted):
    if _text(label) == str(wanted):
        return True
    try:
        return float(label) == float(wanted)
    except (TypeError, ValueError):
        return False


def _text(label):
    if isinstance(label, (bytes, np.bytes_)):
        return label.decode()
    is_whole = isinstance(label, (float, np.floating)) and float(label).is_integer()
    return str(int(label)) if is_whole else str(label)


def members_along_time(ds):
    """All members as further steps: the first member's record, then the second's, with a coordinate `member`."""
    if "member" not in ds.dims:
        return ds
    labels = ds["member"].values
    parts = [
        ds.isel(member=i, drop=True).assign_coords(member=("time", np.full(ds.sizes["time"], label)))
        for i, label in enumerate(labels)
    ]
    return xr.concat(parts, "time", data_vars="all", coords="minimal", compat="override", join="override")
