"""Reads YAML as a tree of nodes with their file, line and column.

The core schema of YAML 1.2 applies (`yes`, `on` and dates are strings), with the merge keys of YAML
1.1 (yaml.org/type/merge.html), as kubectl reads them. Tags are refused: a document is data and
never makes objects. Whoever writes a file may be a stranger (the pipeline of a pull request plans
it), so everything that can grow has a bound, and the diagnostic names it.

The files that a person writes are read through `parse_yaml`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from provisioner.blueprint.yaml_scalars import CORE, read_scalar, refused_tag
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 64
"""Levels of lists and mappings: more than any ARM body has, and less than recursion stands."""
MAX_NODES = 200_000
"""Nodes of a file, counted with every alias expanded: an alias of an alias multiplies them."""
MAX_DOCUMENTS = 1_000

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters, with which a name deceives a terminal and Azure refuses a request; and
surrogates, which no UTF-8 has."""


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
        return self.value if isinstance(self.value, (dict, Mapping)) else {}

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


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's C parser, of which only the events are used: it composes recursively and without a
bound."""


def parse_yaml(text: str, file: str) -> Node:
    """Read one YAML document.

    Raises:
        DiagnosticError: With the place: `invalid-yaml`, `duplicate-key`, `number-out-of-range`, or
            `too-large` with the bound that was exceeded.
    """
    roots = _read_documents(text, file, 1)
    if not roots:
        raise DiagnosticError(
            error("invalid-yaml", "the file is empty.", Span(file, 1, 1), "Expected a document.")
        )
    return roots[0]


def parse_documents(text: str, file: str) -> tuple[Node, ...]:
    """Read the YAML documents of a file, the empty ones left out. Raises as `parse_yaml` does."""
    return tuple(
        node for node in _read_documents(text, file, MAX_DOCUMENTS) if node.value is not None
    )


def _read_documents(text: str, file: str, documents: int) -> list[Node]:
    if len(text) > MAX_CHARACTERS:
        raise DiagnosticError(
            _too_large(
                f"the file has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read",
                Span(file, 1, 1),
            )
        )
    builder = _Builder(file, documents)
    with _as_diagnostics(text, file):
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_Loader):
            builder.add(event)
    return builder.roots


@contextmanager
def _as_diagnostics(text: str, file: str) -> Iterator[None]:
    """Turn the parser's errors into diagnostics with their place.

    Raises:
        DiagnosticError: In the place of an error of the parser (`invalid-yaml`).
    """
    try:
        yield
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file, 1, 1)
        said = " ".join(part for part in (problem.context, problem.problem) if part)
        raise DiagnosticError(
            error("invalid-yaml", f"this is not valid YAML: {said}.", span, "Correct the syntax.")
        ) from None
    except (yaml.YAMLError, UnicodeEncodeError):
        # The parser reads no control characters and does not say where they are.
        found = _CONTROL.search(text)
        at = found.start() if found else 0
        what = f"the character U+{ord(text[at]):04X} is not allowed" if found else "unreadable text"
        span = Span(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        raise DiagnosticError(
            error("invalid-yaml", f"this is not valid YAML: {what}.", span, "Remove it.")
        ) from None


@dataclass(frozen=True, slots=True)
class _Complete:
    """A node that was read to its end: how many nodes it has, and levels of lists and mappings."""

    node: Node
    nodes: int = 1
    levels: int = 0


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    span: Span
    anchor: str | None
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    key_spans: dict[str, Span] = field(default_factory=dict)
    key: str | None = None
    merges: Span | None = None
    """The place of the merge key whose value comes next."""
    merge_span: Span | None = None
    merged: tuple[Node, ...] = ()
    nodes: int = 1
    levels: int = 1

    def close(self) -> _Complete:
        """Return the node.

        What a mapping states itself wins over what is merged into it, and of that the first one
        that states a key. A merged entry keeps the place where it is written.
        """
        if not self.is_mapping:
            return _Complete(Node(tuple(self.items), self.span), self.nodes, self.levels)
        for source in self.merged:
            for key, node in source.entries.items():
                if key not in self.entries:
                    self.entries[key] = node
                    self.key_spans[key] = source.key_spans[key]
        node = Node(self.entries, self.span, self.key_spans)
        return _Complete(node, self.nodes, self.levels)


class _Builder:
    """Builds the nodes of a stream of events, without recursion and within the bounds."""

    def __init__(self, file: str, documents: int) -> None:
        self.roots: list[Node] = []
        self._file = file
        self._documents = documents
        self._open: list[_Open] = []
        self._anchors: dict[str, _Complete | None] = {}
        self._nodes = 0
        self._takers: Mapping[type, Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self._start_document,
            yaml.ScalarEvent: self._add_scalar,
            yaml.AliasEvent: self._add_alias,
            yaml.SequenceStartEvent: self._start_collection,
            yaml.MappingStartEvent: self._start_collection,
            yaml.SequenceEndEvent: self._end_collection,
            yaml.MappingEndEvent: self._end_collection,
        }

    def add(self, event: Any) -> None:  # noqa: ANN401
        """Take the next event. Raises DiagnosticError."""
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def _span_of(self, event: Any) -> Span:  # noqa: ANN401
        mark = event.start_mark
        return Span(self._file, mark.line + 1, mark.column + 1)

    def _start_document(self, event: Any) -> None:  # noqa: ANN401
        span = self._span_of(event)
        self._anchors = {}
        if len(self.roots) == self._documents:
            raise DiagnosticError(
                error("invalid-yaml", "this is a second document.", span, "Expected a single one.")
                if self._documents == 1
                else _too_large(f"the file has more than {self._documents:,} documents", span)
            )

    def _start_collection(self, event: Any) -> None:  # noqa: ANN401
        span = self._span_of(event)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._expect_value(span)
        if event.tag not in (None, f"{CORE}map" if is_mapping else f"{CORE}seq"):
            raise DiagnosticError(refused_tag(event.tag, span))
        self._check_depth(1, span)
        if event.anchor:
            self._anchors[event.anchor] = None  # open: an alias of it would contain itself
        self._open.append(_Open(span, event.anchor, is_mapping))

    def _end_collection(self, _event: object) -> None:
        done = self._open.pop()
        complete = done.close()
        if done.anchor:
            self._anchors[done.anchor] = complete
        self._place_node(complete, 1, done.span)

    def _add_alias(self, event: Any) -> None:  # noqa: ANN401
        anchor, span = str(event.anchor), self._span_of(event)
        if anchor not in self._anchors:
            raise DiagnosticError(
                error("invalid-yaml", f"there is no anchor {anchor!r} above.", span)
            )
        target = self._anchors[anchor]
        if target is None:
            raise DiagnosticError(error("invalid-yaml", "an alias contains itself.", span))
        if self._awaits_key:
            self._open_key(target.node.value, span)
            return
        # The node is shared and not copied, but whoever walks the tree meets it once an alias.
        self._check_depth(target.levels, span)
        self._place_node(target, target.nodes, span)

    def _add_scalar(self, event: Any) -> None:  # noqa: ANN401
        span = self._span_of(event)
        found = _CONTROL.search(event.value)
        if found:
            raise DiagnosticError(
                error(
                    "invalid-yaml",
                    f"the text holds the control character U+{ord(found.group()):04X}.",
                    span,
                    "Remove it.",
                )
            )
        if self._awaits_key:
            if event.tag is not None and event.tag not in ("!", f"{CORE}str"):
                raise DiagnosticError(refused_tag(event.tag, span))
            if event.value == "<<" and event.tag is None and event.implicit[0]:
                self._open_merge(span)
                return
            node = Node(str(event.value), span, quoted=event.style in ("'", '"'))
            if event.anchor:
                self._anchors[event.anchor] = _Complete(node)
            self._open_key(node.value, span)
            return
        node = Node(read_scalar(event, span), span, quoted=event.style in ("'", '"'))
        if event.anchor:
            self._anchors[event.anchor] = _Complete(node)
        self._place_node(_Complete(node), 1, span)

    @property
    def _awaits_key(self) -> bool:
        if not self._open:
            return False
        around = self._open[-1]
        return around.is_mapping and around.key is None and around.merges is None

    def _expect_value(self, span: Span) -> None:
        if self._awaits_key:
            raise DiagnosticError(error("invalid-yaml", "a key must be a plain text.", span))

    def _open_key(self, key: object, span: Span) -> None:
        if not isinstance(key, str):
            raise DiagnosticError(error("invalid-yaml", "a key must be a plain text.", span))
        around = self._open[-1]
        if key in around.entries:
            raise DiagnosticError(
                error(
                    "duplicate-key",
                    f"{key!r} is duplicated; it is first defined at {around.key_spans[key]}.",
                    span,
                    "Remove one of them.",
                )
            )
        around.key = key
        around.key_spans[key] = span

    def _open_merge(self, span: Span) -> None:
        around = self._open[-1]
        if around.merge_span is not None:
            raise DiagnosticError(
                error(
                    "duplicate-key",
                    f"'<<' is duplicated; it is first defined at {around.merge_span}.",
                    span,
                    "Merge a list of mappings: `<<: [*one, *other]`.",
                )
            )
        around.merges = around.merge_span = span

    def _check_depth(self, levels: int, span: Span) -> None:
        if len(self._open) + levels > MAX_DEPTH:
            raise DiagnosticError(
                _too_large(f"lists and mappings are nested more than {MAX_DEPTH} levels deep", span)
            )

    def _place_node(self, complete: _Complete, new: int, span: Span) -> None:
        """Put a node, `new` nodes of which are not counted yet, where it belongs.

        Raises:
            DiagnosticError: Where the file has more than MAX_NODES values (`too-large`).
        """
        self._nodes += new
        if self._nodes > MAX_NODES:
            raise DiagnosticError(
                _too_large(
                    f"the file has more than {MAX_NODES:,} values, its aliases expanded", span
                )
            )
        if not self._open:
            self.roots.append(complete.node)
            return
        node, around = complete.node, self._open[-1]
        around.nodes += complete.nodes
        around.levels = max(around.levels, complete.levels + 1)
        if around.merges is not None:
            around.merged, around.merges = _mappings_to_merge(node, span), None
        elif around.key is not None:
            around.entries[around.key] = node
            around.key = None
        else:
            around.items.append(node)


def _mappings_to_merge(node: Node, span: Span) -> tuple[Node, ...]:
    """Return the mappings that the value of a merge key names.

    Raises:
        DiagnosticError: Where it is no mapping or list of mappings (`invalid-yaml`).
    """
    sources = node.items if isinstance(node.value, tuple) else (node,)
    if not sources or not all(isinstance(source.value, Mapping) for source in sources):
        raise DiagnosticError(
            error(
                "invalid-yaml",
                "a merge key (<<) merges something that is not a mapping.",
                span,
                "Expected a mapping or a list of mappings, usually aliases: `<<: *defaults`.",
            )
        )
    return sources


def _too_large(what: str, span: Span) -> Diagnostic:
    return error("too-large", f"{what}.", span, "docs/untrusted-input.md lists the bounds.")
