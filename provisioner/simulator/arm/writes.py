"""A write of a resource: validated, completed with Azure's defaults, stored with its children.

The order matters: name and location, the schema, what a PUT keeps of the stored body, the service
rules, defaults, references, computed values, children. Service rules see the body before defaults
are filled in: a violation is always of something that the client wrote.
"""

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
from provisioner.simulator.bodies.body_paths import mutable_copy, put, remove, split_path, value_at
from provisioner.simulator.bodies.computed_values import (
    LocalComputationContext,
    add_computed,
    refresh_around,
)
from provisioner.simulator.bodies.defaults import (
    drop_write_only,
    fill_defaults,
    omit_defaults,
    replace_retired_values,
)
from provisioner.simulator.bodies.immutable_values import (
    check_changes,
    check_values,
    keep_unsent_values,
)
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
class WriteContext:
    """The circumstances of a write.

    query       parameters of the request, names in lower case
    is_checked  whether the service rules were applied already, to the body of the parent
    """

    query: Mapping[str, str] = field(default_factory=dict)
    is_checked: bool = False


_DIRECT_WRITE = WriteContext()


def write_resource(
    cloud: Cloud,
    resource_type: ResourceType,
    resource: ResourceId,
    document: Mapping[str, Any],
    api_version: str,
    context: WriteContext = _DIRECT_WRITE,
) -> Record:
    """Create or replace a resource and return its record; Azure's refusals are a RefusalError.

    `api_version` is the one that the document was written for: some defaults changed with a
    version.
    """
    before = cloud.store.resources.get(resource.key)
    if before is None:
        check_name(resource_type, resource)
        document = check_recoverable(cloud, resource_type, resource, document)
        _check_name_is_free(cloud, resource_type, resource)
    _check_location(resource_type, resource, document, before)
    body = read_body(cloud.catalog, resource_type, document, api_version)
    stated = mutable_copy(body)
    # An empty list means no children; an absent one leaves them as they are, if the type keeps them
    # (`Embedded.kept`).
    for entry in resource_type.embedded:
        if not entry.kept and value_at(body, entry.path) is ABSENT:
            put(body, entry.path, [])
    sent = [entry for entry in resource_type.embedded if value_at(body, entry.path) is not ABSENT]
    current = _body_before(cloud, resource_type, before) if before else None
    _normalise_and_keep(cloud, resource_type, body, current, api_version)
    if not context.is_checked:
        # As a blueprint states it: what Azure fills in is nobody's mistake.
        check_services(
            cloud,
            resource_type,
            resource,
            current,
            _without_unsent_children(resource_type, body, sent),
            api_version,
        )
    _fill_in(resource_type, body, current, api_version)
    check_nodes(cloud, resource_type, resource, body, api_version)
    references = _external_references(cloud, resource_type, resource, body)
    check_references(cloud, resource_type, resource, references)
    _check_unique(cloud, resource_type, resource, body)
    _check_users(cloud, resource_type, before, body)
    _keep_snapshot(resource_type, before, body, context.query)
    etag = str(uuid.uuid4())
    whole = add_computed(cloud, resource_type, resource, body, etag)
    lists = [(embedded, value_at(body, embedded.path)) for embedded in sent]
    remove_children(resource_type, whole)
    drop_write_only(resource_type, whole)
    omit_defaults(
        resource_type, stated, before, whole, api_version, is_alone=not context.is_checked
    )
    now = cloud.stamp()
    row = Record(
        id=before.id if before else resource,
        type=resource_type.name,
        body=whole,
        etag=etag,
        created=before.created if before else now,
        modified=now,
        references=_own_reference_keys(
            references, [embedded.path for embedded in resource_type.embedded]
        ),
        created_by=before.created_by if before else cloud.author,
        modified_by=cloud.author,
    )
    cloud.store.resources.put(row.id.key, row)
    for embedded, entries in lists:
        _replace_children(cloud, row, embedded, entries, api_version, is_new=before is None)
    _touch_parent(cloud, resource_type, row)
    refresh_around(cloud, row.id)
    _keep_managed_group(cloud, resource_type, row)
    _write_kept_resources(cloud, resource_type, before, row)
    if before is None:
        _create_builtin_children(cloud, resource_type, row)
    _create_regional_resources(cloud, resource_type, row)
    return row


def _without_unsent_children(
    resource_type: ResourceType, body: Mapping[str, Any], sent: list[Embedded]
) -> Mapping[str, Any]:
    """Return a body without the lists of children that the request leaves out."""
    kept = [entry for entry in resource_type.embedded if entry not in sent]
    if not kept:
        return body
    stated: dict[str, Any] = mutable_copy(body)
    for entry in kept:
        remove(stated, split_path(entry.path))
    return stated


