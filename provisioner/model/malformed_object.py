"""Validation of objects in a list that claims to be of a Kubernetes API.

An API server answers none of the flaws described here, but a broken proxy, an aggregated API server
or an edited file can. Source: reference of the API, ObjectMeta (name, labels, annotations and their
types), and the types of the fields below.
"""

from collections.abc import Iterable, Iterator, Mapping

_OBJECTS = ("roleRef", "spec", "status")
_LISTS = ("endpoints", "rules", "subjects", "subsets", "webhooks")
"""Fields of the objects themselves that are read, by what they hold: an object, a list of them."""


def describe_malformed(items: Iterable[object]) -> str | None:
    """Return which item of a list is no Kubernetes object, and why; None where all are."""
    for number, item in enumerate(items):
        flaw = next(_flaws(item), None)
        if flaw is not None:
            return f"items[{number}]{_name_suffix(item)} {flaw}"
    return None


def _name_suffix(item: object) -> str:
    metadata = item.get("metadata") if isinstance(item, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return f" ({name[:253]})" if isinstance(name, str) and name else ""


def _flaws(item: object) -> Iterator[str]:
    if not isinstance(item, Mapping):
        yield "is not an object"
        return
    metadata = item.get("metadata")
    if not isinstance(metadata, Mapping):
        yield "has no metadata"
        return
    yield from _flaws_of_metadata(metadata)
    for field in _OBJECTS:
        if not isinstance(item.get(field), Mapping | None):
            yield f"has a {field} that is not an object"
    for field in _LISTS:
        if not _is_list_of_objects(item.get(field)):
            yield f"has {field} that are no list of objects"


def _flaws_of_metadata(metadata: Mapping[str, object]) -> Iterator[str]:
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        yield "has no metadata.name"
    if not isinstance(metadata.get("namespace"), str | None):
        yield "has a metadata.namespace that is not a string"
    for field in ("labels", "annotations"):
        if not _is_map_of_texts(metadata.get(field)):
            yield f"has metadata.{field} that are no texts by name"
    if not _is_list_of_objects(metadata.get("ownerReferences")):
        yield "has metadata.ownerReferences that are no list of objects"


def _is_map_of_texts(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())


def _is_list_of_objects(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, list | tuple) and all(isinstance(each, Mapping) for each in value)
