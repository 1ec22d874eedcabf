"""Assigns each resource to a file: a module by function and resource group, or the blueprint.

`pipeline` calls it once names and references are known.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from provisioner.adoption.expression_templates import Ref
from provisioner.adoption.naming import Namespace, NamingConvention, camel, words_of
from provisioner.adoption.references import Entry, group_of
from provisioner.catalog.naming_conventions import OTHER_PART, part_of
from provisioner.catalog.related_id_paths import target_paths
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, values_at

ROOT = ""
"""The key for the file of the blueprint itself."""
_SMALL_ESTATE = 8
_SMALL_MODULE = 3


def lay_out(
    entries: Sequence[Entry], bodies: Mapping[str, Body], habits: NamingConvention
) -> Mapping[str, str]:
    """Return the name of the module that states each resource, by the key of its id.

    ROOT stands for the blueprint. A module holds one function of an environment (its network, its
    vault) in one resource group. A resource that depends on another one (a private endpoint on its
    target, a diagnostic setting on what it logs) is in the same module. A function with one or two
    resources gets no module: it is put with the other services of its resource group, and in the
    blueprint where these are few.
    """
    if len(entries) <= _SMALL_ESTATE:
        return {entry.key: ROOT for entry in entries}
    by_key = {entry.key: entry for entry in entries}
    buckets = {entry.key: _assign_bucket(entry, by_key, bodies, 0) for entry in entries}
    sizes = Counter(buckets.values())
    # A function with too few resources for a module is put with the rest of its resource group.
    small = {bucket for bucket, size in sizes.items() if size < _SMALL_MODULE}
    buckets = {
        key: (OTHER_PART, group) if (part, group) in small else (part, group)
        for key, (part, group) in buckets.items()
    }
    sizes = Counter(buckets.values())
    named = _module_names(
        [bucket for bucket, size in sizes.items() if size >= _SMALL_MODULE and bucket[1]], habits
    )
    return {key: named.get(bucket, ROOT) for key, bucket in buckets.items()}


_Bucket = tuple[str, str]


def _assign_bucket(
    entry: Entry, by_key: Mapping[str, Entry], bodies: Mapping[str, Body], depth: int
) -> _Bucket:
    """Return (part, key of the group) of a resource."""
    holder = _kept_with(entry, bodies)
    # Bodies may refer to each other in a circle.
    if holder is not None and depth < 8:
        above = by_key.get(holder.key)
        if above is not None and above is not entry:
            return _assign_bucket(above, by_key, bodies, depth + 1)
    group = group_of(entry.id)
    return part_of(entry.type), group.key if group is not None else ""


def _kept_with(entry: Entry, bodies: Mapping[str, Body]) -> ResourceId | None:
    """Return the resource with which a resource is kept in one module, or None."""
    if entry.id.parent is not None:
        return entry.id.parent
    if entry.scope is not None:
        return entry.id.scope
    for path in target_paths(entry.type):
        for value in values_at(bodies.get(entry.key, {}), path):
            found = parse_resource_id(value)
            if found is not None:
                return found
    return None


def _module_names(buckets: Sequence[_Bucket], habits: NamingConvention) -> Mapping[_Bucket, str]:
    """Return the names of modules: the part, and where several groups have it, the group's."""
    parts = Counter(part for part, _ in buckets)
    names = Namespace()
    found: dict[_Bucket, str] = {}
    for part, group in sorted(buckets):
        words = words_of(group.rpartition("/")[2], habits)
        alone = parts[part] == 1
        doubled = part in words
        longer = camel([part, *(word for word in words if word != part)])
        found[part, group] = names.take(*((part,) if alone or doubled else ()), longer)
    return found


def break_module_cycles(
    entries: Sequence[Entry], files: Mapping[str, str]
) -> tuple[tuple[Entry, ...], Mapping[str, str]]:
    """Return the entries and their files without cyclic dependencies between modules.

    All parameters of a module are evaluated when it is opened: one that reads a value (other than
    an id) of a module that itself reads a value of this one would never be resolved. A resource
    that has such a value and is read by no other moves to the module of the value (a federated
    credential to the cluster whose issuer it trusts), the one first that removes most cycles; else
    the value is written as a literal.
    """
    placed = dict(files)
    read = {ref.key for entry in entries for ref in entry.refs()}
    for _ in range(len(entries)):
        circles = _cyclic_reads(entries, placed)
        moves = {
            (entry.key, placed[ref.key])
            for entry, ref in circles
            if entry.key not in read and entry.group is None
        }
        best, left = None, len(circles)
        for key, there in sorted(moves)[:_MOST_MOVES]:
            after = len(_cyclic_reads(entries, {**placed, key: there}))
            if after < left:
                best, left = (key, there), after
        if best is None:
            break
        placed[best[0]] = best[1]
    closing: dict[str, set[Ref]] = {}
    for entry, ref in _cyclic_reads(entries, placed):
        closing.setdefault(entry.key, set()).add(ref)
    return tuple(_with_literals(entry, closing.get(entry.key, set())) for entry in entries), placed


_MOST_MOVES = 40


def _with_literals(entry: Entry, gone: set[Ref]) -> Entry:
    return entry.map(
        lambda text: text.map(
            lambda part: part.literal if isinstance(part, Ref) and part in gone else part
        )
    )


def _cyclic_reads(entries: Sequence[Entry], files: Mapping[str, str]) -> list[tuple[Entry, Ref]]:
    """Return each value that an entry reads from a module that depends on the entry's module."""
    edges = _module_edges(entries, files)
    waiting = {node: _dependencies_of(node, edges) for node in edges}
    return [
        (entry, ref)
        for entry in entries
        for ref in sorted({r for r in entry.refs() if r.soft}, key=lambda r: (r.key, r.attribute))
        if ref.key in files
        and ROOT not in (files[entry.key], files[ref.key])
        and files[entry.key] != files[ref.key]
        and files[entry.key] in waiting.get(files[ref.key], ())
    ]


def _module_edges(entries: Sequence[Entry], files: Mapping[str, str]) -> Mapping[str, set[str]]:
    """Return which module reads which, over the blueprint's own resources too."""
    edges: dict[str, set[str]] = {}
    for entry in entries:
        own = files[entry.key] or entry.key
        for ref in entry.refs():
            if ref.key in files and (files[ref.key] or ref.key) != own:
                edges.setdefault(own, set()).add(files[ref.key] or ref.key)
    return edges


def _dependencies_of(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    """Return all that a node waits for, over others."""
    pending, seen = list(edges.get(start, ())), set[str]()
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += edges.get(node, ())
    return seen
