"""Environments affected by a change: those whose composition reads a changed file.

The files that an environment reads are not guessed from folders. It is composed, and every path
that the composition opens counts (blueprint, modules, other files), a missing one included. Called
by `cli` for `azsec ci`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.file_schemas import Sources
from provisioner.model.diagnostic import Diagnostic, DiagnosticError


class RecordedSources:
    """Files, with a record of which of them were read."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.paths: dict[str, None] = {}

    def read_text(self, path: str) -> str:
        """Return the text of the file at `path`.

        Raises DiagnosticError where there is none.
        """
        self.paths[path] = None
        return self._sources.read_text(path)


@dataclass(frozen=True, slots=True)
class Touched:
    """An environment that reads changed files, by the path of its own file.

    `files` are the changed files among those that it reads.
    """

    path: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """An environment of which it is not known whether it is affected, by the path of its file.

    It does not compose (`diagnostics`), and no file that it read up to the failure is changed.
    """

    path: str
    diagnostics: tuple[Diagnostic, ...]


def find_touched(
    environments: Iterable[str],
    changed: Mapping[str, str],
    compose: Callable[[str, Sources], object],
    sources: Sources,
    places: Callable[[str], Iterable[str]],
) -> tuple[Sequence[Touched], Sequence[Unknown]]:
    """Return the environments that read a changed file, and those of which that is not known.

    Both are in the order of the environments. `changed` are the changed paths. `places` returns
    every path that leads to a file: the file in one spelling, and the folders and symbolic links on
    the way, of which a changed one leads to another file (a submodule is a changed folder).
    `compose` reads an environment. Where it fails, a changed file among those read so far makes the
    environment affected; without one it is unknown, since a file behind the failure may be changed.
    """
    touched: list[Touched] = []
    unknown: list[Unknown] = []
    for path in environments:
        recorded = RecordedSources(sources)
        failures: tuple[Diagnostic, ...] = ()
        try:
            compose(path, recorded)
        except DiagnosticError as problem:
            # The error is reported when an affected environment is planned.
            failures = problem.diagnostics
        read = dict.fromkeys(place for each in recorded.paths for place in places(each))
        files = tuple(changed[place] for place in read if place in changed)
        if files:
            touched.append(Touched(path, files))
        elif failures and changed:
            unknown.append(Unknown(path, failures))
    return touched, unknown
