"""Boxes of a network diagram before layout: the text of each, and its height.

`graph_layout`, `graph_routing` and `graph_svg` call it.
"""

from dataclasses import dataclass
from enum import StrEnum

from provisioner.documents.graph import (
    GraphDocument,
    GroupDocument,
    GroupKind,
    NodeDocument,
)
from provisioner.reports.graph_edges import fails_by_id
from provisioner.reports.graph_text_metrics import break_text
from provisioner.reports.values import plain

GAP = 10
"""Pixels between boxes, and between a box and its content."""

PADDING = 9
COLUMN_WIDTH = 290
OUTSIDE_WIDTH = 150


class TextStyle(StrEnum):
    """How a row is written."""

    KIND = "kind"
    NAME = "name"
    DETAIL = "detail"
    FAILS = "fails"
    UNKNOWN = "unknown"


SIZES = {
    TextStyle.KIND: 10,
    TextStyle.NAME: 13,
    TextStyle.DETAIL: 11,
    TextStyle.FAILS: 11,
    TextStyle.UNKNOWN: 11,
}
HEIGHTS = {
    TextStyle.KIND: 15,
    TextStyle.NAME: 18,
    TextStyle.DETAIL: 16,
    TextStyle.FAILS: 16,
    TextStyle.UNKNOWN: 16,
}
BOLD = frozenset((TextStyle.NAME, TextStyle.FAILS, TextStyle.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text."""

    letter: TextStyle
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A box with the text at its top and the boxes below it, stacked."""

    item: GroupDocument | NodeDocument
    rows: tuple[Row, ...]
    inner: tuple["Block", ...]
    width: int

    @property
    def header(self) -> int:
        """The height of the text, with the space around it."""
        return sum(HEIGHTS[row.letter] for row in self.rows) + 2 * PADDING

    @property
    def height(self) -> int:
        """The height of the whole."""
        below = sum(block.height + GAP for block in self.inner)
        return self.header + below


def build_blocks(document: GraphDocument) -> tuple[Block, ...]:
    """Return the boxes without a group, then each subscription with its content."""
    return _Builder(document).outermost()


class _Builder:
    def __init__(self, document: GraphDocument) -> None:
        self._fails = fails_by_id(document, certain=True)
        self._unknown = fails_by_id(document, certain=False)
        self._groups: dict[str | None, list[GroupDocument]] = {}
        self._nodes: dict[str | None, list[NodeDocument]] = {}
        for group in document.groups:
            self._groups.setdefault(group.parent, []).append(group)
        for node in document.nodes:
            self._nodes.setdefault(node.group, []).append(node)

    def outermost(self) -> tuple[Block, ...]:
        loose = [self._node(node, OUTSIDE_WIDTH) for node in self._nodes.get(None, ())]
        frames = [
            Block(
                group,
                (Row(TextStyle.KIND, group.kind.value), *_lines(TextStyle.NAME, group.name, 200)),
                self._inside(group.id, COLUMN_WIDTH),
                COLUMN_WIDTH + 2 * GAP,
            )
            for group in self._groups.get(None, ())
        ]
        return (*loose, *frames)

    def _inside(self, parent: str, width: int) -> tuple[Block, ...]:
        groups = [self._group(group, width) for group in self._groups.get(parent, ())]
        nodes = [self._node(node, width) for node in self._nodes.get(parent, ())]
        return (*groups, *nodes)

    def _group(self, group: GroupDocument, width: int) -> Block:
        space = width - 2 * PADDING
        rows: list[Row] = []
        if group.kind is not GroupKind.SUBNET:
            words = {GroupKind.HUB: "hub network", GroupKind.NETWORK: "network"}
            rows.append(Row(TextStyle.KIND, words.get(group.kind, group.kind.value)))
        rows += _lines(TextStyle.NAME, group.name, space)
        for detail in group.details:
            rows += _lines(TextStyle.DETAIL, detail, space)
        rows += self._marks(group.id, space)
        return Block(group, tuple(rows), self._inside(group.id, width - 2 * GAP), width)

    def _node(self, node: NodeDocument, width: int) -> Block:
        space = width - 2 * PADDING
        rows = [Row(TextStyle.KIND, node.kind.value)] if node.kind.value != node.name else []
        rows += _lines(TextStyle.NAME, node.name, space)
        for detail in node.details:
            rows += _lines(TextStyle.DETAIL, detail, space)
        rows += self._marks(node.id, space)
        return Block(node, tuple(rows), (), width)

    def _marks(self, key: str, space: int) -> list[Row]:
        rows = []
        for proof in self._fails.get(key, ()):
            rows += _lines(TextStyle.FAILS, f"fails: {proof}", space)
        for proof in self._unknown.get(key, ()):
            rows += _lines(TextStyle.UNKNOWN, f"unknown: {proof}", space)
        return rows


def _lines(letter: TextStyle, text: str, width: int) -> list[Row]:
    lines = break_text(plain(text), width, SIZES[letter], bold=letter in BOLD)
    return [Row(letter, line) for line in lines]
