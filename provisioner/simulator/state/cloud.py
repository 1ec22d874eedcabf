"""The context of one request: the catalog, the state, the time.

Built-in resources, such as Azure's role definitions, are found without being stored.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from provisioner.catalog.endpoints import Endpoint, endpoints_of
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_manager import RESOURCE_MANAGER
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.type_names import is_namespace
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    parse_resource_id,
    resource_group_id,
    subscription_id,
)
from provisioner.model.values import lookup
from provisioner.simulator.protocol.errors import (
    InvalidResourceNamespaceError,
    InvalidResourceTypeError,
)
from provisioner.simulator.protocol.faults import Faults
from provisioner.simulator.state.clock import Clock, SystemClock, format_time, parse_time
from provisioner.simulator.state.records import Origin, PolicyToken, Record
from provisioner.simulator.state.store import Store

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "azsec:local")
TENANT = str(uuid.uuid5(_NAMESPACE, "tenant"))
"""The id of the local tenant."""
CALLER = str(uuid.uuid5(_NAMESPACE, "caller"))
"""The object id of the local operator: of whoever calls with a token that names nobody."""
_HOME = "home tenant"
_TENANT_OF = "tenant of "


def stable_guid(*seed: str) -> str:
    """Return a GUID that is the same for the same seed, without case.

    Ids are derived and not random, so that the same writes give the same ids in every run.
    """
    return str(uuid.uuid5(_NAMESPACE, "/".join(seed).lower()))


@dataclass(frozen=True, slots=True)
class WatchedResource:
    """A resource that is being written: the write, when it took effect, and the body before.

    `at` is ISO 8601; `before` is what GET answered, None for a new resource.
    """

    origin: Origin
    at: str
    before: Mapping[str, Any] | None


@dataclass
class Cloud:
    """One built-in Azure.

    pace             the part of a type's `seconds` that an operation takes; None for none
    page_size        the most items of a list's page
    allowed_actions  the permissions of any caller, with wildcards; None for all
    enforces_roles   whether role assignments restrict callers; otherwise everything is allowed
    origin           the write that is being answered; None for a read
    watched          the resources written since the last commit, by key
    policy_tokens    the issued policy tokens, oldest first; in memory only
    provided         built-in resources, by type, name and subscription
    certificates     those of clusters by key, each with its generation; in memory only
    """

    catalog: Catalog
    store: Store
    clock: Clock = field(default_factory=SystemClock)
    pace: float | None = None
    page_size: int = 1000
    faults: Faults = field(default_factory=Faults)
    allowed_actions: Collection[str] | None = None
    enforces_roles: bool = False
    origin: Origin | None = None
    watched: dict[str, WatchedResource] = field(default_factory=dict)
    policy_tokens: dict[str, PolicyToken] = field(default_factory=dict)
    provided: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    certificates: dict[str, tuple[str, Any]] = field(default_factory=dict)

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The operations on a scope that are not resources."""
        return (*endpoints_of(self.catalog), *RESOURCE_MANAGER)

    @property
    def home_tenant(self) -> str:
        """The tenant of every subscription without another one."""
        return self.store.settings.get(_HOME) or TENANT

    @property
    def tenants(self) -> tuple[str, ...]:
        """All tenants, the home tenant first."""
        stated = (
            tenant for key, tenant in self.store.settings.items() if key.startswith(_TENANT_OF)
        )
        return tuple(dict.fromkeys((self.home_tenant, *stated)))

    def tenant_of(self, subscription: str | None) -> str:
        """Return the tenant of a subscription."""
        stated = self.store.settings.get(_TENANT_OF + (subscription or "").lower())
        return stated or self.home_tenant

    def set_home_tenant(self, tenant: str) -> None:
        """Set the tenant of every subscription without another one."""
        self.store.settings.put(_HOME, tenant.lower())

    def add_subscription(self, subscription: str, name: str, tenant: str | None = None) -> None:
        """Create a subscription with a name; `tenant` None is the home tenant."""
        key = subscription.lower()
        self.store.subscriptions.put(key, name)
        if tenant is not None and tenant.lower() != self.home_tenant:
            self.store.settings.put(_TENANT_OF + key, tenant.lower())
        else:
            self.store.settings.remove(_TENANT_OF + key)

    @property
    def author(self) -> str:
        """The author of the current write, "" for the local operator (see `Origin`)."""
        return self.origin.author if self.origin is not None else ""

    def now(self) -> datetime:
        """Return the time by this cloud's clock."""
        return self.clock.now()

    def stamp(self) -> str:
        """Return the time as text."""
        return format_time(self.now())

    def stamp_after(self, seconds: float, at: str) -> str:
        """Return the time when something that takes Azure `seconds` is done here, as text.

        `at` is its start; the cloud's pace shortens the duration.
        """
        return format_time(parse_time(at) + timedelta(seconds=seconds * (self.pace or 0.0)))

    def type_of(self, resource: ResourceId) -> ResourceType:
        """Return the type of a resource.

        Raises:
            InvalidResourceNamespaceError: the namespace is malformed.
            InvalidResourceTypeError: the type is malformed.
        """
        found = self.catalog.of(resource)
        namespace = resource.type.partition("/")[0]
        if found is None and not is_namespace(namespace):
            raise InvalidResourceNamespaceError(namespace)
        if found is None:
            raise InvalidResourceTypeError(resource.type)
        return found

    def is_known(self, resource: ResourceId) -> bool:
        """Return whether the catalog has the type of a resource."""
        found = self.catalog.of(resource)
        return found is not None and found.tier is not Tier.RAW

    def find(self, resource: ResourceId) -> Record | None:
        """Return the record of a resource, built-in ones included; None if there is none."""
        row = self.store.resources.get(resource.key)
        resource_type = self.catalog.of(resource) if row is None else None
        if resource_type is None:
            return row
        folded = resource.name.lower()
        name = next((name for name in resource_type.built_in if name.lower() == folded), None)
        if name is None:
            return self._find_assignable(resource) if resource_type.named_alone else None
        provided = self._built_in_record(resource_type, name, resource.container)
        is_there = provided.id == resource or resource_type.named_alone
        return provided if is_there else None

    def _find_assignable(self, resource: ResourceId) -> Record | None:
        """Return the record of a custom role that was written at another scope.

        It exists at each of its assignable scopes ("Azure custom roles": AssignableScopes).
        """
        for row in self.store.resources.of_type(resource.type):
            scopes = lookup(row.body, ("properties", "assignableScopes"))
            if row.id.name.lower() == resource.name.lower() and isinstance(scopes, list):
                above = [parse_resource_id(scope) for scope in scopes]
                if any(one is not None and resource.is_within(one) for one in above):
                    return row
        return None

    def built_in(self, resource_type: ResourceType, container: ResourceId | None) -> list[Record]:
        """Return the built-in resources of a type at a scope, without those overwritten since."""
        rows = (
            self._built_in_record(resource_type, name, container) for name in resource_type.built_in
        )
        return [row for row in rows if self.store.resources.get(row.id.key) is None]

    def _built_in_record(
        self, resource_type: ResourceType, name: str, container: ResourceId | None
    ) -> Record:
        """Return the record of a built-in resource at a scope or in a parent.

        Records of a subscription are cached: there are a thousand built-in roles.
        """
        if not resource_type.named_alone:
            return _built_in_record(resource_type, name, container)
        # Recorded for role definitions: at a group or a resource, their ids are the subscription's;
        # above subscriptions they are the tenant's.
        subscription = container.subscription if container is not None else None
        key = (resource_type.name, name, subscription or "")
        row = self.provided.get(key)
        if row is None:
            scope = subscription_id(subscription) if subscription is not None else None
            row = self.provided[key] = _built_in_record(resource_type, name, scope)
        return row

    def canonical(self, resource: ResourceId) -> ResourceId:
        """Return the id as ARM writes it: type names as documented, names as first written."""
        scope = self.canonical(resource.scope) if resource.scope else None
        if resource.is_container:
            known = self.store.resources.get(resource.key)
            return known.id if known else ResourceId(resource.type, resource.names, scope)
        known_type = self.catalog.of(resource)
        type_name = known_type.name if known_type else resource.type
        parent = resource.parent
        row = self.store.resources.get(parent.key) if parent else None
        names = (*row.id.names, resource.name) if row else resource.names
        return ResourceId(type_name, names, scope)

    def group_of(self, resource: ResourceId) -> Record | None:
        """Return the record of the resource group of a resource."""
        if resource.resource_group is None or resource.subscription is None:
            return None
        group = resource_group_id(resource.subscription, resource.resource_group)
        return self.store.resources.get(group.key)


def _id_in(container: ResourceId | None, resource_type: ResourceType, name: str) -> ResourceId:
    if resource_type.parent is None or container is None:
        return ResourceId(resource_type.name, (name,), container)
    return ResourceId(resource_type.name, (*container.names, name), container.scope)


_BUILT_IN_SINCE = "2015-02-02T21:55:09.0000000Z"


def _built_in_record(
    resource_type: ResourceType, name: str, container: ResourceId | None
) -> Record:
    """Return the record of a built-in resource at a scope or in a parent."""
    return Record(
        id=_id_in(container, resource_type, name),
        type=resource_type.name,
        body=resource_type.built_in[name],
        etag=stable_guid(name),
        created=_BUILT_IN_SINCE,
        modified=_BUILT_IN_SINCE,
    )


def type_label(resource: ResourceId, resource_type: ResourceType) -> str:
    """Return the type as permissions name it (a group is `…/subscriptions/resourceGroups`)."""
    if resource.type == RESOURCE_GROUP:
        return f"{resource_type.namespace}/subscriptions/{RESOURCE_GROUP}"
    return resource_type.name