def _keep_snapshot(
    resource_type: ResourceType,
    before: Record | None,
    body: dict[str, Any],
    query: Mapping[str, str],
) -> None:
    """Keep the copy of another resource's data, unless the request asks for a new one.

    `ResourceType.snapshot`: a later PUT does not copy again.
    """
    snapshot = resource_type.snapshot
    if snapshot is None or before is None:
        return
    current = value_at(before.body, snapshot.path)
    if current is ABSENT:
        return
    required_query = {name.lower(): text.lower() for name, text in snapshot.query.items()}
    if any(query.get(name, "").lower() != text for name, text in required_query.items()):
        put(body, snapshot.path, mutable_copy(current))


def _body_before(cloud: Cloud, resource_type: ResourceType, before: Record) -> Mapping[str, Any]:
    """Return the stored body with its children and with the resources in it."""
    whole = with_children(cloud, resource_type, before)
    for path, named in occupants(cloud, resource_type, before).items():
        put(whole, path, named)
    return whole


def _normalise_and_keep(
    cloud: Cloud,
    resource_type: ResourceType,
    body: dict[str, Any],
    before: Mapping[str, Any] | None,
    api_version: str,
) -> None:
    """Normalise values as Azure does, and keep the ones that a PUT may leave out.

    A PUT without a list of children keeps the children (`Embedded`), and the rules see them.
    """
    if isinstance(body.get("location"), str):
        body["location"] = normalise_location(body["location"])
    if cloud.catalog.schemas.root(resource_type.name).find("properties") is not None:
        body.setdefault("properties", {})
    check_values(resource_type, body, api_version)
    replace_retired_values(resource_type, body)
    if before is not None:
        for embedded in resource_type.embedded:
            if value_at(body, embedded.path) is ABSENT:
                put(body, embedded.path, mutable_copy(value_at(before, embedded.path)))
        keep_unsent_values(resource_type, before, body)


