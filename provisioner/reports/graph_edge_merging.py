"""Merges diagram edges of one tree where they share lanes, instead of drawing them twice.

Overlapping dashes would look like a solid line. `graph_svg` calls it after the routing.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from provisioner.reports.graph_routing import Point, Route, Tree

_Segment = tuple[Point, Point]


def join_routes(routes: Sequence[Route], alone: Container[tuple[str, str]]) -> tuple[Route, ...]:
    """Return the edges, each up to where it meets an edge of its tree, or from there on.

    The order is kept. An edge whose ends are in `alone` is left whole, and nothing is merged into
    it.
    """
    drawn: dict[Tree, list[_Segment]] = {}
    joined = dict(enumerate(routes))
    for number in sorted(joined, key=lambda n: (_reach(routes[n]), n)):
        route = routes[number]
        if (route.edge.source, route.edge.target) in alone:
            continue
        before = drawn.setdefault(route.tree, [])
        joined[number] = _joined(route, before)
        before.extend(pairwise(joined[number].points))
    return tuple(joined[number] for number in range(len(routes)))


def _reach(route: Route) -> tuple[int, int]:
    """Return the sort key by which the edge with the longest shared lanes comes first."""
    xs = [x for x, _ in route.points[1:-1]]
    (_, begin), *_ = points = _outwards(route)
    return min(xs) - max(xs), -abs(points[2][1] - begin) if len(points) > 2 else 0


def _outwards(route: Route) -> tuple[Point, ...]:
    """Return the corners of a line, from the end that it does not share."""
    shares_source = route.tree[2]
    return tuple(reversed(route.points)) if shares_source else route.points


def _joined(route: Route, drawn: Iterable[_Segment]) -> Route:
    points = _outwards(route)
    segments = tuple(drawn)
    for number, point in enumerate(points[1:-1], 1):
        if any(_is_on(point, segment) for segment in segments):
            kept = points[: number + 1]
            if route.tree[2]:
                return replace(route, points=tuple(reversed(kept)))
            return replace(route, points=kept, arrives=False)
    return route


def _is_on(point: Point, segment: _Segment) -> bool:
    (x, y), ((from_x, from_y), (to_x, to_y)) = point, segment
    inside = min(from_x, to_x) <= x <= max(from_x, to_x)
    return inside and min(from_y, to_y) <= y <= max(from_y, to_y)
