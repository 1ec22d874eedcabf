"""Reads files whose path comes from somebody else: regular ones alone, and no more than a bound."""

import os
import stat
from pathlib import Path

from provisioner.filesystem.protection import CLOEXEC, NONBLOCK


def read_regular(path: str | Path, most: int) -> bytes:
    """Return the bytes of a regular file: at most `most` and one more, which tells that it has more
    than that.

    Raises OSError, and ValueError for anything but a regular file: a FIFO might never answer, and a
    device have no end.
    """
    _check_regular(Path(path).stat())
    # Without waiting: what was a file a moment ago may be a pipe by now.
    with os.fdopen(os.open(path, os.O_RDONLY | NONBLOCK | CLOEXEC), "rb") as file:
        _check_regular(os.fstat(file.fileno()))
        return file.read(most + 1)


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a device, pipe or socket"
        raise ValueError(f"it is {kind}; expected a regular file")
