"""Puts resources into another resource group: their ids, and everything that names them.

What is in a resource and on it goes along (`catalog.move_support` says what does not). Bodies of
others that name a moved resource name it at its new place, as Azure's providers see to it.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalog.move_support import LEFT_BEHIND
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record
from provisioner.simulator.state.store import Table

_LEFT_BEHIND = tuple(name.lower() for name in LEFT_BEHIND)


def moved_id(resource: ResourceId, group: ResourceId) -> ResourceId:
    """Return the id of a resource of a group in another group."""
    _, _, rest = resource.text.partition("/providers/")
    return ResourceId.parse(f"{group.text}/providers/{rest}")


def relocate(
    cloud: Cloud, resources: Collection[ResourceId], source: ResourceId, target: ResourceId
) -> None:
    """Put top-level resources of a group into another one."""
    places = _Places(source, {each.key: moved_id(each, target).text for each in resources})
    rows = cloud.store.resources
    for key, row in rows.items():
        if places.of(row.id.text) is None:
            _rename(cloud, key, row, places)
            continue
        rows.remove(key)
        if row.type.lower() not in _LEFT_BEHIND:
            moved = ResourceId.parse(places.named(row.id.text))
            rows.put(moved.key, _renamed(row, places, moved))
    _relocate_beside(cloud, places)


class _Places:
    """Where the ids of moved resources, and of what is in them, are now."""

    def __init__(self, source: ResourceId, places: Mapping[str, str]) -> None:
        self._prefix = f"{source.key}/providers/"
        self._places = places

    def of(self, text: str) -> str | None:
        """Return the place of an id that has moved, or of a key that begins with one; None of any
        other text."""
        folded = text.lower()
        if not folded.startswith(self._prefix):
            return None
        # Namespace, type and name of a top-level resource; some keys go on behind a bar.
        top = "/".join(folded[len(self._prefix) :].split("/", 3)[:3]).partition("|")[0]
        key = self._prefix + top
        place = self._places.get(key)
        return None if place is None else place + text[len(key) :]

    def named(self, text: str) -> str:
        return self.of(text) or text

    def within(self, value: Any) -> Any:  # noqa: ANN401  any JSON
        if isinstance(value, str):
            return self.named(value) if value.startswith("/") else value
        if isinstance(value, Mapping):
            # The keys of some maps are ids: the identities of a resource.
            return {self.named(key): self.within(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.within(item) for item in value]
        return value


def _rename(cloud: Cloud, key: str, row: Record, places: _Places) -> None:
    renamed = _renamed(row, places, row.id)
    if renamed != row:
        cloud.store.resources.put(key, renamed)


def _renamed(row: Record, places: _Places, resource: ResourceId) -> Record:
    body = places.within(row.body)
    references = tuple(sorted(places.named(each).lower() for each in row.references))
    # An unchanged body stays the very same one: most rows name nothing that has moved.
    body = row.body if body == row.body else body
    return replace(row, id=resource, body=body, references=references)


def _relocate_beside(cloud: Cloud, places: _Places) -> None:
    """Rename the keys of what the state holds of resources beside their rows."""
    store = cloud.store
    tables: tuple[Table[Any], ...] = (store.leases, store.blobs, store.lives)
    for table in tables:
        for key, held in table.items():
            place = places.of(key)
            if place is not None:
                table.remove(key)
                table.put(place.lower(), held)
    for key, address in store.addresses.items():
        subnet, _, owner = key.partition("|")
        place = f"{places.named(subnet)}|{places.named(owner)}".lower()
        if place != key:
            store.addresses.remove(key)
            store.addresses.put(place, address)
