"""Routes diagram edges: sideways out of a box, along a lane, sideways into the other box.

Edges of one kind that end, or begin, at one box share their lanes and the point where they meet the
box, and so form a tree. An edge between columns that are not neighbours takes the highway above all
boxes. `graph_svg` calls it after the layout.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.documents.graph import EdgeDocument, EdgeKind
from provisioner.reports.graph_boxes import GAP
from provisioner.reports.graph_layout import Column, Place

LANE = 8
"""Pixels between two lanes."""

_MARGIN = 16
_STEP = 4
_RIGHT, _LEFT = 1, -1

Point = tuple[int, int]
Tree = tuple[int, str, bool]
"""The kind of edge (its index), the box that the edges share, and whether it is their source."""


@dataclass(frozen=True, slots=True)
class Way:
    """The lanes of one edge.

    The sides by which it leaves and arrives (1 is right), and its gutters; two of them if it takes
    the highway between.
    """

    edge: EdgeDocument
    tree: Tree
    leaves: int
    arrives: int
    gutters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A line with its corners in pixels. It `arrives` unless it ends at another of its tree."""

    edge: EdgeDocument
    tree: Tree
    points: tuple[Point, ...]
    arrives: bool = True


@dataclass(frozen=True, slots=True)
class EdgeLanes:
    """The lanes that edges share.

    `gutters` has the trees along each gutter, from left to right; `highway` those above all boxes,
    from top to bottom.
    """

    ways: tuple[Way, ...]
    gutters: tuple[tuple[Tree, ...], ...]
    highway: tuple[Tree, ...]

    def widths(self, columns: Sequence[Column]) -> tuple[int, ...]:
        """Return the width of the gutter behind each column."""
        return tuple(
            2 * _MARGIN + LANE * len(lanes) + _frame_space(columns, number, number + 1)
            for number, lanes in enumerate(self.gutters)
        )


def _frame_space(columns: Sequence[Column], one: int, other: int) -> int:
    """Return the part of the gutter between two columns that frames take."""
    if other < len(columns):
        frame = columns[one].frame
        if frame is not None and frame is columns[other].frame:
            return 0
        return 2 * GAP
    return GAP


def plan_edge_lanes(edges: Sequence[EdgeDocument], columns: Sequence[Column]) -> EdgeLanes:
    """Return the lanes that lines take through columns. One without drawn ends is left out."""
    at = {key: number for number, column in enumerate(columns) for key in _ids(column)}
    drawn = [edge for edge in edges if edge.source in at and edge.target in at]
    trees = _trees(drawn)
    ways = tuple(
        _way(edge, tree, at[edge.source], at[edge.target])
        for edge, tree in zip(drawn, trees, strict=True)
    )
    gutters: list[set[Tree]] = [set() for _ in columns]
    for way in ways:
        for number in way.gutters:
            gutters[number].add(way.tree)
    return EdgeLanes(
        ways,
        tuple(tuple(sorted(lanes)) for lanes in gutters),
        tuple(sorted({way.tree for way in ways if len(way.gutters) > 1})),
    )


def _ids(column: Column) -> Iterable[str]:
    waiting = [block for slot in column.slots for block in slot.blocks]
    while waiting:
        block = waiting.pop()
        yield block.item.id
        waiting.extend(block.inner)


def _trees(edges: Sequence[EdgeDocument]) -> list[Tree]:
    """Return the tree of each edge: it is shared at the end where more of its kind meet."""
    kinds = list(EdgeKind)
    sources = Counter((edge.kind, edge.source) for edge in edges)
    targets = Counter((edge.kind, edge.target) for edge in edges)
    trees = []
    for edge in edges:
        by_source = sources[edge.kind, edge.source] > targets[edge.kind, edge.target]
        shared = edge.source if by_source else edge.target
        trees.append((kinds.index(edge.kind), shared, by_source))
    return trees


def _way(edge: EdgeDocument, tree: Tree, start: int, end: int) -> Way:
    if start == end:
        return Way(edge, tree, _RIGHT, _RIGHT, (start,))
    if end > start:
        gutters = (start,) if end == start + 1 else (start, end - 1)
        return Way(edge, tree, _RIGHT, _LEFT, gutters)
    gutters = (end,) if end == start - 1 else (start - 1, end)
    return Way(edge, tree, _LEFT, _RIGHT, gutters)


def route_edges(
    roads: EdgeLanes, columns: Sequence[Column], places: Iterable[Place], highway: int
) -> tuple[Route, ...]:
    """Return every line with its corners. `highway` is where the lanes above the boxes begin."""
    by_id = {place.block.item.id: place for place in places}
    ports = _ports(roads, by_id)
    lanes = _lanes(roads, columns, by_id)
    levels = {tree: highway + LANE * number for number, tree in enumerate(roads.highway)}
    routes = []
    for way in roads.ways:
        source, target = by_id[way.edge.source], by_id[way.edge.target]
        begin = ports[source.block.item.id, way.leaves, way.tree]
        end = ports[target.block.item.id, way.arrives, way.tree]
        first = lanes[way.gutters[0], way.tree]
        last = lanes[way.gutters[-1], way.tree]
        points = [(_side(source, way.leaves), begin), (first, begin)]
        if way.leaves != way.arrives and abs(begin - end) < _STEP:
            end = begin  # A straight line, where the sides of a gutter barely differ.
        if len(way.gutters) > 1:
            points += [(first, levels[way.tree]), (last, levels[way.tree])]
        points += [(last, end), (_side(target, way.arrives), end)]
        routes.append(Route(way.edge, way.tree, tuple(points)))
    return tuple(routes)


def _side(place: Place, side: int) -> int:
    return place.x + place.width if side == _RIGHT else place.x


def _ports(roads: EdgeLanes, by_id: Mapping[str, Place]) -> Mapping[tuple[str, int, Tree], int]:
    """Return the height at which each tree meets each side of a box.

    At a group it is beside the text, because the edges of its content pass lower. The heights of
    left and right sides are never the same, so that edges from both sides of a gutter do not
    overlap.
    """
    meeting: dict[tuple[str, int], set[Tree]] = {}
    for way in roads.ways:
        meeting.setdefault((way.edge.source, way.leaves), set()).add(way.tree)
        meeting.setdefault((way.edge.target, way.arrives), set()).add(way.tree)
    ports = {}
    for (key, side), trees in meeting.items():
        place = by_id[key]
        height = place.block.header
        for number, tree in enumerate(sorted(trees), 1):
            y = place.y + height * number // (len(trees) + 1)
            shift = 0 if side == _RIGHT else _STEP // 2
            ports[key, side, tree] = y // _STEP * _STEP + shift
    return ports


def _lanes(
    roads: EdgeLanes, columns: Sequence[Column], by_id: Mapping[str, Place]
) -> Mapping[tuple[int, Tree], int]:
    """Return the horizontal place of each tree in each gutter."""
    lanes = {}
    for number, trees in enumerate(roads.gutters):
        first = next((b for slot in columns[number].slots for b in slot.blocks), None)
        right = by_id[first.item.id].x + columns[number].width if first else 0
        begin = right + _MARGIN + _frame_space(columns, number, number + 1) // 2 + LANE // 2
        for position, tree in enumerate(trees):
            lanes[number, tree] = begin + position * LANE
    return lanes
