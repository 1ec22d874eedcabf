"""Renders a new Kubernetes object as YAML for a plan, and as a summary for a table.

azsec's own labels and mark are left out, because every object of an environment has them. The kind
and the name are in the object's address. `cluster_markdown` and `object_text` call it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.documents.plan import FieldChangeDocument
from provisioner.reports.manifests_yaml import dump_yaml
from provisioner.reports.styled import columns_of
from provisioner.reports.values import plain, plural

_OWN_PREFIX = "azsec.dev/"
_MANAGED_BY = ("app.kubernetes.io/managed-by", "azsec")
_LEAST_WIDTH = 40


def yaml_lines(fields: Sequence[FieldChangeDocument], width: int = 4096) -> list[str]:
    """Return the lines of a new object: its fields, each with its whole value.

    Lines have at most `width` columns as far as the words are that short.
    """
    content = _object_content(fields)
    if not content:
        return []
    rows = dump_yaml(content, max(width, _LEAST_WIDTH)).rstrip("\n").split("\n")
    return [piece for row in rows for piece in _fold_row(_plain_row(row), max(width, _LEAST_WIDTH))]


def object_in_words(fields: Sequence[FieldChangeDocument]) -> str:
    """Return a summary of a new object on one line.

    For a binding it names subjects and role, for a role the number of its rules, else the names of
    its fields.
    """
    content = _object_content(fields)
    role, subjects = content.get("roleRef"), content.get("subjects")
    if isinstance(role, Mapping) and isinstance(subjects, list):
        named = ", ".join(map(_name_of, subjects))
        return f"{_name_of(role)} for {named}" if named else f"{_name_of(role)} for nobody"
    rules = content.get("rules")
    if isinstance(rules, list):
        return plural(len(rules), "rule")
    inner = content.get("spec")
    names = inner if isinstance(inner, Mapping) else content
    return ", ".join(plain(str(name)) for name in names)


def _name_of(reference: Any) -> str:  # noqa: ANN401  JSON
    """Return a subject or a role as kubectl writes it: ServiceAccount app/api, Group IDENTIFIER."""
    if not isinstance(reference, Mapping):
        return plain(str(reference))
    namespace = f"{reference['namespace']}/" if reference.get("namespace") else ""
    return plain(f"{reference.get('kind', '')} {namespace}{reference.get('name', '')}".strip())


def _object_content(fields: Sequence[FieldChangeDocument]) -> dict[str, Any]:
    """Return the object. Its fields are its top level: a creation has no other side."""
    content = {field.path: field.after for field in fields}
    metadata = content.pop("metadata", None)
    shown = _without_own(metadata) if isinstance(metadata, Mapping) else metadata
    return {"metadata": shown, **content} if shown else content


def _without_own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    shown = {}
    for name, value in metadata.items():
        kept = value
        if isinstance(value, Mapping):
            kept = {key: item for key, item in value.items() if not _is_own(str(key), item)}
        if kept:
            shown[name] = kept
    return shown


def _is_own(key: str, value: object) -> bool:
    return key.startswith(_OWN_PREFIX) or (key, value) == _MANAGED_BY


def _plain_row(row: str) -> str:
    """Return a row without terminal control characters; its indentation is part of YAML."""
    text = row.lstrip(" ")
    return " " * (len(row) - len(text)) + plain(text)


def _fold_row(row: str, width: int) -> list[str]:
    """Break a row of a block scalar, which YAML does not fold, between its words."""
    indent = " " * (len(row) - len(row.lstrip(" ")) + 2)
    rows = []
    while columns_of(row) > width:
        end = row.rfind(" ", len(indent), width + 1)
        if end <= len(indent):
            break
        rows.append(row[:end])
        row = indent + row[end + 1 :]
    return [*rows, row]
