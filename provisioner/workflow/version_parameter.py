"""The parameter in an environment's file that states its clusters' version, and the edit of it.

A version may reach a cluster through modules and expressions. So nothing is guessed from names:
each value of the environment that reads like the version is changed in memory, the environment is
composed again, and the value is the right one if the cluster's version follows. Called by `cli` and
`workflow.upgrade`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.composition import compose
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.environment_catalog import extend_catalog
from provisioner.blueprint.file_schemas import Sources
from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.yaml_edit import NotEditableError, insert_entry, replace_scalar
from provisioner.blueprint.yaml_source import Node, parse_yaml
from provisioner.catalog.registry import Catalog
from provisioner.documents.upgrade import WrittenVersionDocument
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span
from provisioner.model.values import lookup

_VERSION = re.compile(r"1\.\d+(\.\d+)?")
_PARAMETERS = "parameters"
_VERSIONS = frozenset(("kubernetesVersion", "orchestratorVersion"))
"""The properties that state the version of a cluster, and of a pool."""


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """A property of a resource that states a version: the address, and the path in its body."""

    address: str
    path: tuple[str, ...]

    def read(self, graph: DesiredGraph) -> object:
        """Return the value of a graph there; ABSENT for a resource that it does not have."""
        resource = graph.resources.get(self.address)
        return lookup(resource.body if resource else None, self.path)


@dataclass(frozen=True, slots=True)
class VersionFile:
    """The environment's file, with the function that composes it with another text."""

    path: str
    sources: Sources
    catalog: Catalog

    def compose(self, text: str) -> DesiredGraph:
        """Return the desired graph with another text of the file.

        Raises DiagnosticError where it does not compose.
        """
        overlay = _Overlay(self.sources, self.path, text)
        environment = load_environment(self.path, overlay)
        catalog = extend_catalog(environment, self.catalog, overlay)
        return compose(environment, catalog, overlay)


