"""A source of files that are held in memory alone, or are not yet written.

Used to compose what is not on disk yet: the files that an adoption generates are composed and
compared before they are written.
"""

from collections.abc import Mapping

from provisioner.blueprint.file_schemas import Sources
from provisioner.model.diagnostic import DiagnosticError, error


class MemoryFiles:
    """Files by path, with others beside them (None: there are no others)."""

    def __init__(self, texts: Mapping[str, str], beside: Sources | None = None) -> None:
        self._texts = texts
        self._beside = beside

    def read_text(self, path: str) -> str:
        """Return the text of a file.

        What the files beside it raise is passed on.

        Raises:
            DiagnosticError: Where there is no such file (`file-not-found`).
        """
        text = self._texts.get(path)
        if text is not None:
            return text
        if self._beside is not None:
            return self._beside.read_text(path)
        raise DiagnosticError(error("file-not-found", f"there is no file {path!r}."))
