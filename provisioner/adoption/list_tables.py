"""Writes lists of similar entries as a table of their differences and one `map` expression.

The rules of a network security group have ten properties each, of which six differ. Such a list is
written as one row for each rule, and one expression for what all rules share:
`${securityRules.map(rule, {"name": rule.name})}` with the other properties. The rows are a local of
the file, or part of the rows of a `forEach`. `environment_writer` and `repetition` call it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.adoption.naming import Namespace, camel, plural
from provisioner.adoption.yaml_text import Yaml, count_lines, render_yaml

Path: TypeAlias = tuple[str, ...]

_LEAST_ENTRIES = 3
_LEAST_SAVED = 3
"""Lines that a table has to save, because the list itself is easier to read."""
_MOST_COLUMNS = 9
_MOST_OPTIONAL = 3
_WHOLE_EXPRESSION = re.compile(r"\$\{([^{}$\"']*)\}")
"""An expression of a whole text that is only a name with its properties."""
_ROW_EXPRESSION = re.compile(r"\$\{(each\.value(?:\.\w+)?)\}")
_TITLES = {
    "sourceAddressPrefix": "source",
    "sourceAddressPrefixes": "sources",
    "sourcePortRange": "sourcePort",
    "sourcePortRanges": "sourcePorts",
    "destinationAddressPrefix": "destination",
    "destinationAddressPrefixes": "destinations",
    "destinationPortRange": "port",
    "destinationPortRanges": "ports",
}
"""The conventional column names of a table of rules."""
_MISSING = object()


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The common form of the entries of some lists.

    `rows` for each list, the expression that makes an entry of the row in a variable, and the form
    of the rows where each is a single value.
    """

    rows: tuple[tuple[Yaml, ...], ...]
    entry: Callable[[str], str]
    column: str = ""


def tabulate(
    statement: Mapping[str, Yaml], name: str, names: Namespace
) -> tuple[Mapping[str, Yaml], Mapping[str, Yaml]]:
    """Return a statement with lists as tables where that is shorter, and the locals of these.

    `names` are those of the file, from which the locals take theirs: after the property, or after
    the statement (`name`) and the property.
    """
    statement = _tabulate_rows(statement)
    tables: dict[str, Yaml] = {}
    for path, found in _object_lists(statement, ()):
        if path[0] == "forEach" or len(found) < _LEAST_ENTRIES:
            continue
        pattern = _find_pattern([found])
        if pattern is None:
            continue
        title = _title_of(path)
        rows = list(pattern.rows[0])
        text = _map_expression("aTable", pattern, title)
        kept = count_lines({"x": found}) - count_lines({"locals": {"x": rows}}) + 1
        if kept - count_lines({"x": text}) < _LEAST_SAVED:
            continue
        local = names.take(camel([title]), *_names_of(title, pattern.column, name))
        tables[local] = rows
        statement = _replace_at(statement, path, _map_expression(local, pattern, title))
    return statement, tables


def _tabulate_rows(statement: Mapping[str, Yaml]) -> Mapping[str, Yaml]:
    """Return a statement whose `forEach` has rows in the place of lists of one structure."""
    table = statement.get("forEach")
    if not isinstance(table, Mapping):
        return statement
    for path, text in _texts_in(statement, ()):
        read = _ROW_EXPRESSION.fullmatch(text)
        if read is None or path[0] == "forEach":
            continue
        title = read[1].removeprefix("each.value").removeprefix(".")
        cells = [_cell_of(row, title) for row in table.values()]
        lists = [each for each in cells if isinstance(each, list)]
        if len(lists) < len(cells) or not all(
            isinstance(e, Mapping) for each in lists for e in each
        ):
            continue
        pattern = _find_pattern(lists)
        if pattern is None:
            continue
        rows = {
            key: _with_cell(row, title, list(own))
            for (key, row), own in zip(table.items(), pattern.rows, strict=True)
        }
        less = _replace_at(
            {**statement, "forEach": rows}, path, _map_expression(read[1], pattern, _title_of(path))
        )
        if _text_size(less) < _text_size(statement):
            statement, table = less, rows
    return statement


def _text_size(statement: Mapping[str, Yaml]) -> tuple[int, int]:
    """Return how many lines and characters a statement takes."""
    text = render_yaml({"resources": {"x": statement}}, {})
    return text.count("\n"), len(text)


def _cell_of(row: Yaml, title: str) -> Yaml:
    return row.get(title) if title and isinstance(row, Mapping) else row


def _with_cell(row: Yaml, title: str, cell: Yaml) -> Yaml:
    return {**row, title: cell} if title and isinstance(row, Mapping) else cell


