"""Renders what was measured: a table for the terminal, and docs/fidelity.md."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fidelity.causes import cause_of
from fidelity.conversations import Course, Difference
from fidelity.measure import SINCE, Findings, Part, combine
from fidelity.refusals import Retrial
from fidelity.silence import SilentFigures
from provisioner.service_rules.registry import all_rules
from provisioner.service_rules.rule import ANY_TYPE, ServiceRule

_FORESEEN = """\
What Azure refuses although a body is well-formed, as `provisioner/service_rules/` has it: by these
rules `azsec validate` and `azsec plan` refuse, and the built-in Azure. Where no source says with
which code Azure refuses, the built-in one answers `BadRequest`.
"""
_UNEXPLAINED = "not explained yet"
_MEASURED = ("writes", "leaves agreed", "differing", "conversations agreed", "errors agreed")
_TYPE_HEADS = ("type", *_MEASURED)
_PART_HEADS = ("recordings", "files", *_MEASURED)
_HEAD = f"""# Fidelity of the built-in Azure

Written by `make fidelity`, which replays recorded traffic of the real Azure against the built-in
one and counts. Each write is sent to an Azure that holds what the recorded one held: what a body
refers to, what it stands in, and the resource itself where it existed. No recording is known to
the simulator, which imports the catalog only.

- **Leaves** are the values of an answer that a client can set. Both answers count: a value that
  only one of them has differs. Null and "" are as good as absent. What Azure generates (ids,
  clocks, host names, versions) is held against its shape. Answers to api versions from {SINCE} on
  count; what Azure chose by the day and the region (the default Kubernetes version, the size of a
  machine) is told to the built-in one, and is not counted.
- **Conversations** are compared request by request: method and status. How often a client polled
  does not count. A request is left out where Azure failed for reasons of its own (throttling,
  outages, a directory that lags behind), or where it is about a type that azsec does not know.
- **Errors** are writes that Azure refused, with status and code, where what made it refuse can be
  set up.

