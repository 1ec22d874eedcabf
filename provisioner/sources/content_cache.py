"""Content-addressed cache of fetched module files, in the user's cache folder."""

from contextlib import suppress
from pathlib import Path

from provisioner.blueprint.module_lock import digest_of
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import make_folder


class ContentCache:
    """Contents below a folder, by digest. A file whose content does not match its name is ignored.

    The folder holds at most `most_files` and `most_bytes`: what was written first goes first, and
    is fetched again when something needs it.
    """

    def __init__(
        self, folder: Path, most_files: int = 10_000, most_bytes: int = 256_000_000
    ) -> None:
        self._folder = folder / "modules"
        self._most_files = most_files
        self._most_bytes = most_bytes

    def read(self, digest: str) -> bytes | None:
        """Return the content with a digest, None where it is not here."""
        with suppress(OSError):
            path = self._path_of(digest)
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                if digest_of(content) == digest:
                    return content
        return None

    def write(self, content: bytes) -> str:
        """Store a content, and return its digest.

        A cache that cannot be written is no failure: the content is fetched again next time.
        """
        digest = digest_of(content)
        with suppress(OSError):
            make_folder(self._folder, private=True)
            write_atomically(self._path_of(digest), content)
            self._prune(self._path_of(digest))
        return digest

    def _prune(self, latest: Path) -> None:
        """Remove the oldest contents beyond the bounds; the latest stays."""
        found = [(entry, entry.lstat()) for entry in self._folder.iterdir() if entry != latest]
        found.sort(key=lambda each: each[1].st_mtime_ns, reverse=True)
        count, size = 1, latest.stat().st_size
        for entry, state in found:
            count, size = count + 1, size + state.st_size
            if count > self._most_files or size > self._most_bytes:
                with suppress(OSError):
                    entry.unlink()

    def _path_of(self, digest: str) -> Path:
        return self._folder / digest.removeprefix("sha256:")
