"""Sections that the text of several documents has in common.

Most text renderers call it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from provisioner.documents.document import DiagnosticDocument, EnvironmentDocument
from provisioner.documents.plan import (
    IgnoredDocument,
    InProgressDocument,
    UndeclaredDocument,
    UnmanagedDocument,
)
from provisioner.reports.styled import (
    BLANK,
    Line,
    Span,
    Style,
    columns_of,
    length,
    line,
    pad,
    wrap,
)
from provisioner.reports.type_names import kinds_of, last_kind, without_vendor
from provisioner.reports.values import (
    plain,
    plural,
    shorten,
    show_digest,
    show_pair,
    show_path,
    show_value,
)
from provisioner.reports.wording import (
    IN_PROGRESS,
    and_more,
    joined,
    keeping,
    marks,
    source_words,
)

_MOST_UNDECLARED = 30
_MOST_UNMANAGED = 20
_GAP = "  "


def heading(command: str, environment: EnvironmentDocument, width: int) -> list[Line]:
    """Return the heading: the command and the environment.

    Below it are the git repositories that the environment is composed from.
    """
    title = f"azsec {command} {plain(environment.name)}"
    about = joined(
        (
            plain(environment.blueprint),
            plain(environment.cloud),
            plural(len(environment.subscriptions), "subscription"),
        )
    )
    left, right = line(Span(title, Style.BOLD)), line(Span(about, Style.DIM))
    sources = [line(Span(row, Style.DIM)) for row in _source_lines(environment, width)]
    if length(left) + 3 + length(right) > width:
        return [left, right, *sources, BLANK]
    return [ends(left, right, width), *sources, BLANK]


def _source_lines(environment: EnvironmentDocument, width: int) -> Iterator[str]:
    for source in environment.module_sources:
        yield from wrap(plain(source_words(source)), width)


def ends(left: Line, right: Line, width: int) -> Line:
    """Return a line with one part at the left and the other at the right end, where they fit."""
    space = max(3, width - length(left) - length(right))
    return (*left, Span(" " * space), *right)


class Columns:
    """The widths of addresses and types: one decision for all resources of a document.

    Where a line has no room for all, types lose the vendor's name first, then their resource
    provider where that is unambiguous, and at last the longest of them all but the last segment.
    Where that is not enough, `note` puts the resource group beside the action instead. An address
    that is too long for its column has a line for itself.
    """

    def __init__(self, resources: Sequence[tuple[str, str, str | None]], width: int) -> None:
        addresses = [columns_of(plain(address)) for address, _, _ in resources]
        self._address = min(max(addresses, default=0), width // 2)
        groups = max((columns_of(plain(group or "")) for _, _, group in resources), default=0)
        room = width - 2 - self._address - len(_GAP)
        with_group = room - groups - len(_GAP)
        types = {resource_type for _, resource_type, _ in resources}
        forms = _type_name_forms(types, with_group)
        fitting = next((form for form in forms if _widest_name(form) <= with_group), None)
        self._has_group = fitting is not None
        self._names = fitting or next(
            (form for form in _type_name_forms(types, room)[2:] if _widest_name(form) <= room),
            forms[-1],
        )
        self._type = _widest_name(self._names)

    def lines(self, address: str, resource_type: str, group: str | None) -> Iterator[Line]:
        """Yield the line that names a resource; two, where its address is too long for one."""
        kind = self._names.get(resource_type, plain(resource_type))
        name = plain(address)
        missing = self._address - columns_of(name)
        beside = Span(plain(group or "")) if self._has_group else Span("")
        told = (Span(pad(kind, self._type), Style.DIM), Span(_GAP), Span(beside.text, Style.DIM))
        if missing >= 0:
            yield line("  ", Span(name + " " * missing, Style.BOLD), _GAP, *told)
        else:
            yield line("  ", Span(name, Style.BOLD))
            yield line("    ", Span(pad(kind, self._type), Style.DIM), *told[1:])

    def note(self, group: str | None) -> str:
        """Return the text about a resource group that has no room in its column; may be ""."""
        return f"in {plain(group)}" if group and not self._has_group else ""


def _type_name_forms(types: Collection[str], room: int) -> list[Mapping[str, str]]:
    """Return the names that types can have, the longest first."""
    kinds = kinds_of(types)
    return [
        {one: plain(one) for one in types},
        {one: without_vendor(one) for one in types},
        kinds,
        {one: kind if columns_of(kind) <= room else last_kind(one) for one, kind in kinds.items()},
    ]


def _widest_name(names: Mapping[str, str]) -> int:
    return max(map(columns_of, names.values()), default=0)


UNDECLARED = "the blueprint is silent, Azure is off the default; left as is"


def undeclared_lines(
    entries: Sequence[UndeclaredDocument], width: int, title: str = UNDECLARED
) -> list[Line]:
    """Return the section of values off their default that the blueprint does not mention."""
    if not entries:
        return []
    ordered = sorted(entries, key=lambda entry: (not entry.drifted, not entry.field.security))
    shown = ordered[:_MOST_UNDECLARED]
    address = min(max(len(plain(entry.address)) for entry in shown), width // 3)
    path = min(max(len(show_path(entry.field.path)) for entry in shown), width // 3)
    result = [line("  ", Span("undeclared", Style.BOLD), f" · {title}")]
    for entry in shown:
        head = (
            f"    {plain(entry.address):{address}}{_GAP}{show_path(entry.field.path):{path}}{_GAP}"
        )
        notes = "".join(f"  [{mark}]" for mark in marks(entry.field))
        values = _undeclared_values(entry, width - 8)
        if len(head) + len(values) + len(notes) <= width:
            result.append(line(head, values, Span(notes, Style.WARNING)))
        else:
            result.append(line(head.rstrip(), Span(notes, Style.WARNING)))
            result.append(line(" " * 8, values))
    return [*result, *_hidden_count_lines(len(entries) - len(shown), "value"), BLANK]


def _undeclared_values(entry: UndeclaredDocument, room: int) -> str:
    actual, default = show_value(entry.field.before), show_value(entry.field.after)
    default = "none" if entry.field.after is None else default
    if entry.field.state:
        return f"{actual} (healthy {default}): {plain(entry.field.reason or '')}"
    values = f"{shorten(actual, room // 2)} (default {shorten(default, room // 2 - 12)})"
    return f"{values} · {keeping(entry)}" if entry.kept else values


def ignored_lines(entries: Sequence[IgnoredDocument], width: int) -> list[Line]:
    """Return the section of changes that the environment suppresses (`ignore:`)."""
    if not entries:
        return []
    shown = entries[:_MOST_UNDECLARED]
    address = min(max(len(plain(entry.address)) for entry in shown), width // 3)
    path = min(max(len(show_path(entry.field.path)) for entry in shown), width // 3)
    result = [line("  ", Span("ignored", Style.BOLD), " · by the environment; left as is")]
    for entry in shown:
        values = " -> ".join(show_pair(entry.field.before, entry.field.after))
        notes = "".join(f"  [{mark}]" for mark in marks(entry.field))
        place = f"{plain(entry.address):{address}}{_GAP}{show_path(entry.field.path):{path}}"
        head = f"    {place}{_GAP}"
        told = shorten(values, max(20, width - len(head) - len(notes)))
        why = f"until {plain(entry.expires)} by {plain(entry.owner)}: {plain(entry.reason)}"
        result.append(line(head, told, Span(notes, Style.WARNING)))
        result += [line(" " * 8, Span(row, Style.DIM)) for row in wrap(why, width - 8)]
    return [*result, *_hidden_count_lines(len(entries) - len(shown), "value"), BLANK]


def unmanaged_lines(entries: Sequence[UnmanagedDocument], width: int) -> list[Line]:
    """Return the section of resources that azsec did not make."""
    if not entries:
        return []
    shown = entries[:_MOST_UNMANAGED]
    columns = Columns(
        [(_name_of(entry), entry.type, entry.resource_group) for entry in shown], width - 2
    )
    result = [
        line("  ", Span("unmanaged", Style.BOLD), " · not made by azsec, and never touched by it")
    ]
    for entry in shown:
        for named in columns.lines(_name_of(entry), entry.type, entry.resource_group):
            result.append((Span("  "), *(Span(span.text) for span in named)))
    return [*result, *_hidden_count_lines(len(entries) - len(shown), "resource"), BLANK]


def in_progress_lines(entries: Sequence[InProgressDocument], width: int) -> list[Line]:
    """Return the section of operations that are still running in Azure."""
    if not entries:
        return []
    shown = entries[:_MOST_UNMANAGED]
    names = [plain(entry.address or entry.id) for entry in shown]
    column = min(max(map(len, names)), width // 2)
    result = [line("  ", Span("in progress", Style.BOLD), f" · {IN_PROGRESS}")]
    for name, entry in zip(names, shown, strict=True):
        result.append(line(f"    {name:{column}}{_GAP}", Span(plain(entry.state), Style.WARNING)))
    return [*result, *_hidden_count_lines(len(entries) - len(shown), "resource"), BLANK]


def _name_of(entry: UnmanagedDocument) -> str:
    return entry.id.rpartition("/")[2]


def _hidden_count_lines(count: int, noun: str) -> list[Line]:
    return [line("    ", Span(and_more(count, noun), Style.DIM))] if count > 0 else []


def render_diagnostics(diagnostics: Iterable[DiagnosticDocument], width: int = 100) -> list[Line]:
    """Return the lines of diagnostics, errors first: position, message and remedy."""
    result: list[Line] = []
    for told in sorted(diagnostics, key=lambda told: told.severity != "error"):
        style = Style.BLOCKED if told.severity == "error" else Style.WARNING
        label = f"{told.severity:7}"
        place = f"{plain(told.place)}: " if told.place else ""
        rows = wrap(f"{place}{plain(told.message)}", width - 11)
        result.append(line("  ", Span(label, style), "  ", rows[0] if rows else ""))
        result += [line(" " * 11, row) for row in rows[1:]]
        hints = wrap(plain(told.hint or ""), width - 11)
        result += [line(" " * 11, Span(row, Style.DIM)) for row in hints]
    return [*result, BLANK] if result else []


def output_lines(outputs: dict[str, Any], width: int) -> list[Line]:
    """Return the section of an environment's outputs."""
    if not outputs:
        return []
    column = max(len(plain(name)) for name in outputs)
    result = [line("  ", Span("outputs", Style.BOLD))]
    for name, value in outputs.items():
        room = max(40, width - column - 6)
        # Outputs are never shortened, because users copy them.
        rows = wrap(show_value(value), room) or ['""']
        result.append(line(f"    {plain(name):{column}}  {rows[0]}"))
        result += [line(" " * (column + 6), row) for row in rows[1:]]
    return [*result, BLANK]


def totals(label: str, told: str, digest: str | None, width: int) -> list[Line]:
    """Return the last line: the counts, and the digest (below, where it does not fit)."""
    first, *rest = wrap(told, width - 7)
    rows = [line(Span(f"{label:7}", Style.BOLD), first), *(line(" " * 7, row) for row in rest)]
    if digest is None:
        return rows
    right = line(Span(show_digest(digest), Style.DIM))
    if length(rows[-1]) + 3 + length(right) > width:
        return [*rows, line(" " * 7, *right)]
    return [*rows[:-1], ends(rows[-1], right, width)]


def whole_digest(digest: str) -> Line:
    """Return the line of a digest that is copied from here, for `--digest`: it is never cut."""
    return line(Span(f"{'Digest':7}", Style.BOLD), Span(plain(digest), Style.DIM))
