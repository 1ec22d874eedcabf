"""Reads the file of an environment, merged with the files that it extends.

Mappings are merged key by key, everything else is replaced as a whole, and null removes what the
base states (in a file that extends another, null states nothing). `metadata` is never merged: a
name and an id belong to one environment. Each value keeps the place where it is written, so that
diagnostics, explanations and blame name that file.

Called by `blueprint.environment`.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace

from provisioner.blueprint.file_schemas import (
    EnvironmentFile,
    Sources,
    check_shape,
    load_file,
    parse_file,
)
from provisioner.blueprint.source_locations import resolve_source
from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.source_location import is_local
from provisioner.model.span import Span

BASE_KIND = "EnvironmentBase"
"""The kind of a file that others extend and that is no environment by itself."""

MAX_BASES = 8
"""The files that one environment extends, one after the other."""

_EXTENDS = "extends"
_OWN = frozenset({"apiVersion", "kind", "metadata", _EXTENDS})
_PATHS = (
    ("blueprint",),
    ("kubernetes", "access", "kubeconfig"),
    ("kubernetes", "access", "certificateAuthority"),
    ("kubernetes", "observation", "file"),
)
"""What names a file relative to the one that states it."""
_ELSEWHERE = re.compile(r"/|~|[A-Za-z][A-Za-z0-9+.-]*:")
"""The beginning of a reference that is relative to nothing: an absolute path, a home, a scheme."""


def load_environment_file(path: str, sources: Sources) -> tuple[EnvironmentFile, Node]:
    """Read the file of an environment and those that it extends, as one.

    Paths in the result are relative to `path`.

    Raises:
        DiagnosticError: With every place that does not fit: `cycle` for files that extend each
            other, `not-an-environment` for a base alone.
    """
    root = parse_file(path, sources)
    if root.find(("kind",)).value == BASE_KIND:
        raise DiagnosticError(
            error(
                "not-an-environment",
                f"{path} is a base, which has no name and makes nothing.",
                root.find(("kind",)).span,
                "Name an environment that extends it.",
            )
        )
    if _EXTENDS not in root.entries:
        return load_file(EnvironmentFile, path, sources)
    merged = _with_bases(root, path, sources)
    for steps in _PATHS:
        merged = _with_relative_path(merged, steps, path)
    return check_shape(EnvironmentFile, merged), merged


def _with_bases(root: Node, path: str, sources: Sources) -> Node:
    chain = [path]
    files = [root]
    while (extends := files[-1].get(_EXTENDS)) is not None:
        if not isinstance(extends.value, str):
            raise DiagnosticError(
                error(
                    "wrong-type",
                    "'extends' is not a string.",
                    extends.span,
                    "Expected the path of one file, relative to this one.",
                )
            )
        base = resolve_source(extends.value, chain[-1], extends.span)
        if base in chain:
            drawn = " -> ".join([*chain[chain.index(base) :], base])
            raise DiagnosticError(
                error("cycle", f"these extend each other: {drawn}.", extends.span, "Remove one.")
            )
        if len(chain) > MAX_BASES:
            raise DiagnosticError(
                error(
                    "too-large",
                    f"more than {MAX_BASES} files extend each other.",
                    extends.span,
                    "docs/untrusted-input.md lists the bounds.",
                )
            )
        files.append(_read_base(base, extends, sources))
        chain.append(base)
    merged = files.pop()
    while files:
        merged = _merged_roots(merged, files.pop())
    return merged


def _read_base(path: str, extends: Node, sources: Sources) -> Node:
    try:
        root = parse_file(path, sources)
    except DiagnosticError as problem:
        first = problem.diagnostics[0]
        if first.span is not None and first.span.file == path and first.span.line > 1:
            raise
        raise DiagnosticError(replace(first, span=extends.span)) from None
    kind = root.get("kind")
    if kind is None or kind.value not in ("Environment", BASE_KIND):
        raise DiagnosticError(
            error(
                "wrong-value",
                f"{path} is neither an environment nor a base of one.",
                extends.span,
                f"Expected a file of kind Environment or {BASE_KIND}.",
            )
        )
    return root


def _merged_roots(base: Node, overlay: Node) -> Node:
    """Return an overlay with what its base states beside the keys that are each file's own."""
    kept = {key: node for key, node in base.entries.items() if key not in _OWN}
    spans = {key: base.key_spans[key] for key in kept}
    return _merge_mappings(replace(base, value=kept, key_spans=spans), overlay)


def _merge_mappings(base: Node, overlay: Node) -> Node:
    if not (isinstance(base.value, Mapping) and isinstance(overlay.value, Mapping)):
        return overlay
    entries, spans = dict(base.entries), dict(base.key_spans)
    for key, node in overlay.entries.items():
        if node.value is None:
            entries.pop(key, None)
            spans.pop(key, None)
            continue
        entries[key] = _merge_mappings(entries.get(key, _NOTHING), node)
        spans[key] = overlay.key_spans[key]
    return replace(overlay, value=entries, key_spans=spans)


_NOTHING = Node({}, Span("", 0, 0))


def _with_relative_path(node: Node, steps: tuple[str, ...], path: str) -> Node:
    """Return a node in which the file that `steps` lead to is named relative to `path`.

    In `node` it is named relative to the file that states it.

    Raises:
        DiagnosticError: Where it is not a file of this machine (`wrong-source`); a blueprint need
            not be.
    """
    found = node.get(steps[0])
    if found is None:
        return node
    if len(steps) > 1:
        changed = _with_relative_path(found, steps[1:], path)
    elif (
        not isinstance(found.value, str) or found.span.file == path or _ELSEWHERE.match(found.value)
    ):
        return node
    else:
        target = resolve_source(found.value, found.span.file, found.span)
        if steps != ("blueprint",) and not is_local(target):
            raise DiagnosticError(
                error(
                    "wrong-source",
                    f"'{steps[0]}' names a file beside {found.span.file}, which is not a file of "
                    "this "
                    "machine.",
                    found.span,
                    "State it in the environment's own file.",
                )
            )
        if is_local(target):
            target = posixpath.relpath(target, posixpath.dirname(path) or ".")
        changed = replace(found, value=target)
    return replace(node, value={**node.entries, steps[0]: changed})
