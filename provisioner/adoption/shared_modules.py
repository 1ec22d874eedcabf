"""Merges modules that differ in a few values into one module that is used several times.

Ten teams with a resource group each have ten networks of the same structure. Modules are compared
as documents: where they have the same keys, the texts in which they differ become parameters, and
each use passes its own values. `environment_writer` calls it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.adoption.naming import Namespace
from provisioner.adoption.yaml_text import Yaml
from provisioner.model.guid import is_guid

_MOST_PARAMETERS = 8
_TOKENS = re.compile(r"([-_.:/{}])")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ModuleUse:
    """One use of a module: its file, and the values of the parameters that the merge added."""

    file: str
    parameters: Mapping[str, Yaml]


@dataclass(frozen=True, slots=True)
class SharedModules:
    """The files by name, and the use of each module by its own name."""

    files: Mapping[str, Mapping[str, Yaml]]
    uses: Mapping[str, ModuleUse]


def share_modules(
    modules: Mapping[str, Mapping[str, Yaml]], stems: Mapping[str, str]
) -> SharedModules:
    """Return modules, with those merged that differ in a few texts.

    `stems` are the names of modules without the resource group that each is for.
    """
    alike: dict[object, list[str]] = {}
    for name, document in modules.items():
        alike.setdefault((stems[name], _structure(document)), []).append(name)
    files: dict[str, Mapping[str, Yaml]] = {}
    uses: dict[str, ModuleUse] = {}
    names = Namespace(name for name, same in _unshared_modules(alike))
    for same in alike.values():
        merged = _merge_documents([modules[name] for name in same]) if len(same) > 1 else None
        if merged is None:
            for name in same:
                files[name] = modules[name]
                uses[name] = ModuleUse(name, {})
            continue
        document, tables = merged
        file = names.take(stems[same[0]], same[0])
        files[file] = document
        for name, values in zip(same, tables, strict=True):
            uses[name] = ModuleUse(file, values)
    return SharedModules(files, uses)


def _unshared_modules(alike: Mapping[object, list[str]]) -> Iterator[tuple[str, list[str]]]:
    return ((same[0], same) for same in alike.values() if len(same) == 1)


def _structure(value: Yaml) -> object:
    """Return the structure that two documents have to share: keys, lengths and types of values."""
    if isinstance(value, Mapping):
        return tuple((key, _structure(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_structure, value))
    return type(value).__name__


Scalar = str | int | float | bool | None
_KINDS: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def _scalars_in(value: Yaml, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _scalars_in(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _scalars_in(item, (*path, index))
    elif value is None or isinstance(value, (str, int, float)):
        yield path, value


def _merge_documents(
    documents: Sequence[Mapping[str, Yaml]],
) -> tuple[Mapping[str, Yaml], list[dict[str, Yaml]]] | None:
    """Return one document for several of the same structure, and the parameter values of each use.

    None where too many values differ, or where a differing value is an expression.
    """
    tables = [dict(_scalars_in(document)) for document in documents]
    middles: dict[tuple[Scalar, ...], list[Path]] = {}
    written: dict[Path, tuple[str, str]] = {}
    for path in tables[0]:
        column = tuple(table[path] for table in tables)
        if len(set(column)) == 1:
            continue
        head, middle, tail = _split_common_parts(column)
        if path[0] in _INTERFACE or not all(map(_is_plain, middle)):
            return None
        middles.setdefault(middle, []).append(path)
        written[path] = head, tail
    if not middles or len(middles) > _MOST_PARAMETERS:
        return None
    taken = Namespace(_names_in(documents[0]))
    order = sorted(middles, key=lambda middle: (-len(middles[middle]), str(middles[middle][0])))
    titles = {middle: taken.take(*_parameter_titles(middle, middles[middle])) for middle in order}
    texts = {
        path: f"{written[path][0]}${{{titles[middle]}}}{written[path][1]}"
        for middle, paths in middles.items()
        for path in paths
    }
    document = _replace_texts(documents[0], (), texts)
    assert isinstance(document, Mapping)
    given = document.get("parameters", {})
    assert isinstance(given, Mapping)
    own = {titles[middle]: {"type": _KINDS[type(middle[0])]} for middle in order}
    found = {key: item for key, item in document.items() if key not in ("apiVersion", "kind")}
    sections: dict[str, Yaml] = {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        **found,
        "parameters": {**own, **given},
    }
    ordered = {key: sections[key] for key in ("apiVersion", "kind", "parameters")} | sections
    uses: list[dict[str, Yaml]] = [
        {titles[middle]: middle[index] for middle in order} for index in range(len(documents))
    ]
    return ordered, uses


_INTERFACE = ("parameters", "outputs")
"""The sections of a module that other files depend on."""


def _is_plain(value: Scalar) -> bool:
    """Return whether a value can be passed as a parameter unchanged."""
    return value is not None and value != "" and "${" not in str(value)


def _split_common_parts(column: Sequence[Scalar]) -> tuple[str, tuple[Scalar, ...], str]:
    """Return the common prefix and suffix of texts, in whole words, and what is between them.

    Values that are not texts have no common part.
    """
    texts = [value for value in column if isinstance(value, str)]
    if len(texts) < len(column) or any(map(is_guid, texts)):
        return "", tuple(column), ""
    split = [_TOKENS.split(text) for text in texts]
    shortest = min(map(len, split))
    head = 0
    while head < shortest - 1 and len({words[head] for words in split}) == 1:
        head += 1
    tail = 0
    while tail < shortest - head - 1 and len({words[-1 - tail] for words in split}) == 1:
        tail += 1
    first = split[0]
    middle = tuple("".join(words[head : len(words) - tail]) for words in split)
    before, after = "".join(first[:head]), "".join(first[len(first) - tail :])
    # A cut inside of an expression would leave a half of it on each side.
    if before.count("{") != before.count("}") or after.count("{") != after.count("}"):
        return "", tuple(texts), ""
    return before, middle, after


def _parameter_titles(middle: Sequence[Scalar], paths: Sequence[Path]) -> tuple[str, ...]:
    """Return names for a parameter, the best first.

    They say which number or name it is, or which property it is the value of.
    """
    steps = Counter(
        next((str(s) for s in reversed(path) if isinstance(s, str)), "value") for path in paths
    )
    usual = steps.most_common(1)[0][0]
    stem = re.sub(r"[^A-Za-z0-9]", "", usual)
    stem = stem[:1].lower() + stem[1:]
    if all(isinstance(text, str) and text.isdigit() for text in middle):
        return "number", f"{stem}Number"
    return stem, f"{stem}Value"


def _names_in(document: Mapping[str, Yaml]) -> Iterator[str]:
    """Yield the names that a module's file gives away."""
    for section in ("parameters", "locals", "resources"):
        entries = document.get(section)
        yield from entries if isinstance(entries, Mapping) else ()


def _replace_texts(value: Yaml, path: Path, texts: Mapping[Path, str]) -> Yaml:
    if isinstance(value, Mapping):
        return {key: _replace_texts(item, (*path, key), texts) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_texts(item, (*path, index), texts) for index, item in enumerate(value)]
    return texts.get(path, value)
