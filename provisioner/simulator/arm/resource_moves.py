"""The change of state of a move: ids of resources, and everything that refers to them.

Children and extension resources move along (`catalog.move_support` lists what does not). References
in other bodies are updated, as Azure's providers do.
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
    """Return the id of a resource in another resource group."""
    _, _, rest = resource.text.partition("/providers/")
    return ResourceId.parse(f"{group.text}/providers/{rest}")


def relocate(
    cloud: Cloud, resources: Collection[ResourceId], source: ResourceId, target: ResourceId
) -> None:
    """Move top-level resources from one resource group to another."""
    moved_ids = _MovedIds(source, {each.key: moved_id(each, target).text for each in resources})
    rows = cloud.store.resources
    for key, row in rows.items():
        if moved_ids.new_id_of(row.id.text) is None:
            _update_references(cloud, key, row, moved_ids)
            continue
        rows.remove(key)
        if row.type.lower() not in _LEFT_BEHIND:
            moved = ResourceId.parse(moved_ids.translate(row.id.text))
            rows.put(moved.key, _with_moved_ids(row, moved_ids, moved))
    _relocate_other_tables(cloud, moved_ids)


class _MovedIds:
    """The new ids of moved resources and of their children."""

    def __init__(self, source: ResourceId, moved_ids: Mapping[str, str]) -> None:
        self._prefix = f"{source.key}/providers/"
        self._places = moved_ids

    def new_id_of(self, text: str) -> str | None:
        """Return the new id for an id that moved, or for a key that begins with one.

        Other texts give None.
        """
        folded = text.lower()
        if not folded.startswith(self._prefix):
            return None
        # Namespace, type and name of a top-level resource; some keys go on behind a bar.
        top = "/".join(folded[len(self._prefix) :].split("/", 3)[:3]).partition("|")[0]
        key = self._prefix + top
        new_id = self._places.get(key)
        return None if new_id is None else new_id + text[len(key) :]

    def translate(self, text: str) -> str:
        return self.new_id_of(text) or text

    def translate_value(self, value: Any) -> Any:  # noqa: ANN401  any JSON
        if isinstance(value, str):
            return self.translate(value) if value.startswith("/") else value
        if isinstance(value, Mapping):
            # The keys of some maps are ids: the identities of a resource.
            return {self.translate(key): self.translate_value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.translate_value(item) for item in value]
        return value


def _update_references(cloud: Cloud, key: str, row: Record, moved_ids: _MovedIds) -> None:
    renamed = _with_moved_ids(row, moved_ids, row.id)
    if renamed != row:
        cloud.store.resources.put(key, renamed)


def _with_moved_ids(row: Record, moved_ids: _MovedIds, resource: ResourceId) -> Record:
    body = moved_ids.translate_value(row.body)
    references = tuple(sorted(moved_ids.translate(each).lower() for each in row.references))
    # An unchanged body stays the very same one: most rows name nothing that has moved.
    body = row.body if body == row.body else body
    return replace(row, id=resource, body=body, references=references)


def _relocate_other_tables(cloud: Cloud, moved_ids: _MovedIds) -> None:
    """Rename the keys of moved resources in the other tables of the state."""
    store = cloud.store
    tables: tuple[Table[Any], ...] = (store.leases, store.blobs, store.generations)
    for table in tables:
        for key, held in table.items():
            new_id = moved_ids.new_id_of(key)
            if new_id is not None:
                table.remove(key)
                table.put(new_id.lower(), held)
    for key, address in store.addresses.items():
        subnet, _, owner = key.partition("|")
        new_id = f"{moved_ids.translate(subnet)}|{moved_ids.translate(owner)}".lower()
        if new_id != key:
            store.addresses.remove(key)
            store.addresses.put(new_id, address)
