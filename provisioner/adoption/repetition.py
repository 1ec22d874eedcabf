"""Merges resources that differ in few values into one statement with a `forEach`.

Resources of one type, file and structure are merged if at most a few values differ: the key alone,
or a table of values by key. Then statements of one type with different structures are merged where
that makes the file shorter: a property that only some of them have becomes a column too. `pipeline`
calls it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioner.adoption.expression_templates import Template, Tree, text_of, write
from provisioner.adoption.generalization import Column, columns_of, frozen, shape_of
from provisioner.adoption.list_tables import tabulate
from provisioner.adoption.naming import Namespace
from provisioner.adoption.references import Entry
from provisioner.adoption.resource_tables import ForEachStatement, names_column, single, table_of
from provisioner.adoption.row_keys import row_keys
from provisioner.adoption.yaml_text import Yaml, count_lines

_MOST_COLUMNS = 3
_MOST_COLUMNS_OF_SHAPES = 6
_MOST_STATEMENTS = 12
"""The number of statements that are tried, those of the most resources first."""
_MOST_MERGES = 40


def fold_entries(
    entries: Sequence[Entry],
    files: Mapping[str, str],
    words: Mapping[str, Sequence[str]],
    apart: Iterable[str] = (),
) -> tuple[ForEachStatement, ...]:
    """Return the statements of some resources, in the order of their ids.

    `files` are the files that state them, and `words` their distinctive words, by key. Resources
    whose keys are in `apart` are in no table with others of another structure.
    """
    groups: dict[tuple[object, object], list[Entry]] = {}
    for entry in entries:
        kind = (files[entry.key], entry.type.lower(), entry.group)
        groups.setdefault((kind, shape_of(entry)), []).append(entry)
    alike: dict[object, list[ForEachStatement]] = {}
    alone = frozenset(apart)
    folds: list[ForEachStatement] = []
    for (kind_of_all, _), same in groups.items():
        for some in _partition_by_differences(same):
            for fold in _fold_alike(some, words):
                first = next(iter(fold.members.values()))
                if first.secrets or alone & {entry.key for entry in fold.members.values()}:
                    folds.append(fold)
                    continue
                places = (first.parent is None, first.scope is None, first.location is None)
                alike.setdefault((kind_of_all, first.api_version, places), []).append(fold)
    for some_folds in alike.values():
        folds += _merge_shapes(some_folds, words)
    return tuple(sorted(_without_cycles(folds), key=_sort_key))


def _merge_shapes(
    folds: list[ForEachStatement], words: Mapping[str, Sequence[str]]
) -> list[ForEachStatement]:
    """Return the statements of one type, merged where that makes the file shorter.

    The largest statement absorbs others, one after the other, as long as the file becomes shorter.
    """
    done: list[ForEachStatement] = []
    pending = sorted(folds, key=lambda fold: (-len(fold.members), _sort_key(fold)))
    while pending:
        merged_so_far, others = pending[0], pending[1:]
        for _ in range(_MOST_MERGES):
            grown = [
                (saved, merged, other)
                for other in others[:_MOST_STATEMENTS]
                if (merged := _merged_statement((merged_so_far, other), words)) is not None
                and (
                    saved := _count_statement_lines(merged_so_far)
                    + _count_statement_lines(other)
                    - _count_statement_lines(merged)
                )
                * _LEAST_SAVED
                >= _count_statement_lines(other)
            ]
            if not grown:
                break
            _, merged_so_far, taken = max(grown, key=lambda each: each[0])
            others = [other for other in others if other is not taken]
        done.append(merged_so_far)
        pending = others
    return done


_LEAST_SAVED = 6
"""A table over statements of several structures has to save one line of this many, because it is
harder to read."""


def _merged_statement(
    folds: Sequence[ForEachStatement], words: Mapping[str, Sequence[str]]
) -> ForEachStatement | None:
    entries = [entry for fold in folds for entry in fold.members.values()]
    entries.sort(key=lambda each: each.key)
    keys = {entry.key for entry in entries}
    if any(ref.key in keys for entry in entries for ref in entry.refs() if ref.key != entry.key):
        return None
    columns = columns_of(entries)
    named = row_keys(entries, words)
    if named is None or len(columns) + named.is_column > _MOST_COLUMNS_OF_SHAPES:
        return None
    return table_of(entries, named, columns)


def _count_statement_lines(fold: ForEachStatement) -> int:
    """Return how many lines a statement takes, about: names are known later."""

    def text(template: Template) -> str:
        return write(template, lambda ref: f"aResource.{ref.attribute}")

    def value(tree: Tree) -> Yaml:
        return text_of(tree, text)

    entry = fold.entry
    document: dict[str, Yaml] = {"type": entry.type}
    if fold.rows is not None:
        document["forEach"] = {
            key: value(next(iter(row.values())))
            if fold.alone
            else {title: value(cell) for title, cell in row.items()}
            for key, row in fold.rows.items()
        }
    elif fold.repeats:
        document["forEach"] = list(fold.members)
    document["name"] = text(entry.name)
    places = {"parent": entry.parent, "scope": entry.scope, "location": entry.location}
    document |= {name: text(place) for name, place in places.items() if place is not None}
    body = value(entry.body)
    assert isinstance(body, Mapping)
    statement, tables = tabulate({**document, **body}, "statement", Namespace())
    return count_lines({"resources": {"statement": statement}, "locals": tables})


def _sort_key(fold: ForEachStatement) -> str:
    return min(entry.key for entry in fold.members.values())


def _partition_by_differences(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yield groups of entries in which few values differ.

    While too many differ, a group is split by the property with the fewest distinct values.
    """
    columns = _differing_columns(entries)
    if len(entries) < 2 or len(columns) <= _MOST_COLUMNS:
        yield entries
        return
    by_values = {column.path: [frozen(cell) for cell in column.cells] for column in columns}
    path = min(by_values, key=lambda p: (len(set(by_values[p])), p))
    parts: dict[object, list[Entry]] = {}
    for entry, value in zip(entries, by_values[path], strict=True):
        parts.setdefault(value, []).append(entry)
    for some in parts.values():
        yield from _partition_by_differences(some)