@dataclass(frozen=True, slots=True)
class VersionEdit:
    """A changed text of the environment's file, and the changes in it.

    `also` are the other properties (ADDRESS.PATH) that the same values decide: a tag with the
    version, for example.
    """

    text: str
    written: tuple[WrittenVersionDocument, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Overlay:
    """Sources in which one file has another text."""

    sources: Sources
    path: str
    text: str

    def read_text(self, path: str) -> str:
        return self.text if path == self.path else self.sources.read_text(path)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A value that may decide the version: the parameter's path, its value, its span, and an edit.

    `before` is None for a value that is a default so far.
    """

    parameter: str
    value: str
    before: str | None
    span: Span
    change: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A candidate that was changed: the text, and the graph that it composes to."""

    candidate: _Candidate
    text: str
    graph: DesiredGraph


def write_version(file: VersionFile, places: Sequence[VersionPlace], version: str) -> VersionEdit:
    """Return the environment's file with another version at places of its resources.

    Raises:
        DiagnosticError: Where no single value of the file decides a place (`version-not-writable`,
            with what states it), and where the same value decides the version of a cluster that was
            not named (`version-shared`), whose path nobody has looked at.
    """
    text = file.sources.read_text(file.path)
    before = graph = file.compose(text)
    missing = [place for place in places if place.read(graph) != version]
    written: list[WrittenVersionDocument] = []
    # A control plane and its pools may take their versions from parameters of their own: one is
    # found after the other.
    while missing:
        found = _find_best_attempt(file, text, graph, missing, version)
        if found is None:
            raise DiagnosticError(*(_not_writable(graph, place, version) for place in missing))
        # The text changed, so that spans of other candidates are outdated: they are searched for
        # anew.
        text, graph = found.text, found.graph
        remaining = [place for place in missing if place.read(graph) != version]
        written.append(
            WrittenVersionDocument(
                parameter=found.candidate.parameter,
                place=str(found.candidate.span),
                before=found.candidate.before,
                after=version,
                addresses=tuple(place.address for place in missing if place not in remaining),
            )
        )
        missing = remaining
    moved = _find_differences(before, graph)
    others = [
        each
        for each in moved
        if each.path[-1] in _VERSIONS and not _is_requested(each, places, graph)
    ]
    if others:
        raise DiagnosticError(*(_version_shared(each, graph, written) for each in others))
    also = tuple(
        f"{each.address}.{'.'.join(each.path)}" for each in moved if each.path[-1] not in _VERSIONS
    )
    return VersionEdit(text, tuple(written), also)


def _find_best_attempt(
    file: VersionFile, text: str, graph: DesiredGraph, places: Sequence[VersionPlace], version: str
) -> _Attempt | None:
    """Return the attempt that sets the most of some places, None where none sets any."""
    stated = {place.read(graph) for place in places}
    best: tuple[int, _Attempt] | None = None
    for candidate in _version_candidates(file, text):
        if candidate.value not in stated:
            continue
        try:
            changed = candidate.change(text, version)
            composed = file.compose(changed)
        except (DiagnosticError, NotEditableError):
            continue  # The blueprint does not take it there, or the text cannot be edited.
        changed_places = sum(place.read(composed) == version for place in places)
        if changed_places and (best is None or changed_places > best[0]):
            best = changed_places, _Attempt(candidate, changed, composed)
    return best[1] if best else None


def _version_candidates(file: VersionFile, text: str) -> Iterator[_Candidate]:
    """Yield the values that read like a version.

    They are the environment's, and the blueprint's defaults that it does not override.
    """
    root = parse_yaml(text, file.path)
    given = root.get(_PARAMETERS)
    if given is not None:
        yield from _stated_candidates(given, _PARAMETERS)
    environment = load_environment(file.path, _Overlay(file.sources, file.path, text))
    blueprint, stated = environment.blueprint, environment.stated_parameters
    for name, node in stated.items():
        # A value from an extended file is overridden here: other files extend that file too.
        if (given is None or name not in given.entries) and _is_version(node):
            yield _Candidate(
                f"{_PARAMETERS}.{name}",
                str(node.value),
                str(node.value),
                given.span if given is not None else root.span,
                _insert_parameter(file.path, name),
            )
    declared = parse_yaml(file.sources.read_text(blueprint), blueprint).find((_PARAMETERS,))
    for name, spec in declared.entries.items():
        default = spec.get("default")
        if default is not None and name not in stated and _is_version(default):
            yield _Candidate(
                f"{_PARAMETERS}.{name}",
                str(default.value),
                None,
                given.span if given is not None else root.span,
                _insert_parameter(file.path, name),
            )


def _insert_parameter(path: str, name: str) -> Callable[[str, str], str]:
    def insert(text: str, version: str) -> str:
        return insert_entry(text, parse_yaml(text, path), _PARAMETERS, name, version)

    return insert


def _stated_candidates(node: Node, path: str) -> Iterator[_Candidate]:
    if _is_version(node):
        yield _Candidate(
            path,
            str(node.value),
            str(node.value),
            node.span,
            lambda text, version: replace_scalar(text, node, version),
        )
    for key, child in node.entries.items():
        yield from _stated_candidates(child, f"{path}.{key}")
    for index, child in enumerate(node.items):
        yield from _stated_candidates(child, f"{path}[{index}]")


def _is_version(node: Node) -> bool:
    return isinstance(node.value, str) and bool(_VERSION.fullmatch(node.value))


def _find_differences(before: DesiredGraph, after: DesiredGraph) -> list[VersionPlace]:
    """Return the differences of two graphs, property by property."""
    found: list[VersionPlace] = []
    for address in sorted({*before.resources, *after.resources}):
        old, new = before.resources.get(address), after.resources.get(address)
        differing = _differing_paths(old.body if old else {}, new.body if new else {}, ())
        found.extend(VersionPlace(address, path) for path in differing)
    return found


def _differing_paths(
    one: object, other: object, path: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            yield from _differing_paths(one.get(key), other.get(key), (*path, key))
    elif (
        isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other)
    ):
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _differing_paths(first, second, (*path, str(index)))
    # Lists of another length count as one difference: their entries cannot be matched by index.
    elif one != other:
        yield path


def _is_requested(moved: VersionPlace, places: Sequence[VersionPlace], graph: DesiredGraph) -> bool:
    """Return whether a changed version is one of a named cluster, or of its node pools."""
    return _cluster_of(moved, graph) in {_cluster_of(place, graph) for place in places}


def _cluster_of(place: VersionPlace, graph: DesiredGraph) -> str | None:
    resource = graph.resources.get(place.address)
    if resource is None:
        return None
    return (resource.id.parent or resource.id).key


def _version_shared(
    moved: VersionPlace, graph: DesiredGraph, written: Sequence[WrittenVersionDocument]
) -> Diagnostic:
    values = " and ".join(f"{each.parameter} ({each.place})" for each in written)
    resource = graph.resources[moved.address]
    return error(
        "version-shared",
        f"{values} sets {'.'.join(moved.path)} of {moved.address} too, and that was not asked for.",
        resource.node.find(moved.path).span,
        "Upgrade all that it sets together (without --cluster), or give each a value of its own.",
    )


def _not_writable(graph: DesiredGraph, place: VersionPlace, version: str) -> Diagnostic:
    resource = graph.resources[place.address]
    stated, name = place.read(graph), place.path[-1]
    return error(
        "version-not-writable",
        f"{place.address}: no parameter of the environment sets {name} ({stated or 'not stated'}).",
        resource.node.find(place.path).span,
        f"State {version} here, or give it a parameter: {name}: ${{kubernetesVersion}}.",
    )
