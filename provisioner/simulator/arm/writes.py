"""The body of a write: checked, completed with what Azure fills in, stored with its children."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.catalog.resource_type import Embedded, ResourceType
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    parse_resource_id,
    resource_group_id,
)
from provisioner.model.values import ABSENT
from provisioner.simulator.arm.deletion import (
    check_unused,
    managed_group,
    remove_kept,
    remove_resource,
    users_of,
)
from provisioner.simulator.arm.service_checks import check_services
from provisioner.simulator.bodies.body_paths import put, remove, split_path, thaw, value_at
from provisioner.simulator.bodies.computed_values import (
    LocalSurroundings,
    add_computed,
    refresh_around,
)
from provisioner.simulator.bodies.defaults import (
    drop_write_only,
    fill_defaults,
    hide_defaults,
    take_values,
)
from provisioner.simulator.bodies.immutable_values import check_changes, check_values, keep_values
from provisioner.simulator.bodies.references import check_references, find_references
from provisioner.simulator.bodies.responses import occupants, remove_children, with_children
from provisioner.simulator.bodies.validation import normalise_location, read_body
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.services.compute import check_nodes
from provisioner.simulator.services.deleted import check_recoverable
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_name
from provisioner.simulator.state.records import Record


@dataclass(frozen=True, slots=True)
class Occasion:
    """How a body comes to be written: with which parameters of the request, their names in lower
    case, and whether the service rules were held against it already, in the body of its parent."""

    query: Mapping[str, str] = field(default_factory=dict)
    judged: bool = False


_PLAIN = Occasion()


def write_resource(
    cloud: Cloud,
    resource_type: ResourceType,
    resource: ResourceId,
    document: Mapping[str, Any],
    api_version: str,
    occasion: Occasion = _PLAIN,
) -> Record:
    """Create or replace a resource and return its row. Raises RefusalError as Azure would.

    `api_version` is the one that the document was written for: some defaults changed with one.
    """
    before = cloud.store.resources.get(resource.key)
    if before is None:
        check_name(resource_type, resource)
        document = check_recoverable(cloud, resource_type, resource, document)
        _check_name_is_free(cloud, resource_type, resource)
    _check_location(resource_type, resource, document, before)
    body = read_body(cloud.catalog, resource_type, document, api_version)
    stated = thaw(body)
    for entry in resource_type.embedded:
        if not entry.kept and value_at(body, entry.path) is ABSENT:
            put(body, entry.path, [])
    sent = [entry for entry in resource_type.embedded if value_at(body, entry.path) is not ABSENT]
    held = _held_before(cloud, resource_type, before) if before else None
    _keep(cloud, resource_type, body, held, api_version)
    if not occasion.judged:
        # As a blueprint states it: what Azure fills in is nobody's mistake.
        check_services(
            cloud, resource_type, resource, held, _stated(resource_type, body, sent), api_version
        )
    _complete(resource_type, body, held, api_version)
    check_nodes(cloud, resource_type, resource, body, api_version)
    references = _references(cloud, resource_type, resource, body)
    check_references(cloud, resource_type, resource, references)
    _check_unique(cloud, resource_type, resource, body)
    _check_users(cloud, resource_type, before, body)
    _keep_copy(resource_type, before, body, occasion.query)
    etag = str(uuid.uuid4())
    whole = add_computed(cloud, resource_type, resource, body, etag)
    lists = [(embedded, value_at(body, embedded.path)) for embedded in sent]
    remove_children(resource_type, whole)
    drop_write_only(resource_type, whole)
    hide_defaults(resource_type, stated, before, whole, api_version, is_alone=not occasion.judged)
    now = cloud.stamp()
    row = Record(
        id=before.id if before else resource,
        type=resource_type.name,
        body=whole,
        etag=etag,
        created=before.created if before else now,
        modified=now,
        references=_held(references, [embedded.path for embedded in resource_type.embedded]),
        created_by=before.created_by if before else cloud.author,
        modified_by=cloud.author,
    )
    cloud.store.resources.put(row.id.key, row)
    for embedded, entries in lists:
        _write_children(cloud, row, embedded, entries, api_version, is_new=before is None)
    _touch_parent(cloud, resource_type, row)
    refresh_around(cloud, row.id)
    _keep_managed_group(cloud, resource_type, row)
    _keep_elsewhere(cloud, resource_type, before, row)
    if before is None:
        _bring_children(cloud, resource_type, row)
    _bring_regional(cloud, resource_type, row)
    return row


def _stated(
    resource_type: ResourceType, body: Mapping[str, Any], sent: list[Embedded]
) -> Mapping[str, Any]:
    """Return a body without the lists of children that the write is silent about."""
    kept = [entry for entry in resource_type.embedded if entry not in sent]
    if not kept:
        return body
    stated: dict[str, Any] = thaw(body)
    for entry in kept:
        remove(stated, split_path(entry.path))
    return stated


def _keep_copy(
    resource_type: ResourceType,
    before: Record | None,
    body: dict[str, Any],
    query: Mapping[str, str],
) -> None:
    """Leave what a resource copied of another one as it is, unless the request asks to copy again
    (`ResourceType.snapshot`)."""
    snapshot = resource_type.snapshot
    if snapshot is None or before is None:
        return
    held = value_at(before.body, snapshot.path)
    if held is ABSENT:
        return
    asked = {name.lower(): text.lower() for name, text in snapshot.query.items()}
    if any(query.get(name, "").lower() != text for name, text in asked.items()):
        put(body, snapshot.path, thaw(held))


def _held_before(cloud: Cloud, resource_type: ResourceType, before: Record) -> Mapping[str, Any]:
    """Return what a write finds: the body with its children, and with what is in the resource."""
    whole = with_children(cloud, resource_type, before)
    for path, named in occupants(cloud, resource_type, before).items():
        put(whole, path, named)
    return whole


def _keep(
    cloud: Cloud,
    resource_type: ResourceType,
    body: dict[str, Any],
    before: Mapping[str, Any] | None,
    api_version: str,
) -> None:
    """Take values as Azure does, and keep what it keeps where a PUT is silent about it.

    A PUT that is silent about the children keeps them, and the facts see them.
    """
    if isinstance(body.get("location"), str):
        body["location"] = normalise_location(body["location"])
    if cloud.catalog.schemas.root(resource_type.name).find("properties") is not None:
        body.setdefault("properties", {})
    check_values(resource_type, body, api_version)
    take_values(resource_type, body)
    if before is not None:
        for embedded in resource_type.embedded:
            if value_at(body, embedded.path) is ABSENT:
                put(body, embedded.path, thaw(value_at(before, embedded.path)))
        keep_values(resource_type, before, body)


def _complete(
    resource_type: ResourceType,
    body: dict[str, Any],
    before: Mapping[str, Any] | None,
    api_version: str,
) -> None:
    """Fill in what the body is silent about, and refuse what may not change."""
    fill_defaults(resource_type, before, body, api_version)
    if before is not None:
        check_changes(resource_type, before, body, api_version)


def _check_location(
    resource_type: ResourceType,
    resource: ResourceId,
    document: Mapping[str, Any],
    before: Record | None,
) -> None:
    location = document.get("location")
    is_stated = isinstance(location, str) and bool(location.strip())
    if not (resource_type.has_location or resource.is_container or is_stated):
        return
    if not isinstance(location, str) or not is_stated:
        raise RefusalError(
            400, "LocationRequired", "The location property is required for this definition."
        )
    held = before.body.get("location") if before else None
    if isinstance(held, str) and normalise_location(location) != normalise_location(held):
        kind = "ResourceGroup" if resource.type == RESOURCE_GROUP else "Resource"
        raise RefusalError(
            409,
            f"Invalid{kind}Location",
            f"'{resource.name}' already exists in location '{held}'. It cannot be created in "
            f"location '{location}'.",
        )


def _check_name_is_free(cloud: Cloud, resource_type: ResourceType, resource: ResourceId) -> None:
    if not resource_type.rule.unique_in_azure:
        return
    for row in cloud.store.resources.of_type(resource_type.name):
        if row.id.name.lower() == resource.name.lower():
            raise RefusalError(
                409,
                resource_type.codes.taken,
                f"The name '{resource.name}' is already in use. Names of {resource_type.name} "
                "are unique in Azure: choose another one.",
                by_provider=True,
            )


def _check_unique(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Any]
) -> None:
    """Refuse a second resource of one scope with the same values (`ResourceType.unique_by`)."""
    wanted = _identifying(cloud, resource_type, body)
    container = resource.container
    if not wanted or container is None:
        return
    for row in cloud.store.resources.inside(container.key):
        same_type = row.type == resource_type.name and row.id != resource
        if same_type and _identifying(cloud, resource_type, row.body) == wanted:
            raise RefusalError(
                409,
                resource_type.codes.duplicate,
                f"The same already exists under the name '{row.id.name}'.",
                by_provider=True,
            )


def _check_users(
    cloud: Cloud, resource_type: ResourceType, before: Record | None, body: Mapping[str, Any]
) -> None:
    """Refuse to take a scope from a role definition in which an assignment of it stands ("Azure
    custom roles": RoleDefinitionHasAssignments)."""
    if before is None or resource_type.confines is None:
        return
    stated = value_at(body, resource_type.confines)
    scopes = [parse_resource_id(text) for text in (stated if isinstance(stated, list) else ())]
    if any(scope is None for scope in scopes):
        return  # a management group, or the tenant
    for user in users_of(cloud, resource_type, before):
        holder = user.id.scope
        if holder is not None and not any(s is not None and holder.is_within(s) for s in scopes):
            raise RefusalError(
                400,
                resource_type.in_use or resource_type.codes.value,
                f"There are existing role assignments referencing role: {user.id.text} stands "
                f"outside of {resource_type.confines}.",
                target=resource_type.confines,
                by_provider=True,
            )


def _identifying(
    cloud: Cloud, resource_type: ResourceType, body: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the values that tell one from another, case ignored.

    What Azure itself has is the same at every scope, so its name alone counts.
    """
    values: list[str] = []
    for path in resource_type.unique_by:
        text = str(value_at(body, path)).lower()
        target = parse_resource_id(text)
        target_type = cloud.catalog.of(target) if target else None
        provided = target is not None and target_type is not None and target_type.built_in
        values.append(target.name if target and provided else text)
    return tuple(values)


def _references(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Any]
) -> list[tuple[str, ResourceId]]:
    """Return what a body points to, but for what Azure itself keeps for the resource (the kubelet
    identity of a cluster, in the group of its nodes)."""
    kept = managed_group(resource_type, resource, body)
    return [
        (path, target)
        for path, target in find_references(cloud, resource, body)
        if kept is None or not target.is_within(kept)
    ]


def _held(references: list[tuple[str, ResourceId]], embedded: list[str]) -> tuple[str, ...]:
    """Return the keys of what a resource itself points to: its children hold what theirs do."""
    return tuple(
        sorted(
            {
                target.key
                for path, target in references
                if not any(path.startswith(f"{listed}[") for listed in embedded)
            }
        )
    )


def _check_separate(
    cloud: Cloud, parent: Record, embedded: Embedded, entries: list[dict[str, Any]]
) -> None:
    """Refuse to add or leave out a child that only a request of its own makes or deletes."""
    stated = {str(entry.get("name")).lower() for entry in entries}
    there = {
        row.id.name.lower()
        for row in cloud.store.resources.inside(parent.id.key)
        if row.type == embedded.child
    }
    kind = embedded.child.rpartition("/")[2]
    for names, verb in ((stated - there, "added to"), (there - stated, "removed from")):
        if names:
            raise RefusalError(
                400,
                cloud.catalog.get(parent.type).codes.children,
                f"{', '.join(sorted(names))} cannot be {verb} '{parent.id.name}' by a write of it: "
                f"use the operations of {kind}.",
                target=embedded.path.removeprefix("properties."),
                by_provider=True,
            )


def _write_children(
    cloud: Cloud,
    parent: Record,
    embedded: Embedded,
    entries: list[dict[str, Any]],
    api_version: str,
    *,
    is_new: bool,
) -> None:
    """Make the children of a resource what a list in its body says; the others are deleted."""
    if embedded.separate and not is_new:
        _check_separate(cloud, parent, embedded, entries)
    child_type = cloud.catalog.get(embedded.child)
    kept: set[str] = set()
    for entry in entries:
        name = entry.get("name")
        if not isinstance(name, str):
            raise RefusalError(
                400,
                "InvalidRequestContent",
                f"An entry of '{embedded.path}' has no name.",
                target=embedded.path,
                by_provider=True,
            )
        child = ResourceId(child_type.name, (*parent.id.names, name), parent.id.scope)
        kept.add(child.key)
        content = dict(entry)
        if embedded.flattened:
            content = {"properties": {k: v for k, v in entry.items() if k != "name"}}
        write_resource(
            cloud, child_type, cloud.canonical(child), content, api_version, Occasion(judged=True)
        )
    for row in cloud.store.resources.inside(parent.id.key):
        if row.type == child_type.name and row.id.key not in kept:
            check_unused(cloud, row.id)
            remove_resource(cloud, row.id)


def _touch_parent(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Give the parent the etag of a child that its answer embeds (recorded for networks)."""
    parent_id = row.id.parent
    parent = cloud.store.resources.get(parent_id.key) if parent_id else None
    if parent is not None:
        embedded = cloud.catalog.get(parent.type).embedded
        if any(entry.child == resource_type.name for entry in embedded):
            cloud.store.resources.put(parent.id.key, replace(parent, etag=row.etag))


def _keep_managed_group(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    group = managed_group(resource_type, row.id, row.body)
    group_type = cloud.catalog.find(RESOURCE_GROUP)
    if group is None or group_type is None:
        return
    tags = _tags(row)
    document = {"location": row.body.get("location"), "managedBy": row.id.text}
    _write_tagged(cloud, group_type, group, document, tags)
    for made in resource_type.in_group(row.id, row.body, LocalSurroundings(cloud)):
        made_type = cloud.catalog.get(made.type)
        _write_tagged(
            cloud, made_type, ResourceId(made_type.name, (made.name,), group), made.body, tags
        )


def _keep_elsewhere(
    cloud: Cloud, resource_type: ResourceType, before: Record | None, row: Record
) -> None:
    """Write what a service keeps elsewhere for a resource (the records of a zone group), and take
    away what it kept before and keeps no more. One that is there is overwritten."""
    kept: set[str] = set()
    for text, document in resource_type.keeps(row.id, row.body, LocalSurroundings(cloud)):
        resource = ResourceId.parse(text)
        kept.add(resource.key)
        kept_type = cloud.type_of(resource)
        write_resource(cloud, kept_type, cloud.canonical(resource), document, kept_type.api_version)
    if before is not None:
        remove_kept(cloud, resource_type, before, kept)


def _write_tagged(
    cloud: Cloud,
    resource_type: ResourceType,
    resource: ResourceId,
    document: Mapping[str, Any],
    tags: Mapping[str, Any],
) -> None:
    """Make what a service keeps for another resource, or give it that resource's tags: they
    overwrite the values of the same names, and leave others
    (learn.microsoft.com/azure/aks/use-tags, "Before you begin")."""
    before = cloud.store.resources.get(resource.key)
    if before is None:
        whole = {**document, "tags": dict(tags)} if tags else document
        write_resource(cloud, resource_type, resource, whole, resource_type.api_version)
        return
    held = _tags(before)
    given = {name.lower() for name in tags}
    merged = {name: text for name, text in held.items() if name.lower() not in given} | dict(tags)
    if merged != held:
        cloud.store.resources.put(
            before.id.key, replace(before, body={**before.body, "tags": merged})
        )


def _tags(row: Record) -> Mapping[str, Any]:
    tags = row.body.get("tags")
    return tags if isinstance(tags, Mapping) else {}


def _bring_children(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Make what Azure makes together with a resource (`ResourceType.with_parent`)."""
    for child_type in cloud.catalog.children(resource_type):
        for name in child_type.with_parent:
            child = ResourceId(child_type.name, (*row.id.names, name), row.id.scope)
            write_resource(cloud, child_type, child, {}, child_type.api_version)


def _bring_regional(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Make what Azure itself has in a region where the type is used (`ResourceType.regional`)."""
    location, subscription = row.body.get("location"), row.id.subscription
    for brought in cloud.catalog:
        facts = brought.regional
        if facts is None or facts.beside != resource_type.name or subscription is None:
            continue
        there = (
            found.body.get("location")
            for found in cloud.store.resources.of_type(brought.name)
            if found.id.subscription == subscription
        )
        if location in there:
            continue
        document = {"location": location}
        group = resource_group_id(subscription, facts.group)
        group_type = cloud.type_of(group)
        if cloud.store.resources.get(group.key) is None:
            write_resource(cloud, group_type, group, document, group_type.api_version)
        named = ResourceId(brought.name, (facts.name.format(location=location),), group)
        write_resource(cloud, brought, named, document, brought.api_version)
