"""Layout of a network diagram: columns from the outside inwards, with gutters for edges.

The first column is what lies outside of the environment. Each subscription is a frame around
columns of its own, hubs before other networks before resource groups. Nothing overlaps by
construction: boxes are stacked, and edges run in the gutters between the columns and on the highway
above them. `graph_routing` and `graph_svg` call it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from provisioner.documents.graph import GroupDocument, GroupKind
from provisioner.reports.graph_boxes import COLUMN_WIDTH, GAP, OUTSIDE_WIDTH, Block

_LEAST_HEIGHT = 780
_FLATNESS = 0.7
_STRETCH = 1.4
"""The ratio of height to width of a large drawing, because screens are wider than high. A column
may be higher where that saves its frame a second one."""

_APART = 2 * GAP
_NETWORKS = (GroupKind.HUB, GroupKind.NETWORK)


@dataclass(frozen=True, slots=True)
class Slot:
    """The blocks of one frame in one column; the frame is None for blocks without one."""

    frame: Block | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of stacked slots. Several slots are frames of one column each."""

    slots: tuple[Slot, ...]
    width: int

    @property
    def frame(self) -> Block | None:
        """The frame that may continue in the next column."""
        return self.slots[-1].frame if len(self.slots) == 1 else None


@dataclass(frozen=True, slots=True)
class Place:
    """A block with its column, its depth in frames and groups, and its place in pixels."""

    block: Block
    column: int
    depth: int
    x: int
    y: int
    width: int
    height: int


def arrange(blocks: Sequence[Block]) -> tuple[Column, ...]:
    """Return the columns that blocks make, from left to right."""
    loose = tuple(b for b in blocks if not isinstance(b.item, GroupDocument))
    frames = [b for b in blocks if isinstance(b.item, GroupDocument)]
    heights = [inner.height + _APART for frame in frames for inner in frame.inner]
    total = sum(heights) * (COLUMN_WIDTH + 5 * GAP) * _FLATNESS
    limit = max([_LEAST_HEIGHT, int(sqrt(total)), *heights])
    columns = [Column((Slot(None, loose),), OUTSIDE_WIDTH)]
    small = [frame for frame in frames if not any(map(_is_network, frame.inner))]
    for frame in frames:
        if frame not in small:
            slots = (Slot(frame, stack) for stack in _stacks(frame.inner, limit))
            columns += [Column((slot,), COLUMN_WIDTH) for slot in slots]
    if small:
        columns.append(Column(tuple(Slot(f, f.inner) for f in small), COLUMN_WIDTH))
    return tuple(columns)


def _stacks(blocks: Sequence[Block], limit: int) -> Iterator[tuple[Block, ...]]:
    """Yield blocks in stacks that are no higher than a limit; hubs and spokes are separate."""
    if sum(map(_is_network, blocks)) < 2 and sum(b.height for b in blocks) < limit * _STRETCH:
        yield tuple(blocks)
        return
    stack: list[Block] = []
    for block in blocks:
        height = sum(b.height + _APART for b in stack)
        after_hub = stack and _is_hub(stack[-1]) and _is_network(block) and not _is_hub(block)
        if stack and (after_hub or height + block.height > limit):
            yield tuple(stack)
            stack = []
        stack.append(block)
    yield tuple(stack)


def _is_network(block: Block) -> bool:
    return block.item.kind in _NETWORKS


def _is_hub(block: Block) -> bool:
    return block.item.kind is GroupKind.HUB


def place(columns: Sequence[Column], gutters: Sequence[int], top: int) -> tuple[Place, ...]:
    """Return every box with its position, a box before its content.

    `gutters` is the width of the space behind each column, `top` the position of the highest boxes.
    """
    placed: list[Place] = []
    left = 2 * GAP
    lefts = []
    for column, gutter in zip(columns, gutters, strict=True):
        lefts.append(left)
        left += column.width + gutter
    bottoms: dict[str, int] = {}
    inside: list[Place] = []
    corners: dict[str, tuple[Block, int, int, int, int]] = {}
    for number, column in enumerate(columns):
        y = top
        for slot in column.slots:
            begin = y + (slot.frame.header if slot.frame else 0)
            end = begin
            for block in slot.blocks:
                inside += _place_block(block, number, 1, lefts[number], end)
                end += block.height + (GAP if slot.frame else _APART)
            if slot.frame is None:
                continue
            key = slot.frame.item.id
            bottoms[key] = max(end, bottoms.get(key, 0))
            _, first, _, x, _ = corners.get(key, (slot.frame, number, number, lefts[number], y))
            corners[key] = (slot.frame, first, number, x, y)
            y = bottoms[key] + _APART
    for key, (frame, first, last, x, y) in corners.items():
        right = lefts[last] + columns[last].width + GAP
        placed.append(Place(frame, first, 0, x - GAP, y, right - x + GAP, bottoms[key] - y))
    return (*placed, *inside)


def _place_block(block: Block, column: int, depth: int, x: int, y: int) -> Iterator[Place]:
    yield Place(block, column, depth, x, y, block.width, block.height)
    below = y + block.header
    for inner in block.inner:
        yield from _place_block(inner, column, depth + 1, x + GAP, below)
        below += inner.height + GAP
