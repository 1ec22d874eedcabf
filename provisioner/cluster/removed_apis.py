"""Objects of a cluster that use API versions which Kubernetes stops serving.

A server lists objects in the version that it prefers, whatever version they were written in. What a
client used is noted by `kubectl apply` in the annotation `last-applied-configuration`; server-side
apply notes it in managedFields, which an observation does not have.

Called by `workflow.upgrade_objects`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.removed_apis import REMOVED_APIS, RemovedApi, find_removal
from provisioner.cluster.objects import Object, group_of

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class ApiUse:
    """Objects, by address, that use a removed API version, and how that is known.

    It is known as `listed` where it is the version that the server lists them in, else as
    `applied`, by kubectl's annotation.
    """

    api: RemovedApi
    kind: str
    objects: tuple[str, ...]
    how: str


def find_uses(lists: Iterable[tuple[str, str, Iterable[Object]]], target: int) -> list[ApiUse]:
    """Return the uses of API versions that Kubernetes 1.`target` deprecates or no longer serves.

    `lists` are the observed ones: API version, kind and objects of each.
    """
    found: dict[tuple[str, str, str], tuple[RemovedApi, list[str]]] = {}
    for api_version, kind, items in lists:
        for item in items:
            for version, how in _versions_of(item, api_version, kind):
                api = find_removal(version, kind)
                if api is not None and api.deprecated <= target:
                    _, objects = found.setdefault((version, kind, how), (api, []))
                    objects.append(_address(item))
    uses = [
        ApiUse(api, kind, tuple(sorted(objects)), how)
        for (_, kind, how), (api, objects) in found.items()
    ]
    return sorted(uses, key=lambda use: (use.api.removed, use.api.api_version, use.kind))


def find_unobserved(observed: Iterable[tuple[str, str]], current: int, target: int) -> list[str]:
    """Return the kinds, as GROUP/KIND, that lose an API version in an upgrade and were not listed.

    The version goes after 1.`current` and up to 1.`target`. `observed` are group and kind of the
    lists.
    """
    seen = set(observed)
    affected = {
        (group_of(each.api_version), kind)
        for each in REMOVED_APIS
        if current < each.removed <= target
        for kind in each.kinds
    }
    return sorted(f"{group}/{kind}" for group, kind in affected - seen)


def _versions_of(item: Object, api_version: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the API versions that an object uses, and how each is known."""
    yield api_version, "listed"
    applied = _last_applied(item)
    version = applied.get("apiVersion")
    if isinstance(version, str) and version != api_version and applied.get("kind") == kind:
        yield version, "applied"


def _last_applied(item: Object) -> Mapping[str, Any]:
    text = ((item.get("metadata") or {}).get("annotations") or {}).get(_LAST_APPLIED)
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _address(item: Object) -> str:
    metadata = item.get("metadata") or {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return f"{namespace}/{name}" if namespace else str(name)
