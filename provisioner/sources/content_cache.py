"""Files that were fetched once, by the digest of their content, in the cache of the user."""

from contextlib import suppress
from pathlib import Path

from provisioner.blueprint.module_lock import digest_of
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import make_folder


class ContentCache:
    """Contents below a folder. One that is not what its name says is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "modules"

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
        """Keep a content, and return its digest. A cache that cannot be written is no failure: it
        is fetched again."""
        digest = digest_of(content)
        with suppress(OSError):
            make_folder(self._folder, private=True)
            write_atomically(self._path_of(digest), content)
        return digest

    def _path_of(self, digest: str) -> Path:
        return self._folder / digest.removeprefix("sha256:")