def _fill_in(
    resource_type: ResourceType,
    body: dict[str, Any],
    before: Mapping[str, Any] | None,
    api_version: str,
) -> None:
    """Fill in defaults, and refuse changes of immutable properties."""
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
    current = before.body.get("location") if before else None
    if isinstance(current, str) and normalise_location(location) != normalise_location(current):
        kind = "ResourceGroup" if resource.type == RESOURCE_GROUP else "Resource"
        raise RefusalError(
            409,
            f"Invalid{kind}Location",
            f"'{resource.name}' already exists in location '{current}'. It cannot be created in "
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
    """Check that no other resource of the scope has the same values (`ResourceType.unique_by`).

    Raises:
        RefusalError: one has.
    """
    unique = _unique_values(cloud, resource_type, body)
    container = resource.container
    if not unique or container is None:
        return
    for row in cloud.store.resources.inside(container.key):
        same_type = row.type == resource_type.name and row.id != resource
        if same_type and _unique_values(cloud, resource_type, row.body) == unique:
            raise RefusalError(
                409,
                resource_type.codes.duplicate,
                f"The same already exists under the name '{row.id.name}'.",
                by_provider=True,
            )


def _check_users(
    cloud: Cloud, resource_type: ResourceType, before: Record | None, body: Mapping[str, Any]
) -> None:
    """Check that no assignment is outside of a role definition's new scopes.

    "Azure custom roles": RoleDefinitionHasAssignments.

    Raises:
        RefusalError: one is.
    """
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


def _unique_values(
    cloud: Cloud, resource_type: ResourceType, body: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the values that must be unique, in lower case.

    An id of a built-in resource is the same at every scope, so only its name counts.
    """
    values: list[str] = []
    for path in resource_type.unique_by:
        text = str(value_at(body, path)).lower()
        target = parse_resource_id(text)
        target_type = cloud.catalog.of(target) if target else None
        provided = target is not None and target_type is not None and target_type.built_in
        values.append(target.name if target and provided else text)
    return tuple(values)


def _external_references(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Any]
) -> list[tuple[str, ResourceId]]:
    """Return the references of a body, except those into its own managed resource group.

    A cluster's kubelet identity is in the node resource group, which Azure creates with the
    cluster.
    """
    kept = managed_group(resource_type, resource, body)
    return [
        (path, target)
        for path, target in find_references(cloud, resource, body)
        if kept is None or not target.is_within(kept)
    ]


def _own_reference_keys(
    references: list[tuple[str, ResourceId]], embedded: list[str]
) -> tuple[str, ...]:
    """Return the keys that a resource itself refers to, without those of its children.

    Children are stored as resources of their own, with their references.
    """
    return tuple(
        sorted(
            {
                target.key
                for path, target in references
                if not any(path.startswith(f"{listed}[") for listed in embedded)
            }
        )
    )


def _check_children_unchanged(
    cloud: Cloud, parent: Record, embedded: Embedded, entries: list[dict[str, Any]]
) -> None:
    """Check that a write does not add or remove children that only their own operations do.

    Raises:
        RefusalError: it does.
    """
    stated = {str(entry.get("name")).lower() for entry in entries}
    existing = {
        row.id.name.lower()
        for row in cloud.store.resources.inside(parent.id.key)
        if row.type == embedded.child
    }
    kind = embedded.child.rpartition("/")[2]
    for names, verb in ((stated - existing, "added to"), (existing - stated, "removed from")):
        if names:
            raise RefusalError(
                400,
                cloud.catalog.get(parent.type).codes.children,
                f"{', '.join(sorted(names))} cannot be {verb} '{parent.id.name}' by a write of it: "
                f"use the operations of {kind}.",
                target=embedded.path.removeprefix("properties."),
                by_provider=True,
            )


def _replace_children(
    cloud: Cloud,
    parent: Record,
    embedded: Embedded,
    entries: list[dict[str, Any]],
    api_version: str,
    *,
    is_new: bool,
) -> None:
    """Write the children of a resource as a list in its body states them; others are deleted.

    Raises:
        RefusalError: an entry has no name.
    """
    if embedded.separate and not is_new:
        _check_children_unchanged(cloud, parent, embedded, entries)
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
            cloud,
            child_type,
            cloud.canonical(child),
            content,
            api_version,
            WriteContext(is_checked=True),
        )
    for row in cloud.store.resources.inside(parent.id.key):
        if row.type == child_type.name and row.id.key not in kept:
            # A PUT of a virtual network that leaves a subnet out of its list deletes the subnet,
            # and fails while it is in use (InUseSubnetCannotBeDeleted; guidelines.md §3.3).
            check_unused(cloud, row.id)
            remove_resource(cloud, row.id)


def _touch_parent(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Give the parent the ETag of a child that its body contains (recorded: networks)."""
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
    tags = _tags_of(row)
    document = {"location": row.body.get("location"), "managedBy": row.id.text}
    _write_tagged(cloud, group_type, group, document, tags)
    for member in resource_type.in_group(row.id, row.body, LocalComputationContext(cloud)):
        member_type = cloud.catalog.get(member.type)
        _write_tagged(
            cloud,
            member_type,
            ResourceId(member_type.name, (member.name,), group),
            member.body,
            tags,
        )


def _write_kept_resources(
    cloud: Cloud, resource_type: ResourceType, before: Record | None, row: Record
) -> None:
    """Write what a service keeps elsewhere for a resource, and remove what it no longer keeps.

    The records of a private DNS zone group are an example. An existing resource is overwritten.
    """
    kept: set[str] = set()
    for text, document in resource_type.keeps(row.id, row.body, LocalComputationContext(cloud)):
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
    """Write a managed resource, or merge the owner's tags into an existing one.

    The owner's tags override those of the same name, and leave others
    (learn.microsoft.com/azure/aks/use-tags, "Before you begin").
    """
    before = cloud.store.resources.get(resource.key)
    if before is None:
        whole = {**document, "tags": dict(tags)} if tags else document
        write_resource(cloud, resource_type, resource, whole, resource_type.api_version)
        return
    current = _tags_of(before)
    owner_names = {name.lower() for name in tags}
    merged = {
        name: text for name, text in current.items() if name.lower() not in owner_names
    } | dict(tags)
    if merged != current:
        cloud.store.resources.put(
            before.id.key, replace(before, body={**before.body, "tags": merged})
        )


def _tags_of(row: Record) -> Mapping[str, Any]:
    tags = row.body.get("tags")
    return tags if isinstance(tags, Mapping) else {}


def _create_builtin_children(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Create the children that Azure creates with a resource (`ResourceType.with_parent`)."""
    for child_type in cloud.catalog.children(resource_type):
        for name in child_type.with_parent:
            child = ResourceId(child_type.name, (*row.id.names, name), row.id.scope)
            write_resource(cloud, child_type, child, {}, child_type.api_version)


def _create_regional_resources(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Create what Azure keeps in each region in use (`ResourceType.regional`).

    NetworkWatcherRG with a network watcher for each region is an example.
    """
    location, subscription = row.body.get("location"), row.id.subscription
    for brought in cloud.catalog:
        facts = brought.regional
        if facts is None or facts.beside != resource_type.name or subscription is None:
            continue
        existing = (
            found.body.get("location")
            for found in cloud.store.resources.of_type(brought.name)
            if found.id.subscription == subscription
        )
        if location in existing:
            continue
        document = {"location": location}
        group = resource_group_id(subscription, facts.group)
        group_type = cloud.type_of(group)
        if cloud.store.resources.get(group.key) is None:
            write_resource(cloud, group_type, group, document, group_type.api_version)
        named = ResourceId(brought.name, (facts.name.format(location=location),), group)
        write_resource(cloud, brought, named, document, brought.api_version)
