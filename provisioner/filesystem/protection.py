"""Checks of a path before it is written or trusted: links, special files, owner and mode."""

import os
import stat
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has neither, and no FIFO in a folder
NONBLOCK = getattr(os, "O_NONBLOCK", 0)
CLOEXEC = getattr(os, "O_CLOEXEC", 0)

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class ProtectedPathError(OSError):
    """A path that is not written, because it is no regular file that azsec may replace.

    `strerror` says why, as the end of a sentence about the path.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(None, why, str(path))
        self.strerror = why

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def describe_special(mode: int) -> str | None:
    """Return the file type of a mode in words ("a FIFO"); None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    return next((words for matches, words in _KINDS if matches(mode)), "no regular file")


def check_replaceable(path: Path) -> None:
    """Check that `path` is a regular file or absent, so that it can be replaced.

    A hard link may be replaced: the file gets a new inode, and the other name keeps the old one.

    Raises:
        ProtectedPathError: for links, folders, FIFOs, sockets and devices.
    """
    _check_folders(path.parent)
    found = _lstat(path)
    special = describe_special(found.st_mode) if found else None
    if special:
        raise ProtectedPathError(path, f"is {special}, and is left as it is")


def check_own(path: Path) -> None:
    """Check that `path` is absent, or a regular file that this user alone can write.

    For caches that are trusted for their content: in a folder that others may write (a shared
    `/var/cache`) another user could have planted a file of a predictable name.

    Raises:
        ProtectedPathError: where it is no regular file, or another user owns it or can write it.
    """
    check_replaceable(path)
    found = _lstat(path)
    if found is None or os.name != "posix":
        return
    if found.st_uid != os.geteuid():
        raise ProtectedPathError(path, "belongs to another user, and is not read")
    if found.st_mode & 0o022:
        raise ProtectedPathError(path, "can be written by other users, and is not read")


def check_writable_in_place(path: Path) -> None:
    """Check that a write in place to `path` reaches this one file alone; it may be absent.

    For files that are changed in place (a database, a lock): here a hard link counts too, since its
    other name would change with it. A file that others may read is made private.

    Raises:
        ProtectedPathError: for anything but a regular file with one name.
    """
    check_replaceable(path)
    found = _lstat(path)
    if found is None:
        return
    if found.st_nlink > 1:
        raise ProtectedPathError(path, "has another name (a hard link), and is left as it is")
    if os.name == "posix" and stat.S_IMODE(found.st_mode) & ~PRIVATE_FILE:
        path.chmod(PRIVATE_FILE)


def create_private(path: Path) -> None:
    """Create an empty file of mode 600, unless there is one.

    Raises OSError, and ProtectedPathError as `check_writable_in_place` does.
    """
    check_writable_in_place(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, PRIVATE_FILE)
    except FileExistsError:
        check_writable_in_place(path)
    else:
        os.close(handle)


def make_folder(path: Path, *, private: bool) -> None:
    """Create a folder and its missing parents; `private` gives the new ones mode 700.

    `Path.mkdir(parents=True)` gives the parents the default mode whatever `mode` is, so each one is
    created by itself.

    Raises:
        NotADirectoryError: where something else has the name. Also ProtectedPathError for a link
            that leads out, and OSError where the folder cannot be created.
    """
    _check_folders(path)
    missing = []
    current = path
    while not current.exists():
        missing.append(current)
        current = current.parent
    for folder in reversed(missing):
        folder.mkdir(PRIVATE_FOLDER if private else 0o777, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(None, "it is not a directory", str(path))


def _check_folders(folder: Path) -> None:
    """Refuse a symbolic link in a relative path that leads out of the working folder.

    An absolute path is the choice of the user (`/tmp` is a link on macOS). A relative one is below
    a folder whose content may come from somebody else's repository.

    Raises:
        ProtectedPathError: for such a link.
    """
    if folder.is_absolute():
        return
    parts = [part for part in (folder, *folder.parents) if part.name not in ("", "..")]
    linked = next((part for part in parts if part.is_symlink()), None)
    if linked is None or folder.resolve().is_relative_to(Path.cwd().resolve()):
        return
    raise ProtectedPathError(
        folder, f"is outside of this folder: {linked.as_posix()} is a symbolic link"
    )


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
