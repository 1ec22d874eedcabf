"""Renders blueprints and modules as text: the list, one with its parameters, and lock updates.

`text` calls it.
"""

import json
from collections.abc import Iterator, Sequence

from provisioner.documents.modules import (
    LockChangeDocument,
    LockUpdateDocument,
    ModuleDocument,
    ModulesDocument,
    ParameterDocument,
)
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural, show_value

_ORIGINS = {
    "library": "The library of azsec {version}",
    "local": "This repository",
    "git": "From git, by azsec.lock",
}
_SHORT = 12
_LONGEST_DEFAULT = 40


def render_modules_text(document: ModulesDocument, width: int = 100) -> Iterator[Line]:
    """Yield a line for each blueprint and module, by source.

    A single one is rendered with all details.
    """
    if len(document.modules) == 1 and document.modules[0].problem is None:
        yield from _module_lines(document.modules[0], width)
        return
    for origin, title in _ORIGINS.items():
        entries = [module for module in document.modules if module.origin == origin]
        if entries:
            yield line(Span(title.format(version=document.version), Style.BOLD))
            yield from _entry_lines(entries, width)
            yield BLANK
    yield line("`azsec modules show LOCATION` lists the parameters of one.")


def _entry_lines(entries: Sequence[ModuleDocument], width: int) -> Iterator[Line]:
    room = min(max(len(entry.location) for entry in entries), max(width // 2, 20))
    for entry in entries:
        head = f"  {plain(entry.location):{room}}  {entry.kind or '?':9}  "
        told = (
            entry.problem
            or _first_sentence(entry.description)
            or _count_parameters(entry.parameters)
        )
        first, *rest = wrap(plain(told), max(width - len(head), 24)) or [""]
        yield line(head, first)
        yield from (line(" " * len(head), row) for row in rest)


def _first_sentence(text: str) -> str:
    sentence, stop, _ = text.partition(". ")
    return f"{sentence}." if stop else text


def _count_parameters(parameters: Sequence[ParameterDocument]) -> str:
    required = sum(parameter.required for parameter in parameters)
    return f"{plural(len(parameters), 'parameter')}, {required} required"


def _module_lines(module: ModuleDocument, width: int) -> Iterator[Line]:
    yield line(Span(plain(module.location), Style.BOLD), f" · {module.kind}")
    yield from (line(row) for row in wrap(plain(module.description), width))
    if module.source is not None:
        yield line(f"  locked     {plain(module.source.ref)} at {module.source.commit}")
    if module.uses:
        yield from _labelled_lines("uses", ", ".join(module.uses), width)
    if module.types:
        yield from _labelled_lines("resources", ", ".join(module.types), width)
    if module.outputs:
        yield from _labelled_lines("outputs", ", ".join(module.outputs), width)
    yield BLANK
    if not module.parameters:
        yield line("It has no parameters.")
        return
    yield from _parameter_table(module.parameters, width)
    yield BLANK
    yield line(Span("Parameters", Style.BOLD), f"  {_count_parameters(module.parameters)}")


def _labelled_lines(label: str, text: str, width: int) -> Iterator[Line]:
    for number, row in enumerate(wrap(plain(text), width - 13)):
        yield line(f"  {label:11}" if number == 0 else " " * 13, row)


def _parameter_table(parameters: Sequence[ParameterDocument], width: int) -> Iterator[Line]:
    rows = [("name", "type", "default")]
    rows += [(plain(each.name), each.type, _default_text(each)) for each in parameters]
    sizes = [max(len(row[column]) for row in rows) for column in range(3)]
    indent = 2 + sum(sizes) + 3 * 2
    beside = width - indent >= 30
    for number, row in enumerate(rows):
        cells = "  ".join(f"{cell:{size}}" for cell, size in zip(row, sizes, strict=True))
        told = "description" if number == 0 else _parameter_meaning(parameters[number - 1])
        style = Style.DIM if number == 0 else None
        room = width - indent if beside else width - 6
        said = wrap(told, room) if told else []
        first = said[:1] if beside else []
        text = f"  {cells}  {first[0] if first else ''}".rstrip()
        yield line(Span(text, style) if style else text)
        if number or beside:
            left = indent if beside else 6
            yield from (line(" " * left, more) for more in said[len(first) :])


def _default_text(parameter: ParameterDocument) -> str:
    if parameter.required:
        return "(required)"
    text = json.dumps(parameter.default) if parameter.default == "" else ""
    text = text or show_value(parameter.default)
    return text if len(text) <= _LONGEST_DEFAULT else f"{text[: _LONGEST_DEFAULT - 1]}…"


def _parameter_meaning(parameter: ParameterDocument) -> str:
    accepts = f"({parameter.accepts})" if parameter.accepts else ""
    return plain(" ".join(part for part in (parameter.description, accepts) if part))


def render_lock_update_text(document: LockUpdateDocument, width: int = 100) -> Iterator[Line]:
    """Yield a line for each source that changed, and the result for the lock."""
    for change in document.changes:
        yield from (line(row) for row in wrap(_change_words(change), width))
    if document.changes:
        yield BLANK
    read = f"{plural(len(document.environments), 'environment')} read"
    if document.current:
        state = (
            "is as the environments need it"
            if document.changes
            else "is not needed: no source is in git"
        )
    else:
        state = (
            "was written; commit it" if document.written else "is not as the environments need it"
        )
    yield line(Span("azsec.lock", Style.BOLD), f" {state} · {read}")


def _change_words(change: LockChangeDocument) -> str:
    name = plain(f"{change.repository} at {change.ref}")
    match change.action:
        case "moved":
            return f"moved      {name}: {change.before} -> {change.after}"
        case "removed":
            return f"removed    {name}: no environment uses it"
        case "files":
            return f"files      {name}: other files of {_short_commit(change.after)} are used"
        case _:
            return f"{change.action:9}  {name}: {change.after}"


def _short_commit(commit: str | None) -> str:
    return (commit or "")[:_SHORT]