The built-in Azure was made from the recordings called seen. Others were kept apart until then, and
are split by a digest of their file names: one half was learnt from since, of the other only the
figures are looked at. Where its leaves differ is neither printed nor written, so that they measure
traffic that nobody knew. Its conversations and errors are open.
"""


def summarise(parts: Mapping[Part, Findings]) -> Iterator[str]:
    """Yield the lines that `make fidelity` prints."""
    yield from _columns(_TYPE_HEADS, list(_rows(combine(parts.values()))))
    yield ""
    yield from _columns(_PART_HEADS, list(_part_rows(parts)))


def render(parts: Mapping[Part, Findings], silence: Mapping[str, SilentFigures]) -> str:
    """Return docs/fidelity.md."""
    whole = combine(parts.values())
    known = combine(found for part, found in parts.items() if part is not Part.HELD_OUT)
    sections = [
        _HEAD,
        "## Figures\n",
        table(_PART_HEADS, _part_rows(parts)),
        "\nAll of them, by type:\n",
        table(_TYPE_HEADS, _rows(whole)),
        "\n## Leaves that differ\n",
        "Without the held-out half.\n",
        table(("type", "property", "times", "Azure", "ours", "why"), _leaf_rows(known)),
        "\n## Requests that are answered otherwise\n",
        *_requests(whole.courses),
        "\n## States and headers that differ\n",
        "They do not count as disagreement: which state an answer shows depends on the moment.\n",
        table(("request", "times", "Azure", "ours"), _side_rows(whole.courses)),
        "\n## Errors\n",
        table(("type", "times", "Azure", "ours"), _error_rows(whole.retrials)),
        "\n## Refusals foreseen\n",
        _FORESEEN,
        table(("type", "rules", "with Azure's code"), _rule_rows()),
        "\n## Defaults that are not known\n",
        _SILENCE,
        table(("type", "pairs", "values", "most often"), _silent_rows(silence)),
        "\n## What was left out\n",
        table(("times", "what"), _left_out(whole)),
    ]
    return "\n".join(sections) + "\n"


_SILENCE = """What a body does not state, a comparison holds against the default. Where none is
known, a value that somebody moved is not seen: `azsec compare --unknown` lists them. Over all
recorded pairs (the paths without the held-out half):
"""
_MOST_PATHS = 3


def _silent_rows(silence: Mapping[str, SilentFigures]) -> Iterator[tuple[str, ...]]:
    for name, figures in sorted(silence.items()):
        often = sorted(figures.paths.items(), key=lambda item: (-item[1], item[0]))[:_MOST_PATHS]
        paths = ", ".join(f"`{path}` {times}" for path, times in often)
        yield name, str(figures.pairs), str(figures.unknown), paths or "-"
    pairs = sum(figures.pairs for figures in silence.values())
    yield "all", str(pairs), str(sum(figures.unknown for figures in silence.values())), ""


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for first, *cells in (heads, *rows):
        yield f"{first:<{widths[0]}}  " + "  ".join(
            f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)
        )


def _part_rows(parts: Mapping[Part, Findings]) -> Iterator[tuple[str, ...]]:
    halves = (parts[Part.LEARNT], parts[Part.HELD_OUT])
    rows = [
        *parts.items(),
        ("unseen, both halves", combine(halves)),
        ("seen and unseen", combine(parts.values())),
    ]
    for name, found in rows:
        yield name, str(found.sources), *_figures(found)


def _figures(found: Findings) -> tuple[str, ...]:
    return (
        str(sum(figures.writes for figures in found.types.values())),
        f"{found.agreed} ({found.share:.1%})",
        str(found.differing),
        _of(sum(not course.differences for course in found.courses), len(found.courses)),
        _of(sum(retrial.agrees for retrial in found.tried), len(found.tried)),
    )


def _rows(findings: Findings) -> Iterator[tuple[str, ...]]:
    courses, retrials = _courses_by_type(findings), _retrials_by_type(findings)
    for name in sorted({*findings.types, *courses, *retrials}):
        figures = findings.types.get(name)
        went, tried = courses.get(name, []), retrials.get(name, [])
        yield (
            name,
            str(figures.writes if figures else 0),
            str(figures.agreed if figures else 0),
            str(figures.differing.total() if figures else 0),
            _of(sum(not course.differences for course in went), len(went)),
            _of(sum(retrial.agrees for retrial in tried), len(tried)),
        )
    yield "all", *_figures(findings)


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else "-"


def _courses_by_type(findings: Findings) -> dict[str, list[Course]]:
    found: dict[str, list[Course]] = defaultdict(list)
    for course in findings.courses:
        found[course.conversation.type].append(course)
    return found


def _retrials_by_type(findings: Findings) -> dict[str, list[Retrial]]:
    found: dict[str, list[Retrial]] = defaultdict(list)
    for retrial in findings.retrials:
        if retrial.left_out is None:
            found[retrial.refusal.type].append(retrial)
    return found


def _leaf_rows(findings: Findings) -> Iterator[tuple[str, ...]]:
    for name, figures in sorted(findings.types.items()):
        places: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for (path, recorded, ours), times in figures.differing.items():
            places[path][recorded, ours] += times
        for path, values in sorted(places.items(), key=lambda item: (-item[1].total(), item[0])):
            (recorded, ours), _ = values.most_common(1)[0]
            why = cause_of(name, path) or _UNEXPLAINED
            yield name.partition("/")[2], f"`{path}`", str(values.total()), recorded, ours, why


def _requests(courses: Sequence[Course]) -> Iterator[str]:
    counted = _count(course.differences for course in courses)
    if not counted:
        yield "None.\n"
        return
    yield table(("request", "times", "Azure", "ours"), counted)


def _side_rows(courses: Sequence[Course]) -> list[tuple[str, ...]]:
    return [
        *_count(course.states for course in courses),
        *_count(course.headers for course in courses),
    ]


def _count(groups: Iterable[Iterable[Difference]]) -> list[tuple[str, ...]]:
    counted = Counter(
        (difference.request, difference.recorded, difference.ours)
        for group in groups
        for difference in group
    )
    return [
        (request, str(times), recorded, ours)
        for (request, recorded, ours), times in sorted(
            counted.items(), key=lambda item: (-item[1], item[0])
        )
    ]


def _rule_rows() -> Iterator[tuple[str, ...]]:
    """Yield how many service rules there are for each type, and of how many the code is known."""
    by_type: dict[str, list[ServiceRule]] = defaultdict(list)
    for rule in all_rules():
        by_type["every type" if rule.type == ANY_TYPE else rule.type].append(rule)
    for name, rules in [*sorted(by_type.items()), ("all", list(all_rules()))]:
        yield name, str(len(rules)), str(sum(rule.code is not None for rule in rules))


def _error_rows(retrials: Sequence[Retrial]) -> Iterator[tuple[str, ...]]:
    counted = Counter(
        (f"{retrial.refusal.method} {retrial.refusal.type}", retrial.recorded, retrial.ours)
        for retrial in retrials
        if retrial.left_out is None and not retrial.agrees
    )
    for (request, recorded, ours), times in sorted(counted.items()):
        yield request, str(times), recorded, ours


def _left_out(findings: Findings) -> Iterator[tuple[str, ...]]:
    counted = Counter(
        f"errors: {retrial.left_out}" for retrial in findings.retrials if retrial.left_out
    )
    counted["requests of conversations"] = sum(course.left_out for course in findings.courses)
    if findings.unknown:
        counted["writes of types without a file in the catalog"] = findings.unknown
    for what, times in sorted(counted.items()):
        yield str(times), what


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)
