"""How much memory a record may take."""

import os
import re
from pathlib import Path

from ..errors import DscTfError

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
UNITS |= {f"{letter}i": 1024 ** (i + 1) for i, letter in enumerate("KMGT")}
SHARE = 0.5  # of what is available, for a record whose user says nothing
LEAST = 10**6


def memory_limit(memory=None):
    """Bytes that a record may take.

    Parameters
    ----------
    memory : int, float or str, default=None
        Bytes, or a number with a unit such as "2GB" or "512 MiB"; None is half of what the machine has available.

    Returns
    -------
    int

    Raises
    ------
    DscTfError
        If it is no such number, or below one MB.
    """
    if memory is None:
        return int(SHARE * available_memory())
    found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([KMGT]i?)?B?\s*", str(memory), re.I)
    try:
        unit = (found[2] or "").upper().replace("I", "i")
        limit = int(float(found[1]) * UNITS[unit])
    except (TypeError, ValueError, OverflowError):
        limit = 0
    if limit < LEAST:
        raise DscTfError(f"memory: {memory!r}. Give at least 1MB, such as 2GB.")
    return limit


def available_memory(root=Path("/")):
    """Bytes that a process can still take: of the machine, or of the group that a scheduler put it into.

    Parameters
    ----------
    root : pathlib.Path, default=Path("/")
        Where `proc` and `sys` are.
    """
    found = [limit for limit in (_of_machine(root), *_of_groups(root)) if limit is not None]
    if found:
        return max(0, min(found))
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 4 * 2**30


def _of_machine(root):
    found = re.search(r"MemAvailable:\s+(\d+) kB", _read(root / "proc/meminfo"))
    return int(found[1]) * 1024 if found else None


def _of_groups(root):
    """What control groups leave, from the process's own upwards; version 2, then version 1."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds not in ("", "memory"):
            continue
        base = root / "sys/fs/cgroup" / kinds
        limit, used = (
            ("memory.max", "memory.current")
            if kinds == ""
            else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        )
        own = base / path.lstrip("/")
        for folder in (own, *own.parents):
            if not folder.is_relative_to(base):
                break
            numbers = [_read(folder / name).strip() for name in (limit, used)]
            if all(number.isdigit() for number in numbers):
                yield int(numbers[0]) - int(numbers[1])


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return ""
