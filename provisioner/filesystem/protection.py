"""What a path is before it is written: a file of one's own, or something that is left alone."""

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
    """A path that is not written, because something else than a file of azsec's is there.

    `strerror` says why, as the end of a sentence about the path.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(None, why, str(path))
        self.strerror = why

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def describe_special(mode: int) -> str | None:
    """Return what a mode of `lstat` is that is no regular file ("a FIFO"), or None for one."""
    if stat.S_ISREG(mode):
        return None
    return next((words for matches, words in _KINDS if matches(mode)), "no regular file")


def check_replaceable(path: Path) -> None:
    """Raise ProtectedPathError where something else than a regular file, or nothing, is at `path`.

    A hard link may be replaced: the file gets a new inode, and the other name keeps the old one.
    """
    _check_folders(path.parent)
    found = _lstat(path)
    special = describe_special(found.st_mode) if found else None
    if special:
        raise ProtectedPathError(path, f"is {special}, and is left as it is")


def check_own(path: Path) -> None:
    """Raise ProtectedPathError where `path` is no regular file that this user alone can write.

    For caches that are trusted for their content: in a folder that others may write (a shared
    `/var/cache`) somebody else could have put a file of a predictable name. Nothing at all is fine.
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
    """Raise ProtectedPathError where a write to `path` would reach something else than one file.

    For files that are changed in place (a database, a lock): here a hard link counts too. A file
    that others may read is made private. Nothing at all is fine.
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
    """Make an empty file that its owner alone reads, unless there is one. Raises OSError."""
    check_writable_in_place(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, PRIVATE_FILE)
    except FileExistsError:
        check_writable_in_place(path)
    else:
        os.close(handle)


def make_folder(path: Path, *, private: bool) -> None:
    """Make a folder with those above it; `private` keeps others out of those that are new.

    Raises ProtectedPathError and OSError.
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
        raise NotADirectoryError(None, "it is no directory", str(path))


def _check_folders(folder: Path) -> None:
    """Refuse a link on the way to a folder that leads out of the one that the command runs in.

    Who names an absolute path means it (`/tmp` is a link on macOS). A relative one is below a
    folder whose content may come from somebody else's repository.
    """
    if folder.is_absolute():
        return
    parts = [part for part in (folder, *folder.parents) if part.name not in ("", "..")]
    linked = next((part for part in parts if part.is_symlink()), None)
    if linked is None or folder.resolve().is_relative_to(Path.cwd().resolve()):
        return
    raise ProtectedPathError(
        folder, f"leads out of this folder: {linked.as_posix()} is a symbolic link"
    )


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
