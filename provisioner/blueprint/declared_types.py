"""Reads the types and API versions that an environment's files state, before composition.

`type:` and `apiVersion:` are plain text, so that the types are known before any expression is
evaluated. One environment uses one API version of a type: lists return all resources of a type, in
one version. The environment's file can state versions too (`types:`), also of types that no file
names any more.

Called by `blueprint.environment_catalog` and `workflow.adoption_types`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from provisioner.blueprint.composition_cache import CompositionCache
from provisioner.blueprint.environment import Environment
from provisioner.blueprint.file_schemas import (
    BlueprintFile,
    ModuleFile,
    Resource,
    Sources,
    count_names,
    load_file,
    span_of,
)
from provisioner.blueprint.module_closure import MAX_FILES, uses_of, walk_uses
from provisioner.blueprint.unknown_types import wrong_type_name
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.indirect_writers import indirect_write
from provisioner.catalog.type_names import is_api_version, is_type_name
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span
from provisioner.model.values import Json


@dataclass(frozen=True, slots=True)
class StatedType:
    """A type as the files of an environment state it.

    `api_version` is the one that they state, None where none does; `span` is where it, or the type,
    stands first. `is_scoped` tells that a resource of it has a `scope:`, `has_tags` that one states
    a location or tags, which those have that Azure tracks; `is_named` that a resource names it, and
    not the environment's file alone.
    """

    name: str
    span: Span
    api_version: str | None = None
    is_scoped: bool = False
    has_tags: bool = False
    is_named: bool = True


def read_stated_types(
    environment: Environment, sources: Sources, cache: CompositionCache | None = None
) -> tuple[StatedType, ...]:
    """Return the types that the blueprint of an environment and its modules name, by name.

    A file of which `cache` knows them is not parsed. A file that cannot be read names none:
    composing it reports what is wrong.

    Raises:
        DiagnosticError: For an API version that is none, for two of one type, and for a resource
            that would write others (`indirect-write`).
    """
    found: dict[str, StatedType] = {}
    mistakes: list[Diagnostic] = []
    for summary in _summaries_of(environment, sources, cache or CompositionCache()):
        mistakes += summary.mistakes
        for stated in summary.types:
            try:
                _add_type(stated, found)
            except DiagnosticError as problem:
                mistakes += problem.diagnostics
    for name, version in environment.types.items():
        try:
            _add_type(_read_environment(environment.node, name, version), found)
        except DiagnosticError as problem:
            mistakes += problem.diagnostics
    if mistakes:
        raise DiagnosticError(*mistakes)
    return tuple(found[key] for key in sorted(found))


@dataclass(frozen=True, slots=True)
class _Summary:
    """The types that a file states and the modules that it uses, each with the place that names it.

    `mistakes` are those of its resources that name no type.
    """

    types: tuple[StatedType, ...]
    uses: tuple[tuple[str, Span], ...]
    mistakes: tuple[Diagnostic, ...] = ()


def _summaries_of(
    environment: Environment, sources: Sources, cache: CompositionCache
) -> Iterator[_Summary]:
    """Yield the summaries of an environment's files, each file once."""
    texts = cache.over(sources)

    def summarise(path: str) -> _Summary:
        if path == environment.blueprint:
            return _summary_of(*load_file(BlueprintFile, path, texts))
        texts.read_text(path)
        known = cache.find_file(path)
        return (
            _summarise_module(path, texts, cache) if known is None else _decode_summary(known, path)
        )

    walked = walk_uses(environment.blueprint, summarise, lambda each: each.uses, lambda *_: None)
    yield from (summary for _, summary in islice(walked, MAX_FILES))


def _summarise_module(path: str, sources: Sources, cache: CompositionCache) -> _Summary:
    file, node = load_file(ModuleFile, path, sources)
    summary = _summary_of(file, node)
    if not summary.mistakes:
        in_own_group = any(each.resource_group for each in file.resources.values())
        leaf = not file.modules and not in_own_group
        cache.add_file(path, {**_encode_summary(summary), "names": count_names(file), "leaf": leaf})
    return summary


