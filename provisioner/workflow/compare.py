"""`azsec compare`: compares desired bodies with Azure's answers, one JSON line each, as a stream.

The shape of lines and answers is in docs/compare.md. Called by `cli`; it sends no request.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.diff.change import FieldChange
from provisioner.diff.comparison import compare
from provisioner.model.diagnostic import DiagnosticError, nearest
from provisioner.model.json_source import read_json
from provisioner.plan.assembly import field_document


def compare_lines(
    lines: Iterable[str], catalog: Catalog, *, show_unknown: bool
) -> Iterator[Mapping[str, Any]]:
    """Yield the answer to each line, in order; a line that cannot be answered gets an `error`.

    One line is held at a time. `show_unknown` adds the paths of values with no known default.
    """
    for line in lines:
        if line.strip():
            yield _answer_line(line, catalog, show_unknown)


def _answer_line(line: str, catalog: Catalog, show_unknown: bool) -> Mapping[str, Any]:
    try:
        question = read_json(line, "the line")
    except DiagnosticError as problem:
        first = problem.diagnostics[0]
        column = first.span.column if first.span else 1
        return _error_answer(None, f"character {column} of the line: {first.message}")
    if not isinstance(question, dict):
        return _error_answer(None, "expected an object with type, desired and actual")
    return _compare_bodies(question, catalog, show_unknown)


def _compare_bodies(
    question: Mapping[str, Any], catalog: Catalog, show_unknown: bool
) -> Mapping[str, Any]:
    key, name = question.get("key"), question.get("type")
    resource_type = catalog.find(name) if isinstance(name, str) else None
    if resource_type is None:
        hint = nearest(str(name), [known.name for known in catalog])
        return _error_answer(key, f"azsec does not know the type {name!r}. {hint}")
    desired, actual = question.get("desired"), question.get("actual")
    if not isinstance(desired, dict):
        return _error_answer(key, "`desired` is not an ARM body: expected an object")
    if not isinstance(actual, dict):
        return _error_answer(key, "`actual` is not an ARM body: expected an object")
    version = question.get("apiVersion")
    api_version = version if isinstance(version, str) and version else None
    result = compare(resource_type, catalog.schemas, desired, actual, api_version)
    answer = {"key": key, "changes": [_change_json(change) for change in result.changes]}
    apart = {"kept": result.kept, "tags": result.tags}
    answer |= {
        name: [_change_json(change) for change in found] for name, found in apart.items() if found
    }
    return {**answer, "unknown": list(result.unknown_defaults)} if show_unknown else answer


def _error_answer(key: object, why: str) -> Mapping[str, Any]:
    return {"key": key, "changes": [], "error": why}


def _change_json(change: FieldChange) -> Mapping[str, Any]:
    field = field_document(change)
    return {
        "path": field.path,
        "kind": change.kind,
        "declared": change.declared,
        "before": field.before,
        "after": field.after,
        "forcesReplace": change.forces_replace,
        "reason": change.reason or change.refused,
        "security": change.security,
    }