def _object_lists(value: Yaml, path: Path) -> Iterator[tuple[Path, list[Mapping[str, Yaml]]]]:
    """Yield (path, entries) of the lists of objects, outermost first."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _object_lists(item, (*path, key))
    elif isinstance(value, list):
        objects = [entry for entry in value if isinstance(entry, Mapping)]
        if objects and len(objects) == len(value):
            yield path, objects
        for index, entry in enumerate(value):
            yield from _object_lists(entry, (*path, str(index)))


def _texts_in(value: Yaml, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts_in(item, (*path, key))


def _replace_at(value: Yaml, path: Path, text: str) -> Mapping[str, Yaml]:
    changed = _replace_in(value, path, text)
    assert isinstance(changed, Mapping)
    return changed


def _replace_in(value: Yaml, path: Path, text: str) -> Yaml:
    if not path:
        return text
    first, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {k: _replace_in(v, rest, text) if k == first else v for k, v in value.items()}
    assert isinstance(value, list)
    return [_replace_in(v, rest, text) if str(i) == first else v for i, v in enumerate(value)]


def _find_pattern(lists: Sequence[Sequence[Yaml]]) -> _Pattern | None:
    """Return the common form of the entries of some lists.

    None where there is too little in common, or where an expression cannot express it.
    """
    entries = [dict(_entry_leaves(entry, ())) for each in lists for entry in each]
    paths = list(dict.fromkeys(path for entry in entries for path in entry))
    if not entries or any(one != two and two[: len(one)] == one for one in paths for two in paths):
        return None
    fixed = _shared_values(entries, paths)
    columns = [path for path in paths if path not in fixed]
    optional = [path for path in columns if any(path not in entry for entry in entries)]
    if not columns or len(columns) > _MOST_COLUMNS or len(optional) > _MOST_OPTIONAL:
        return None
    titles = dict(zip(columns, _column_titles(columns), strict=True))
    alone = len(columns) == 1 and not optional

    def row(entry: Mapping[Path, Yaml]) -> Yaml:
        if alone:
            return entry[columns[0]]
        return {titles[path]: entry[path] for path in columns if path in entry}

    def entry_of(variable: str) -> str:
        texts = dict(fixed)
        for path, title in titles.items():
            texts[path] = variable if alone else f"{variable}.{title}"
            if path in optional:
                # A row without the column has no such property; null stands for a property that is
                # not stated.
                texts[path] = f'lookup({variable}, "{title}", null)'
        return _object_text({path: texts[path] for path in paths})

    whole = iter(entries)
    rows = tuple(tuple(row(next(whole)) for _ in each) for each in lists)
    return _Pattern(rows, entry_of, titles[columns[0]] if alone else "")


def _shared_values(
    entries: Sequence[Mapping[Path, Yaml]], paths: Sequence[Path]
) -> Mapping[Path, str]:
    """Return the values that all entries share, as expression text."""
    fixed: dict[Path, str] = {}
    for path in paths:
        values = {json.dumps(entry[path], sort_keys=True) for entry in entries if path in entry}
        literal = _literal_text(entries[0].get(path))
        if len(values) == 1 and literal is not None and all(path in entry for entry in entries):
            fixed[path] = literal
    if len(fixed) == len(paths):
        # Nothing differs: the rows are the names of the entries.
        called = [path for path in paths if isinstance(entries[0][path], str)][:1]
        return {path: text for path, text in fixed.items() if path not in called}
    return fixed


def _entry_leaves(value: Yaml, path: Path) -> Iterator[tuple[Path, Yaml]]:
    """Yield (path, value) of an entry; lists and empty objects count as values."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _entry_leaves(item, (*path, key))
    else:
        yield path, value


def _column_titles(paths: Sequence[Path]) -> list[str]:
    found: list[str] = []
    for path in paths:
        steps = [re.sub(r"[^A-Za-z0-9]", "", step) for step in path]
        while len(steps) > 1 and steps[-1].lower() in ("id", "value", "name") and len(path) > 1:
            steps.pop()
        title = _TITLES.get(steps[-1], steps[-1])
        candidates = (title, camel([*steps[-2:]]), camel(steps))
        found.append(next((c for c in candidates if c and c not in found), f"column{len(found)}"))
    return found


def _literal_text(value: Yaml) -> str | None:
    """Return a value as an expression writes it, or None where it is more than a value."""
    if isinstance(value, str):
        alone = _WHOLE_EXPRESSION.fullmatch(value)
        if alone is not None:
            return alone[1]
        return None if "$" in value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        items = [(key, _literal_text(item)) for key, item in value.items()]
        if any(item is None or "$" in key for key, item in items):
            return None
        return "{" + ", ".join(f"{json.dumps(key)}: {item}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        parts = [_literal_text(item) for item in value]
        return None if None in parts else "[" + ", ".join(str(part) for part in parts) + "]"
    return json.dumps(value)


def _object_text(texts: Mapping[Path, str]) -> str:
    """Return an object of expressions by path."""
    names = list(dict.fromkeys(path[0] for path in texts))
    parts = []
    for name in names:
        inner = {path[1:]: text for path, text in texts.items() if path[0] == name}
        text = inner[()] if () in inner else _object_text(inner)
        parts.append(f"{json.dumps(name)}: {text}")
    return "{" + ", ".join(parts) + "}"


def _title_of(path: Path) -> str:
    return next((step for step in reversed(path) if step.isidentifier()), "rows")


def _names_of(title: str, column: str, statement: str) -> tuple[str, ...]:
    """Return names for a local, the best first: `logCategories`."""
    what = camel([_singular_of(title), plural(column)]) if column else title
    return what, camel([statement, what])


def _singular_of(title: str) -> str:
    return title[:-1] if title.endswith("s") and not title.endswith("ss") else title


def _map_expression(source: str, pattern: _Pattern, title: str) -> str:
    """Return the expression that makes the list of its rows."""
    last = re.findall(r"[A-Z]?[a-z]+", title)[-1:] or ["row"]
    word = last[0].lower()
    variable = _singular_of(word) if word.endswith("s") else "row"
    # The variable would shadow a name of the file in the expression.
    if variable in ("each", source) or f"{variable}." in pattern.entry("row"):
        variable = "row"
    return f"${{{source}.map({variable}, {pattern.entry(variable)})}}"
