"""Dispatch of a file's location to its source: working copy, library (`azsec:`) or git."""

from provisioner.blueprint.file_schemas import Sources
from provisioner.model.source_location import GIT, LIBRARY
from provisioner.sources.library import LibrarySources


class ModuleSources:
    """Reads each location from its source by its prefix.

    `files` is the source of the working copy, `git` that of repositories.
    """

    def __init__(self, files: Sources, git: Sources) -> None:
        self._files = files
        self._library = LibrarySources()
        self._git = git

    def read_text(self, path: str) -> str:
        """Return the text at a location. Raises DiagnosticError where there is none."""
        if path.startswith(LIBRARY):
            return self._library.read_text(path)
        if path.startswith(GIT):
            return self._git.read_text(path)
        return self._files.read_text(path)
