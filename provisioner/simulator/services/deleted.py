"""Soft-deleted resources: listed, recovered, purged, and reserving their names.

Source: guidelines.md §2.8 and §3.4 (Key Vault). Whether a type is soft-deleted, and how it is
recovered, is a fact of the catalog (`ResourceType.soft_delete`).
"""

from collections.abc import Mapping
from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Json
from provisioner.simulator.bodies.body_paths import merge, remove, split_path, value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Deleted


def check_recoverable(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, document: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the document to create `resource` from; a recovered one starts from its last body.

    Raises:
        RefusalError: the name belongs to a deleted resource that the document does not recover
            (guidelines.md §2.8, §3.4).
    """
    facts = resource_type.soft_delete
    if facts is None:
        return document
    hit = _find_by_name(cloud, resource_type, resource.name)
    recovers = str(value_at(document, facts.mode)).lower() == facts.recover
    if hit is None:
        return _without_property(document, facts.mode) if recovers else document
    # A name is global, and blocked while it is soft-deleted; recovery is a PUT in the same resource
    # group with `createMode` recover, which is write-only (guidelines.md §2.8, §3.1).
    if not recovers or hit.record.id != resource:
        raise RefusalError(
            409,
            "ConflictError",
            f"A resource with the name '{resource.name}' already exists in deleted state. "
            "Recover or purge it, or choose another name.",
            by_provider=True,
        )
    cloud.store.deleted.remove(hit.record.id.key)
    recovered: dict[str, Any] = merge(dict(hit.record.body), document)
    return _without_property(recovered, facts.mode)


def _without_property(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    copy: dict[str, Any] = merge({}, document)
    remove(copy, split_path(path))
    return copy


def purge_due(cloud: Cloud) -> None:
    """Remove every deleted resource whose retention has ended."""
    now = cloud.now()
    for key, row in cloud.store.deleted.items():
        if parse_time(row.purged) <= now:
            cloud.store.deleted.remove(key)


def find_soft_deleting(cloud: Cloud, namespace: str, kind: str) -> ResourceType | None:
    """Return the type whose deleted resources `…/deleted{kind}` lists, or None."""
    found = cloud.catalog.find(f"{namespace}/{kind}")
    return found if found is not None and found.soft_delete is not None else None


def list_deleted(cloud: Cloud, resource_type: ResourceType, subscription: str) -> Answer:
    """Answer the deleted resources of a subscription."""
    return Answer(
        200,
        {
            "value": [
                _render_deleted(resource_type, row)
                for _, row in cloud.store.deleted.items()
                if row.record.type == resource_type.name
                and (row.record.id.subscription or "").lower() == subscription.lower()
            ]
        },
    )


def get_deleted(cloud: Cloud, resource_type: ResourceType, location: str, name: str) -> Answer:
    """Answer one deleted resource, by its region."""
    return Answer(
        200, _render_deleted(resource_type, _find_in_region(cloud, resource_type, location, name))
    )


def purge_deleted(
    cloud: Cloud, request: Request, resource_type: ResourceType, location: str, name: str
) -> Answer:
    """Answer a purge: 202; its `Location` answers that it is done.

    Raises:
        RefusalError: purge protection is on.
    """
    row = _find_in_region(cloud, resource_type, location, name)
    facts = resource_type.soft_delete
    if facts is not None and value_at(row.record.body, facts.protection) is True:
        raise RefusalError(
            405,
            "MethodNotAllowed",
            f"Operation 'Deleted{_singular_name(resource_type.kind)}Purge' is not allowed: "
            "purge protection is on.",
            by_provider=True,
        )
    cloud.store.deleted.remove(row.record.id.key)
    parts = request.path.split("/deleted")[0]
    version = request.query.get("api-version", "")
    url = f"{request.base}{parts}/purgeResults/{name}?api-version={version}"
    return Answer(202, None, {"Location": url, "Retry-After": "0"})


def _find_by_name(cloud: Cloud, resource_type: ResourceType, name: str) -> Deleted | None:
    for _, row in cloud.store.deleted.items():
        same_type = row.record.type == resource_type.name
        if same_type and row.record.id.name.lower() == name.lower():
            return row
    return None


def _find_in_region(cloud: Cloud, resource_type: ResourceType, location: str, name: str) -> Deleted:
    row = _find_by_name(cloud, resource_type, name)
    if row is None or str(row.record.body.get("location")).lower() != location.lower():
        raise RefusalError(
            404,
            f"Deleted{_singular_name(resource_type.kind)}NotFound",
            f"The specified deleted resource '{name}' does not exist.",
            by_provider=True,
        )
    return row


def _render_deleted(resource_type: ResourceType, row: Deleted) -> dict[str, Json]:
    record = row.record
    facts = resource_type.soft_delete
    kind = f"deleted{resource_type.kind[:1].upper()}{resource_type.kind[1:]}"
    location = str(record.body.get("location"))
    properties: dict[str, Json] = {
        f"{_singular_name(resource_type.kind).lower()}Id": record.id.text,
        "location": location,
        "tags": record.body.get("tags", {}),
        "deletionDate": row.deleted,
        "scheduledPurgeDate": row.purged,
    }
    protected = value_at(record.body, facts.protection) if facts else ABSENT
    if protected is True:
        properties["purgeProtectionEnabled"] = True
    namespace = resource_type.namespace
    return {
        "id": f"/subscriptions/{record.id.subscription}/providers/{namespace}"
        f"/locations/{location}/{kind}/{record.id.name}",
        "name": record.id.name,
        "type": f"{namespace}/{kind}",
        "properties": properties,
    }


def _singular_name(kind: str) -> str:
    word = kind[:1].upper() + kind[1:]
    return word.removesuffix("s")
