"""File lock (flock): one process at a time; the operating system releases it with the process."""

import os
import re
import stat
import sys
from pathlib import Path

from provisioner.filesystem.protection import (
    CLOEXEC,
    NOFOLLOW,
    NONBLOCK,
    PRIVATE_FILE,
    ProtectedPathError,
    check_writable_in_place,
    describe_special,
)

if sys.platform != "win32":
    import fcntl

_HOLDER = re.compile(rb"[0-9]{0,20}\s*")


class LockedError(Exception):
    """Another process has the lock; `holder` is its id, None where that is not known."""

    def __init__(self, holder: int | None) -> None:
        super().__init__(f"locked by process {holder or 'unknown'}")
        self.holder = holder


class FileLock:
    """Holds the lock at `path` until `release`.

    Raises LockedError where another process holds it, ProtectedPathError where the file is not one
    that azsec made (a link, a FIFO, a file with other content), and OSError.
    """

    def __init__(self, path: Path) -> None:
        check_writable_in_place(path)
        flags = os.O_RDWR | os.O_CREAT | NOFOLLOW | NONBLOCK | CLOEXEC
        self._handle = os.open(path, flags, PRIVATE_FILE)
        try:
            self._acquire(path)
        except BaseException:
            os.close(self._handle)
            raise

    def _acquire(self, path: Path) -> None:
        found = os.fstat(self._handle)
        if describe_special(found.st_mode) or not stat.S_ISREG(found.st_mode):
            raise ProtectedPathError(path, "is not a regular file, and is left as it is")
        written = os.read(self._handle, 64)
        if not _HOLDER.fullmatch(written):
            raise ProtectedPathError(path, "is not a lock of azsec, and is left as it is")
        try:
            if sys.platform != "win32":
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = written.strip()
            raise LockedError(int(holder) if holder else None) from None
        # Not before the lock is held: a refused process must not erase the holder's id.
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Release the lock; the file stays, since removing it would race with the next holder."""
        os.close(self._handle)