def _summary_of(file: BlueprintFile | ModuleFile, node: Node) -> _Summary:
    found: list[StatedType] = []
    mistakes: list[Diagnostic] = []
    for name, resource in file.resources.items():
        try:
            found.append(_read_stated_type(node.find(("resources", name)), resource))
        except DiagnosticError as problem:
            mistakes += problem.diagnostics
    uses = uses_of(file, node)
    return _Summary(tuple(found), tuple(uses), tuple(mistakes))


def _encode_summary(summary: _Summary) -> dict[str, Json]:
    types = [
        [each.name, each.span.line, each.span.column, each.api_version, each.is_scoped,
         each.has_tags]
        for each in summary.types
    ]  # fmt: skip
    return {
        "types": types,
        "uses": [[source, span.line, span.column] for source, span in summary.uses],
    }


def _decode_summary(known: Mapping[str, Any], path: str) -> _Summary:
    types = [
        StatedType(name, Span(path, line, column), version, is_scoped, has_tags)
        for name, line, column, version, is_scoped, has_tags in known["types"]
    ]
    uses = [(source, Span(path, line, column)) for source, line, column in known["uses"]]
    return _Summary(tuple(types), tuple(uses))


def _read_stated_type(node: Node, resource: Resource) -> StatedType:
    writes = indirect_write(resource.type)
    if writes is not None and not resource.existing:
        raise DiagnosticError(_indirect_write(resource.type, writes, span_of(node, "type")))
    keys = {key.lower() for key in node.entries}
    stated = StatedType(
        resource.type,
        span_of(node, "type"),
        is_scoped=resource.scope is not None,
        has_tags=not keys.isdisjoint({"location", "tags"}),
    )
    version = resource.api_version
    if version is None:
        return stated
    if not is_type_name(resource.type):
        raise DiagnosticError(wrong_type_name(resource.type, span_of(node, "type")))
    span = node.find(("apiVersion",)).span
    return replace(stated, api_version=_read_version("apiVersion", version, span), span=span)


def _indirect_write(name: str, writes: str, span: Span) -> Diagnostic:
    return error(
        "indirect-write",
        f"a resource of {name} {writes}: no plan shows what it writes, and no gate judges it.",
        span,
        "State the tags in the resource itself."
        if name.lower().endswith("/tags")
        else "State the resources in the blueprint, or deploy them outside of azsec. `existing: "
        "true` reads one that is there.",
    )


def _read_environment(node: Node, name: str, version: str) -> StatedType:
    """Return a type of which the environment's file states the version.

    Nothing states whether such a type has tags, so all of its resources are searched for tags.

    Raises:
        DiagnosticError: Where the name is not the name of a type.
    """
    if not is_type_name(name):
        raise DiagnosticError(wrong_type_name(name, span_of(node, "types", name)))
    span = node.find(("types", name)).span
    read = _read_version(f"types.{name}", version, span)
    return StatedType(name, span, read, has_tags=name.count("/") == 1, is_named=False)


def _read_version(what: str, version: str, span: Span) -> str:
    if not is_api_version(version):
        raise DiagnosticError(
            error(
                "wrong-api-version",
                f"`{what}` is {version!r}.",
                span,
                "Expected a day, with the kind of a preview behind it where it is one: "
                "2024-05-01, 2024-05-01-preview. An expression has no place here.",
            )
        )
    return version.lower()


def _add_type(stated: StatedType, found: dict[str, StatedType]) -> None:
    key = stated.name.lower()
    found[key] = _merge_stated(found[key], stated) if key in found else stated


def _merge_stated(one: StatedType, other: StatedType) -> StatedType:
    versions = {each.api_version for each in (one, other) if each.api_version is not None}
    if len(versions) > 1:
        raise DiagnosticError(
            error(
                "two-api-versions",
                f"`apiVersion` of {other.name} is {other.api_version}, and {one.api_version} at "
                f"{one.span}.",
                other.span,
                "State one: an environment uses one API version of a type.",
            )
        )
    first = one if one.api_version is not None or other.api_version is None else other
    return replace(
        first,
        is_scoped=one.is_scoped or other.is_scoped,
        has_tags=any(each.has_tags for each in (one, other) if each.is_named),
        is_named=one.is_named or other.is_named,
    )
