"""The tables of Resource Graph, made from the state of the built-in Azure.

Source: "Azure Resource Graph table and resource type reference" (which types are in which table:
neither extension resources nor children without location and tags are in `resources`), "Understand
the query language" (the tables), and the documented samples of `authorizationresources`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE
from provisioner.catalog.deployment import MANAGEMENT_GROUP_TYPE
from provisioner.catalog.endpoints import CHANGE_TYPE
from provisioner.catalog.permissions import GROUP, ROLE_ASSIGNMENT
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.simulator.authorization.permissions import check_authorized, sees_subscription
from provisioner.simulator.authorization.required_permissions import RequiredPermission
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.logs import change_log
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.resource_graph.management_groups import ManagementGroups
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_SUBSCRIPTION = "microsoft.resources/subscriptions"
_NOT_TRACKED = ("/managedNamespaces",)
"""How the names of types end that have location and tags, and are not in the reference."""
_INTERNAL_REQUEST = Request("POST", "", {}, {}, b"", "")

COLUMNS: Mapping[str, str] = {
    "id": "string",
    "name": "string",
    "type": "string",
    "tenantId": "string",
    "kind": "string",
    "location": "string",
    "resourceGroup": "string",
    "subscriptionId": "string",
    "managedBy": "string",
    "sku": "dynamic",
    "plan": "dynamic",
    "properties": "dynamic",
    "tags": "dynamic",
    "identity": "dynamic",
    "zones": "dynamic",
    "extendedLocation": "dynamic",
    "apiVersion": "string",
}
"""The columns of every table here."""


@dataclass(frozen=True, slots=True)
class QueryScope:
    """The scope of a query.

    subscriptions      in lower case; None for all that the caller sees
    management_groups  those named in the request
    below, above       whether role assignments below, or above, the scope are included
    """

    subscriptions: frozenset[str] | None = None
    management_groups: tuple[str, ...] = ()
    below: bool = True
    above: bool = False


class Tables:
    """The tables as one caller sees them, in one scope."""

    def __init__(
        self, cloud: Cloud, scope: QueryScope, request: Request = _INTERNAL_REQUEST
    ) -> None:
        self._cloud = cloud
        self._scope = scope
        self._request = request
        self._groups = ManagementGroups(cloud, read_caller(request).tenant)

    def read(self, name: str) -> Table | None:
        """Return a table by its name in lower case; None if it is not supported."""
        read = _TABLES.get(name)
        if read is None:
            return None
        return Table(COLUMNS, [_with_all_columns(row) for row in read(self)])

    def resources(self) -> Iterator[Row]:
        """Yield the tracked resources."""
        for row in self._visible_records():
            resource_type = self._cloud.catalog.get(row.type)
            if not row.id.is_container and _is_tracked(resource_type):
                yield self._resource_row(row)

    def containers(self) -> Iterator[Row]:
        """Yield resource groups, subscriptions and management groups.

        Management groups are left out where the query names subscriptions.
        """
        if self._scope.subscriptions is None or self._scope.management_groups:
            yield from self._management_group_rows()
        for key, name in self._cloud.store.subscriptions.items():
            if self._is_in_scope(key):
                yield self._subscription_row(key, name)
        for row in self._visible_records():
            if row.id.is_container and row.id.type == RESOURCE_GROUP:
                yield {**self._resource_row(row), "type": f"{_SUBSCRIPTION}/resourcegroups"}

    def roles(self) -> Iterator[Row]:
        """Yield role assignments and role definitions, built-in ones included."""
        for row in self._cloud.store.resources.of_type(ROLE_ASSIGNMENT):
            if self._is_assignment_in_scope(row.id.scope) and self._can_read(row):
                yield self._assignment_row(row)
        for row in self._cloud.store.resources.of_type(ROLE_DEFINITION_TYPE):
            scope = row.id.subscription
            if (scope is None or self._is_in_scope(scope)) and self._can_read(row):
                yield self._resource_row(row)
        definitions = self._cloud.catalog.find(ROLE_DEFINITION_TYPE)
        built_in = self._cloud.built_in(definitions, None) if definitions is not None else []
        yield from (self._resource_row(row) for row in built_in)

    def _assignment_row(self, row: Record) -> Row:
        shown = self._resource_row(row)
        properties = shown.get("properties")
        stated = properties.get("roleDefinitionId") if isinstance(properties, Mapping) else None
        role = parse_resource_id(stated)
        definition = self._cloud.find(ResourceId(role.type, role.names)) if role else None
        if definition is None or not isinstance(properties, Mapping):
            return shown
        # Built-in roles are the tenant's in both kinds of rows: Microsoft's own query of the limit
        # of role assignments joins them by `id` ("Troubleshoot Azure RBAC limits").
        return {**shown, "properties": {**properties, "roleDefinitionId": definition.id.text}}

    def changes(self) -> Iterator[Row]:
        """Yield the changes of the last 14 days that have become visible."""
        now = self._cloud.now()
        for _, change in self._cloud.store.changes.items():
            is_kept = (
                parse_time(change.shown) <= now <= parse_time(change.at) + change_log.RETENTION
            )
            target = ResourceId.parse(change.target)
            if (
                is_kept
                and self._is_in_scope(target.subscription)
                and self._can_read_at(change.type, target)
            ):
                shown = change_log.show_change(change)
                yield {**shown, "type": CHANGE_TYPE.lower(), "tenantId": self._tenant_of(target)}

    def _visible_records(self) -> Iterator[Record]:
        for _, row in self._cloud.store.resources.items():
            if self._is_in_scope(row.id.subscription) and self._can_read(row):
                yield row

    def _can_read(self, row: Record) -> bool:
        is_group = row.id.type == RESOURCE_GROUP
        return self._can_read_at(GROUP if is_group else row.type, row.id)

    def _can_read_at(self, type_name: str, scope: ResourceId) -> bool:
        """Return whether the caller has read access ("Permissions in Azure Resource Graph")."""
        if not self._cloud.enforces_roles:
            return True
        try:
            needed = RequiredPermission(f"{type_name}/read", scope.text)
            check_authorized(self._cloud, self._request, (needed,))
        except RefusalError:
            return False
        return True

    def _is_in_scope(self, subscription: str | None) -> bool:
        key = (subscription or "").lower()
        subscriptions = self._scope.subscriptions
        if not key or (subscriptions is not None and key not in subscriptions):
            return False
        caller = read_caller(self._request)
        is_own = caller.tenant in (None, self._cloud.tenant_of(key))
        return is_own and sees_subscription(self._cloud, caller, key)

    def _is_assignment_in_scope(self, scope: ResourceId | None) -> bool:
        """Return whether a role assignment's scope is included by `authorizationScopeFilter`."""
        subscription = scope.subscription if scope is not None else None
        if subscription is not None and self._is_in_scope(subscription):
            # An assignment at the subscription itself is at the scope, and always included.
            is_at_scope = scope is not None and scope.is_container and scope.type != RESOURCE_GROUP
            return is_at_scope or self._scope.below
        if subscription is not None:
            return False
        subscriptions = self._scope.subscriptions
        return self._scope.above or (subscriptions is None and not self._scope.management_groups)

    def _management_group_rows(self) -> Iterator[Row]:
        named = {name.lower() for name in self._scope.management_groups}
        groups = self._groups
        for key, name in groups.names.items():
            above = groups.above(key)
            if named and named.isdisjoint([key, *above]):
                continue
            properties = {
                "displayName": groups.display_name(key),
                "tenantId": groups.tenant,
                "details": {"managementGroupAncestorsChain": self._ancestor_chain(above)},
            }
            yield {
                "id": f"/providers/{MANAGEMENT_GROUP_TYPE}/{name}",
                "name": name,
                "type": MANAGEMENT_GROUP_TYPE.lower(),
                "tenantId": groups.tenant,
                "properties": properties,
            }

    def _ancestor_chain(self, keys: list[str]) -> list[dict[str, str]]:
        names = self._groups
        return [{"name": names.names[k], "displayName": names.display_name(k)} for k in keys]

    def _subscription_row(self, key: str, name: str) -> Row:
        properties = {
            "state": "Enabled",
            "managementGroupAncestorsChain": self._ancestor_chain(self._groups.holders_of(key)),
            "managedByTenants": [],
        }
        return {
            "id": f"/subscriptions/{key}",
            "name": name,
            "type": _SUBSCRIPTION,
            "tenantId": self._cloud.tenant_of(key),
            "subscriptionId": key,
            "properties": properties,
        }

    def _resource_row(self, row: Record) -> Row:
        body = render(self._cloud, row)
        is_group = row.id.type == RESOURCE_GROUP
        return {
            **body,
            # Resource Graph answers types in lower case.
            "type": str(body.get("type", row.type)).lower(),
            "tenantId": self._tenant_of(row.id),
            "resourceGroup": (row.id.name if is_group else row.id.resource_group or "").lower(),
            "subscriptionId": row.id.subscription or "",
            "apiVersion": self._cloud.catalog.get(row.type).api_version,
        }

    def _tenant_of(self, resource: ResourceId) -> str:
        return self._cloud.tenant_of(resource.subscription)


def _is_tracked(resource_type: ResourceType) -> bool:
    if resource_type.scope is Scope.EXTENSION or resource_type.name.endswith(_NOT_TRACKED):
        return False
    is_child = resource_type.parent is not None
    return not is_child or (resource_type.taggable and resource_type.located)


def _with_all_columns(row: Row) -> Row:
    """Return a row with every column; an absent string is empty."""
    shown: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        value = row.get(name)
        shown[name] = "" if value is None and kind == "string" else value
    return shown


_TABLES: Mapping[str, Callable[[Tables], Iterator[Row]]] = {
    "resources": Tables.resources,
    "resourcecontainers": Tables.containers,
    "authorizationresources": Tables.roles,
    "resourcechanges": Tables.changes,
}
TABLE_NAMES = tuple(_TABLES)
"""The tables that there are, in lower case."""
