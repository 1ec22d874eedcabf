"""Which environments a change touches: those that read a file which the change touches.

What an environment reads is not guessed from folders: it is composed, and what the composition
asked for is what it reads (blueprint, modules, and whatever else it opens), a file that is not
there included.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.file_schemas import Sources
from provisioner.model.diagnostic import Diagnostic, DiagnosticError


class RecordedSources:
    """Files, and which of them were asked for."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.paths: dict[str, None] = {}

    def read_text(self, path: str) -> str:
        """Return the text of the file at `path`. Raises DiagnosticError where there is none."""
        self.paths[path] = None
        return self._sources.read_text(path)


@dataclass(frozen=True, slots=True)
class Touched:
    """An environment that a change touches, by the path of its file: `files` are the changed files
    that it reads."""

    path: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """An environment of which it is not known whether a change touches it, by the path of its file:
    it cannot be composed (`diagnostics`), and what it read until then is not changed."""

    path: str
    diagnostics: tuple[Diagnostic, ...]


def find_touched(
    environments: Iterable[str],
    changed: Mapping[str, str],
    compose: Callable[[str, Sources], object],
    sources: Sources,
    places: Callable[[str], Iterable[str]],
) -> tuple[Sequence[Touched], Sequence[Unknown]]:
    """Return the environments that read a changed file, and those of which that is not known, in
    their order.

    `changed` names the changed files by their places. `places` are all through which a path leads:
    the file, by one spelling, and the folders and symbolic links on the way, of which a changed one
    leads to another file (a submodule is a changed folder). `compose` reads an environment; where
    it fails, a changed file that it read until then says that it is touched. Without one nothing
    is known: what it would have read behind the broken place may be changed.
    """
    touched: list[Touched] = []
    unknown: list[Unknown] = []
    for path in environments:
        recorded = RecordedSources(sources)
        broken: tuple[Diagnostic, ...] = ()
        try:
            compose(path, recorded)
        except DiagnosticError as problem:
            # Planning a touched one says what is wrong with it.
            broken = problem.diagnostics
        read = dict.fromkeys(place for each in recorded.paths for place in places(each))
        files = tuple(changed[place] for place in read if place in changed)
        if files:
            touched.append(Touched(path, files))
        elif broken and changed:
            unknown.append(Unknown(path, broken))
    return touched, unknown
