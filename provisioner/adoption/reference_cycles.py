"""Breaks cycles of references between resources.

`pipeline` calls it before resources are assigned to files.
"""

from collections.abc import Iterable, Mapping, Sequence

from provisioner.adoption.expression_templates import Ref, Template
from provisioner.adoption.references import Entry


def break_cycles(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries without cyclic references.

    A value that could be read from another resource is written as a literal where the reference
    would close a cycle.
    """
    by_key = {entry.key: entry for entry in entries}
    waits: dict[str, set[str]] = {
        entry.key: {ref.key for ref in entry.refs() if not ref.soft and ref.key in by_key}
        | {a.key for a in entry.id.ancestors if a.key in by_key}
        for entry in entries
    }
    changed: dict[str, Entry] = {}
    for entry in entries:
        closing = set()
        for ref in sorted({r for r in entry.refs() if r.soft}, key=lambda r: (r.key, r.attribute)):
            if ref.key not in by_key:
                continue
            if _is_reachable(ref.key, entry.key, waits):
                closing.add(ref)
            else:
                waits[entry.key].add(ref.key)
        changed[entry.key] = entry.map(lambda text: _with_literals(text, closing))  # noqa: B023
    return tuple(changed[entry.key] for entry in entries)


def _with_literals(text: Template, refs: Iterable[Ref]) -> Template:
    gone = set(refs)
    return text.map(lambda part: part.literal if isinstance(part, Ref) and part in gone else part)


def _is_reachable(start: str, goal: str, waits: Mapping[str, set[str]]) -> bool:
    pending, seen = [start], set[str]()
    while pending:
        key = pending.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            pending += waits.get(key, ())
    return False
