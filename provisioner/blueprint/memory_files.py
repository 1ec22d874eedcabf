"""Files that are in memory alone, or not yet written."""

from collections.abc import Mapping

from provisioner.blueprint.file_schemas import Sources
from provisioner.model.diagnostic import DiagnosticError, error


class MemoryFiles:
    """Files by path, with others beside them (None: there are no others)."""

    def __init__(self, texts: Mapping[str, str], beside: Sources | None = None) -> None:
        self._texts = texts
        self._beside = beside

    def read_text(self, path: str) -> str:
        """Return the text of a file. Raises DiagnosticError (`file-not-found`), or what the files
        beside it raise."""
        text = self._texts.get(path)
        if text is not None:
            return text
        if self._beside is not None:
            return self._beside.read_text(path)
        raise DiagnosticError(error("file-not-found", f"there is no file {path!r}."))
