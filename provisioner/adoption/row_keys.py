"""Derives the keys of the rows in a table of resources.

`repetition` and `resource_tables` call it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.adoption.expression_templates import Each, Part, Template
from provisioner.adoption.naming import camel
from provisioner.adoption.references import Entry
from provisioner.model.guid import is_guid

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"([-_.])")


@dataclass(frozen=True, slots=True)
class RowKeys:
    """The key of each resource, its name by key; `is_column` where the table holds the names."""

    keys: tuple[str, ...]
    name: Template
    is_column: bool = False


def _keys_of_names(entries: Sequence[Entry]) -> RowKeys | None:
    """Return the parts in which names differ, as keys.

    For `nsg-…-apps` and `nsg-…-jobs` these are `apps` and `jobs`.
    """
    split = [_name_tokens(entry.name) for entry in entries]
    if any(is_guid(entry.id.name) for entry in entries):
        return None
    shortest = min(map(len, split))
    head = 0
    while head < shortest and len({tokens[head] for tokens in split}) == 1:
        head += 1
    tail = 0
    while tail < shortest - head and len({tokens[-1 - tail] for tokens in split}) == 1:
        tail += 1
    middles = [Template.of(*tokens[head : len(tokens) - tail]) for tokens in split]
    keys = [middle.plain for middle in middles]
    usable = [key for key in keys if key and _KEY.fullmatch(key)]
    if len(usable) < len(keys) or len({key.lower() for key in usable}) < len(keys):
        return None
    name = Template.of(*split[0][:head], Each("each.key"), *split[0][len(split[0]) - tail :])
    return RowKeys(tuple(usable), name)


def _name_tokens(name: Template) -> list[Part]:
    return [
        token
        for part in name.parts
        for token in (_SEPARATORS.split(part) if isinstance(part, str) else [part])
        if token != ""
    ]


def _keys_of_words(entries: Sequence[Entry], words: Mapping[str, Sequence[str]]) -> RowKeys | None:
    """Return keys from the words that are known of the resources whose names have no meaning."""
    keys = [camel(words.get(entry.key, ())) for entry in entries]
    if len(set(keys)) < len(keys):
        above = [entry.id.container for entry in entries]
        container_words = [words.get(a.key, ()) if a is not None else () for a in above]
        keys = [
            camel([*words.get(entry.key, ()), *more])
            for entry, more in zip(entries, container_words, strict=True)
        ]
    counts = Counter(keys)
    numbers: Counter[str] = Counter()
    found: list[str] = []
    for key in keys:
        numbers[key] += 1
        found.append(key if counts[key] == 1 else f"{key}{numbers[key]}")
    if any(not _KEY.fullmatch(key) for key in found) or len(set(found)) < len(found):
        return None
    alike = len({entry.name for entry in entries}) == 1
    return RowKeys(tuple(found), entries[0].name, is_column=not alike)


def row_keys(entries: Sequence[Entry], words: Mapping[str, Sequence[str]]) -> RowKeys | None:
    """Return keys for resources: the differing parts of their names, else their distinctive words.

    None where neither are unique.
    """
    return _keys_of_names(entries) or _keys_of_words(entries, words)