def _differing_columns(entries: Sequence[Entry]) -> tuple[Column, ...]:
    """Return the places in which entries differ, except for the places of their names."""
    names = names_column(entries).identity
    return tuple(column for column in columns_of(entries) if column.identity != names)


def _fold_alike(entries: list[Entry], words: Mapping[str, Sequence[str]]) -> list[ForEachStatement]:
    """Return one statement for some resources.

    It returns one statement each where the merged one is not shorter, or where the resources refer
    to each other.
    """
    keys = {entry.key for entry in entries}
    apart = [e for e in entries if any(r.key in keys and r.key != e.key for r in e.refs())]
    together = [entry for entry in entries if entry not in apart]
    columns = _differing_columns(together) if len(together) > 1 else ()
    worth = len(together) > 2 or (len(together) == 2 and len(columns) <= 1)
    if not worth:
        return [single(entry) for entry in entries]
    named = row_keys(together, words)
    if named is None:
        return [single(entry) for entry in entries]
    return [table_of(together, named, columns), *(single(entry) for entry in apart)]


def _without_cycles(folds: Iterable[ForEachStatement]) -> list[ForEachStatement]:
    """Return the statements, with those split up whose tables refer to each other.

    Each of the two tables would have to be evaluated before the other.
    """
    done: list[ForEachStatement] = []
    of_member: dict[str, int] = {}
    reads: dict[int, set[int]] = {}
    pending = list(folds)
    for fold in pending:
        for entry in fold.members.values():
            of_member[entry.key] = len(done)
        done.append(fold)
    for index, fold in enumerate(done):
        reads[index] = {of_member[r.key] for r in fold.row_refs() if r.key in of_member}
    result: list[ForEachStatement] = []
    for index, fold in enumerate(done):
        if fold.repeats and _reads_itself(index, reads):
            reads[index] = set()
            result += [single(entry) for entry in fold.members.values()]
        else:
            result.append(fold)
    return result


def _reads_itself(start: int, reads: Mapping[int, set[int]]) -> bool:
    """Return whether a table reads itself, over others."""
    pending, seen = list(reads[start]), set[int]()
    while pending:
        index = pending.pop()
        if index == start:
            return True
        if index not in seen:
            seen.add(index)
            pending += reads[index]
    return False
