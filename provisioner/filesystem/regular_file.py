"""Bounded reads of paths that come from untrusted input: regular files alone."""

import os
import stat
from pathlib import Path

from provisioner.filesystem.protection import CLOEXEC, NONBLOCK


def read_regular(path: str | Path, most: int) -> bytes:
    """Return the first `most` + 1 bytes of a regular file; the one more shows that it is larger.

    Raises OSError, and ValueError for anything but a regular file: reading a FIFO may block for
    ever, and a device may have no end.
    """
    _check_regular(Path(path).stat())
    # Non-blocking, and checked again: the file may have been replaced with a FIFO since `stat`.
    with os.fdopen(os.open(path, os.O_RDONLY | NONBLOCK | CLOEXEC), "rb") as file:
        _check_regular(os.fstat(file.fileno()))
        return file.read(most + 1)


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a device, pipe or socket"
        raise ValueError(f"it is {kind}; expected a regular file")
