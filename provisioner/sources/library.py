"""The library: blueprints and modules that are distributed with azsec (`azsec:` locations).

A wheel holds them in `provisioner/library` (setup.py puts them there); a clone, and what is
installed from it as editable, has them in its folder `blueprints`.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import provisioner
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.source_location import LIBRARY

_INSTALLED = "library"
_MODULES = "modules"


class LibrarySources:
    """The files of the library, by their locations (`azsec:modules/hub.yaml`)."""

    def read_text(self, path: str) -> str:
        """Return the text of a file of the library.

        Raises:
            DiagnosticError: `unknown-library-file`, with the nearest name.
        """
        text = _texts().get(path)
        if text is None:
            raise DiagnosticError(
                error(
                    "unknown-library-file",
                    f"the library of azsec {provisioner.__version__} has no {path!r}.",
                    None,
                    nearest(path, list(_texts())),
                )
            )
        return text


def library_locations() -> tuple[str, ...]:
    """Return the locations of all files of the library: the blueprints, then the modules."""
    modules = f"{LIBRARY}{_MODULES}/"
    return tuple(sorted(_texts(), key=lambda each: (each.startswith(modules), each)))


@lru_cache(maxsize=1)
def _texts() -> dict[str, str]:
    return dict(_read_all())


def _read_all() -> Iterator[tuple[str, str]]:
    folder = files(provisioner.__name__) / _INSTALLED
    if not folder.is_dir():
        folder = Path(provisioner.__file__).parents[1] / "blueprints"
    for part in ("", f"{_MODULES}/"):
        for entry in (folder / part if part else folder).iterdir():
            if entry.name.endswith(".yaml"):
                yield f"{LIBRARY}{part}{entry.name}", entry.read_text(encoding="utf-8")
