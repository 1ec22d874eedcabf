"""YAML as a tree of nodes that know where they stand.

The core schema of YAML 1.2 applies (`yes`, `on` and dates are strings). Tags are refused: a
document is data and never makes objects.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None


@dataclass(frozen=True, slots=True)
class Node:
    """One YAML node: a scalar, a tuple of nodes, or a mapping of them; and its place.

    `key_spans` holds the places of a mapping's keys. `quoted` tells a scalar in quotes, whose text
    starts one column further.
    """

    value: "bool | int | float | str | tuple[Node, ...] | Mapping[str, Node] | None"
    span: Span
    key_spans: Mapping[str, Span] = field(default_factory=dict)
    quoted: bool = False

    @property
    def entries(self) -> "Mapping[str, Node]":
        """The entries of a mapping; nothing for another kind of node."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> "tuple[Node, ...]":
        """The items of a sequence; nothing for another kind of node."""
        return self.value if isinstance(self.value, tuple) else ()

    def get(self, key: str) -> "Node | None":
        """Return the entry of a mapping, or None."""
        return self.entries.get(key)

    def find(self, path: tuple[str | int, ...]) -> "Node":
        """Return the node at `path`, or the deepest one on the way to it."""
        current = self
        for step in path:
            below: Node | None = None
            if isinstance(step, int) and step < len(current.items):
                below = current.items[step]
            elif isinstance(step, str):
                below = current.get(step)
            if below is None:
                return current
            current = below
        return current

    def plain(self) -> Plain:
        """Return the node as ordinary Python data."""
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def walk(self) -> "Iterator[Node]":
        """Yield this node and all below it."""
        yield self
        for child in (*self.entries.values(), *self.items):
            yield from child.walk()


class _CoreSchemaLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's C parser with the scalar rules of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_CORE = "tag:yaml.org,2002:"
_FORMS = {
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF"),
    "int": (re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), "-+0123456789"),
    "float": (
        re.compile(r"(?:[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)\Z"),
        "-+0123456789.",
    ),
    "null": (re.compile(r"(?:~|null|Null|NULL|)\Z"), "~nN\0"),
}
"""How the scalars of the core schema are written, and with which characters they begin."""

for _kind, (_form, _first) in _FORMS.items():
    _CoreSchemaLoader.add_implicit_resolver(f"{_CORE}{_kind}", _form, [*_first, ""])


def parse_yaml(text: str, file: str) -> Node:
    """Read one YAML document. Raises DiagnosticError (`invalid-yaml`) with the place."""
    with _told(file):
        root = yaml.compose(text, Loader=_CoreSchemaLoader)
    if root is None:
        raise DiagnosticError(
            error("invalid-yaml", "the file is empty.", Span(file, 1, 1), "Expected a document.")
        )
    return _convert(root, file, frozenset())


def parse_documents(text: str, file: str) -> tuple[Node, ...]:
    """Read the YAML documents of a file, the empty ones left out. Raises as `parse_yaml` does."""
    with _told(file):
        roots = list(yaml.compose_all(text, Loader=_CoreSchemaLoader))
    nodes = [_convert(root, file, frozenset()) for root in roots]
    return tuple(node for node in nodes if node.value is not None)


@contextmanager
def _told(file: str) -> Iterator[None]:
    """Tell what is wrong with the YAML of a file as a diagnostic."""
    try:
        yield
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file, 1, 1)
        said = " ".join(part for part in (problem.context, problem.problem) if part)
        raise DiagnosticError(
            error("invalid-yaml", f"this is not valid YAML: {said}.", span, "Correct the syntax.")
        ) from None
    except yaml.YAMLError as problem:
        raise DiagnosticError(
            error("invalid-yaml", f"this is not valid YAML: {problem}.", Span(file, 1, 1))
        ) from None


def _convert(node: Any, file: str, open_nodes: frozenset[int]) -> Node:  # noqa: ANN401
    span = Span(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in open_nodes:
        raise DiagnosticError(error("invalid-yaml", "an alias contains itself.", span))
    inside = open_nodes | {id(node)}
    if not isinstance(node, yaml.ScalarNode) and node.tag not in (f"{_CORE}map", f"{_CORE}seq"):
        raise DiagnosticError(_refused_tag(node, span))
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, span, file, inside)
    if isinstance(node, yaml.SequenceNode):
        return Node(tuple(_convert(item, file, inside) for item in node.value), span)
    return Node(_scalar(node, span), span, quoted=node.style in ("'", '"'))


def _convert_mapping(
    node: yaml.MappingNode, span: Span, file: str, open_nodes: frozenset[int]
) -> Node:
    entries: dict[str, Node] = {}
    places: dict[str, Span] = {}
    for key_node, value_node in node.value:
        place = Span(file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            raise DiagnosticError(error("invalid-yaml", "a key must be a plain text.", place))
        key = key_node.value
        if key in entries:
            raise DiagnosticError(
                error(
                    "duplicate-key",
                    f"{key!r} stands here for the second time; first at {places[key]}.",
                    place,
                    "Remove one of them.",
                )
            )
        entries[key] = _convert(value_node, file, open_nodes)
        places[key] = place
    return Node(entries, span, places)


def _scalar(node: yaml.ScalarNode, span: Span) -> bool | int | float | str | None:
    kind = node.tag.removeprefix(_CORE)
    text = node.value
    if kind in _FORMS and not _FORMS[kind][0].match(text):
        raise DiagnosticError(_refused_tag(node, span))
    match kind:
        case "str":
            return str(text)
        case "null":
            return None
        case "bool":
            return bool(text.lower() == "true")
        case "int":
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        case "float":
            return float(text)
        case _:
            raise DiagnosticError(_refused_tag(node, span))


def _refused_tag(node: yaml.Node, span: Span) -> Diagnostic:
    return error("invalid-yaml", f"the tag {node.tag!r} is not allowed.", span, "Remove it.")
