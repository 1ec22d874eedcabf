"""Composition cache on disk: the composed modules of an environment, a file per environment.

Every file is bound to `stamp`, so that a change of azsec, of a library or of Python's packages that
takes part in composition makes all entries stale.
"""

import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from provisioner import __version__
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import check_own, make_folder

_MOST_BYTES = 128_000_000
"""The bound of one file, above what `composition_cache.MOST_CHARACTERS` can take."""
_CODE = ("blueprint", "catalog", "model", "service_rules")
"""The packages of azsec whose code decides the result of composing a module."""
_LIBRARIES = ("cel", "yaml", "pydantic_core")


class CompositionFiles:
    """The entries of one environment, in a file that its user alone can read and write.

    The file starts with the digest of what follows it: one that was cut short or changed is as good
    as none. It is replaced in one step, so that processes side by side read a whole one, and the
    last that ends decides what is kept. The folder holds at most `most_files` and `most_bytes`: the
    environments that were composed least recently go first.
    """

    def __init__(
        self,
        folder: Path,
        environment: str,
        most_files: int = 5_000,
        most_bytes: int = 512_000_000,
    ) -> None:
        self._folder = folder / "compositions"
        self._path = self._folder / sha256(environment.encode()).hexdigest()
        self._most_files = most_files
        self._most_bytes = most_bytes

    @cached_property
    def stamp(self) -> str:
        """The version of azsec, and the names, sizes and times of the files that compose."""
        return sha256("\n".join((__version__, *sorted(_describe_code()))).encode()).hexdigest()

    def read(self) -> Mapping[str, str]:
        """Return the entries by key; none where the file is not whole, or not this user's own."""
        with suppress(OSError, ValueError):
            check_own(self._path)
            if self._path.stat().st_size > _MOST_BYTES:
                return {}
            digest, _, content = self._path.read_bytes().partition(b"\n")
            if digest.decode("ascii") == sha256(content).hexdigest():
                lines = content.decode("ascii").splitlines()
                return dict(line.split(" ", 1) for line in lines)
        return {}

    def write(self, entries: Mapping[str, str]) -> None:
        """Replace the file with these entries, in their order.

        A folder that cannot be written is no failure.
        """
        content = "\n".join(f"{key} {entry}" for key, entry in entries.items()).encode("ascii")
        with suppress(OSError):
            make_folder(self._folder, private=True)
            write_atomically(self._path, sha256(content).hexdigest().encode() + b"\n" + content)
            self._prune()

    def _prune(self) -> None:
        found = [(each, each.lstat()) for each in self._folder.iterdir() if each != self._path]
        found.sort(key=lambda each: each[1].st_mtime_ns, reverse=True)
        count, size = 1, self._path.stat().st_size
        for path, state in found:
            count, size = count + 1, size + state.st_size
            if count > self._most_files or size > self._most_bytes:
                with suppress(OSError):
                    path.unlink()


def _describe_code() -> Iterator[str]:
    root = Path(__file__).parent.parent
    for package in _CODE:
        for folder, _, names in os.walk(root / package):
            for name in names:
                if name.endswith((".py", ".json")):
                    yield _describe(os.path.join(folder, name))  # noqa: PTH118
    for library in _LIBRARIES:
        spec = importlib.util.find_spec(library)
        if spec is not None and spec.origin is not None:
            yield _describe(spec.origin)


def _describe(path: str) -> str:
    state = os.stat(path)  # noqa: PTH116  a thousand of them: a Path each takes longer
    return f"{path} {state.st_size} {state.st_mtime_ns}"
