"""Geometry of the charts in an HTML report: stacked bars, a line of shares, columns of counts.

A template draws them. Every number of a chart is in a table beside it, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.documents.report import PostureDocument, TallyDocument

ENDINGS = ("passed", "partial", "failed", "waived", "unknown", "not_assessed")
"""The parts of a bar in their order, from passing to not assessed."""

WIDTH, HEIGHT = 440, 190
TOP = 28
_LEFT, _RIGHT, _BOTTOM = 0, 0, 30
_MOST_LABELS = 6
_GAP = 0.35
"""The space between the parts of a bar, in percent of its width."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a stacked bar: how it ended, how many, and from where on how wide (percent)."""

    ending: str
    count: int
    x: float
    width: float


def segments(counts: Mapping[str, int]) -> Iterator[Segment]:
    """Yield the parts of a bar that is full at the total of `counts`, in their order."""
    total = sum(counts.values())
    at = 0
    for ending, count in counts.items():
        if count:
            start, at = at, at + count
            width = 100 * count / total - (_GAP if at < total else 0)
            yield Segment(ending, count, round(100 * start / total, 2), round(max(width, 0.3), 2))


def tally_segments(tally: TallyDocument) -> tuple[Segment, ...]:
    """Return the parts of the bar of a tally."""
    return tuple(segments({ending: getattr(tally, ending) for ending in ENDINGS}))


@dataclass(frozen=True, slots=True)
class Point:
    """A report in a chart: its place in pixels, its label, the label of its axis ("" for none)."""

    x: float
    y: float
    label: str
    day: str
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Chart:
    """The points of a chart from left to right, and the position of the axis."""

    points: tuple[Point, ...]
    base: float = HEIGHT - _BOTTOM

    @property
    def line(self) -> str:
        """The points as SVG writes a polyline."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)

    @property
    def area(self) -> str:
        """The area between the points and the axis, as an SVG polygon."""
        first, last = self.points[0], self.points[-1]
        return f"{first.x:g},{self.base:g} {self.line} {last.x:g},{self.base:g}"


def share_chart(points: Sequence[PostureDocument]) -> Chart:
    """Return how many of the controls that apply pass, report by report. The axis starts at 0."""
    shares = [_share(point.tally) for point in points]
    labels = [f"{p.tally.passed:,} of {p.tally.applicable:,}" for p in points]
    return Chart(tuple(_points(points, shares, labels, 1.0)))


def failing_chart(points: Sequence[PostureDocument]) -> Chart:
    """Return how many controls fail, report by report."""
    counts = [float(point.tally.failed) for point in points]
    labels = [f"{point.tally.failed:,}" for point in points]
    return Chart(tuple(_points(points, counts, labels, max([*counts, 1.0]))))


def _share(tally: TallyDocument) -> float:
    return tally.passed / tally.applicable if tally.applicable else 0.0


def _points(
    points: Sequence[PostureDocument],
    values: Sequence[float],
    labels: Sequence[str],
    most: float,
) -> Iterator[Point]:
    room = HEIGHT - TOP - _BOTTOM
    step = (WIDTH - _LEFT - _RIGHT) / len(points)
    for number, (point, value) in enumerate(zip(points, values, strict=True)):
        height = round(room * value / most, 1)
        is_last = number == len(points) - 1
        shown = len(points) <= _MOST_LABELS or number == 0 or is_last
        yield Point(
            x=round(_LEFT + step * (number + 0.5), 1),
            y=round(HEIGHT - _BOTTOM - height, 1),
            label=labels[number] if shown else "",
            day=point.at[:10] if shown else "",
            height=height,
        )
