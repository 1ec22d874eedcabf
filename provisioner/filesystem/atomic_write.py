"""Atomic writes: a temporary file in the same folder, fsync, then rename."""

import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path

from provisioner.filesystem.protection import (
    CLOEXEC,
    NOFOLLOW,
    PRIVATE_FILE,
    check_replaceable,
)

_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,6})")


def write_atomically(path: Path, content: bytes, *, private: bool = True) -> None:
    """Write a file; one that is there is replaced in one step.

    `private` gives it mode 600, also where the old one had another; else a new file has the mode
    that the umask leaves, and an old one keeps its own. `/dev/stdout`, `/dev/stderr`, `/dev/fd/N`
    (what a shell hands over for `>(command)`) and `/dev/null` are written through. Raises
    ProtectedPathError for links, FIFOs, sockets and other devices, and OSError.
    """
    descriptor = _descriptor_of(path)
    if descriptor is not None:
        sys.stdout.flush()  # what was printed before comes first
        _write_all(descriptor, content)
        return
    if str(path) == os.devnull:
        return
    check_replaceable(path)
    # A name of its own: a fixed one could be a link that somebody put there.
    temporary = path.with_name(f".azsec-{secrets.token_hex(8)}.part")
    handle = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW | CLOEXEC, PRIVATE_FILE
    )
    try:
        try:
            _write_all(handle, content)
            if not private and os.name == "posix":
                os.fchmod(handle, _shared_mode(path))
            # Before the rename: after a power failure the new name could else have no content.
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _descriptor_of(path: Path) -> int | None:
    """Return the file descriptor of `/dev/stdout`, `/dev/stderr` or `/dev/fd/N`, else None."""
    if str(path) in _STREAMS:
        return _STREAMS[str(path)]
    match = _DESCRIPTOR.fullmatch(str(path))
    return int(match[1]) if match else None


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _shared_mode(path: Path) -> int:
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.lstat().st_mode)
    # There is no call that reads the umask without setting it (umask(2)).
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_folder(folder: Path) -> None:
    """Keep the new name through a power failure; a file system that cannot is no error."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
