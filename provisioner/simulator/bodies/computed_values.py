"""Values that only Azure writes: computed properties, identities, states, ids of list entries.

The properties are the catalog's `computed` functions; ids, ETags and types of list entries follow
from the schema. Values that depend on other resources are computed again when these change, except
the principal ids of identities, which Azure copies when the resource is written.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, Model
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Body
from provisioner.simulator.bodies.body_paths import (
    Tree,
    merge,
    mutable_copy,
    put,
    value_at,
)
from provisioner.simulator.bodies.responses import (
    quote_etag,
    remove_children,
    render,
    with_children,
)
from provisioner.simulator.bodies.subnet_addresses import free_addresses
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud, stable_guid

_STATE = "provisioningState"


def add_computed(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, body: dict[str, Any], etag: str
) -> dict[str, Any]:
    """Return `body` with the values that Azure computes."""
    completed = merge(body, _identity_values(cloud, resource, body))
    model = cloud.catalog.schemas.model_at(resource_type.name, ("properties",))
    if model is not None and model.find(_STATE) is not None:
        completed = merge(completed, {"properties": {_STATE: "Succeeded"}})
    completed = merge(
        completed, resource_type.computed(resource, completed, LocalComputationContext(cloud))
    )
    root = cloud.catalog.schemas.root(resource_type.name)
    _EntryValues(cloud, resource_type.name, resource, etag).add(root, completed)
    return dict(completed)


def refresh_around(cloud: Cloud, resource: ResourceId) -> None:
    """Compute the values again that depend on a resource that was written or removed.

    These are of the resources that refer to it or its parent: the state of a peering changes with
    the other side.
    """
    keys = [resource.key, *([resource.parent.key] if resource.parent else [])]
    dependents = {
        row.id.key: row for key in keys for row in cloud.store.resources.referring_to(key)
    }
    for row in dependents.values():
        resource_type = cloud.catalog.get(row.type)
        completed = with_children(cloud, resource_type, row)
        completed = add_computed(cloud, resource_type, row.id, completed, row.etag)
        # Who an identity is was copied when the resource was written, and stays so until it is
        # written again (`catalog.held_identities`).
        for path in ("identity", *resource_type.identity_profiles):
            current = value_at(row.body, path)
            if current is not ABSENT:
                put(completed, path, mutable_copy(current))
        remove_children(resource_type, completed)
        if completed != row.body:
            cloud.store.resources.put(row.id.key, replace(row, body=completed))
            # What it says may be what others look at: whether a peering is in sync with the other
            # side is a matter of both.
            refresh_around(cloud, row.id)


def lifetime_guid(cloud: Cloud, resource_id: str, *seed: str) -> str:
    """Return a GUID of a resource, a new one each time the resource is created.

    The principal of an identity is deleted with it ("Manage user-assigned managed identities"), so
    role assignments of a former one must not match its successor.
    """
    resource = parse_resource_id(resource_id)
    generation = cloud.store.generations.get(resource.key) if resource else None
    return stable_guid(resource_id, *seed, *((generation,) if generation else ()))


class LocalComputationContext:
    """The context of the catalog's `computed` functions: this cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def lookup(self, resource_id: str) -> Body | None:
        """Return the body of another resource as GET answers it, or None."""
        resource = parse_resource_id(resource_id)
        row = self._cloud.find(resource) if resource else None
        return render(self._cloud, row) if row else None

    def guid(self, *seed: str) -> str:
        """Return a GUID that is the same for the same seed."""
        return stable_guid(*seed)

    def lifetime_guid(self, resource_id: str, *seed: str) -> str:
        """Return a GUID of a resource, a new one each time the resource is created."""
        return lifetime_guid(self._cloud, resource_id, *seed)

    def free_address(self, subnet_id: str, owner: str) -> str:
        """Return the lowest free address of a subnet, and reserve it for `owner`.

        Azure reserves the first four addresses of a subnet and the last one.

        Raises:
            RefusalError: the subnet does not exist or is full.
        """
        subnet = parse_resource_id(subnet_id)
        row = self._cloud.find(subnet) if subnet else None
        if subnet is None or row is None:
            raise RefusalError(
                400, "InvalidResourceReference", f"Resource {subnet_id} was not found."
            )
        addresses = self._cloud.store.addresses
        key = f"{subnet.key}|{owner.lower()}"
        current = addresses.get(key)
        if current is None:
            current = next(free_addresses(self._cloud, subnet, row.body), None)
            if current is None:
                raise RefusalError(
                    400, "SubnetIsFull", f"Subnet {subnet.text} has no free address."
                )
            addresses.put(key, current)
        return current

    def tenant(self) -> str:
        """Return the id of the home tenant."""
        return self._cloud.home_tenant

    def current_date(self) -> str:
        """Return the date in UTC as `YYYY-MM-DD`."""
        return self._cloud.now().date().isoformat()


def _identity_values(cloud: Cloud, resource: ResourceId, body: Body) -> dict[str, Any]:
    """Return the principal ids of a resource's managed identities, which all types share."""
    identity = body.get("identity")
    if not isinstance(identity, Mapping):
        return {}
    filled: dict[str, Any] = {}
    kinds = str(identity.get("type", "")).replace(" ", "").lower().split(",")
    if "systemassigned" in kinds:
        principal = lifetime_guid(cloud, resource.text, "principal")
        filled = {"principalId": principal, "tenantId": cloud.tenant_of(resource.subscription)}
    users = identity.get("userAssignedIdentities")
    if isinstance(users, Mapping) and users:
        filled["userAssignedIdentities"] = {key: _user_identity(cloud, key) for key in users}
    return {"identity": filled} if filled else {}


def _user_identity(cloud: Cloud, text: str) -> dict[str, Any]:
    resource = parse_resource_id(text)
    row = cloud.find(resource) if resource else None
    properties = row.body.get("properties") if row else None
    if not isinstance(properties, Mapping):
        return {}
    return {name: properties[name] for name in ("clientId", "principalId") if name in properties}


class _EntryValues:
    """Adds ids, ETags, types and states to the named entries of lists, as Azure does."""

    def __init__(self, cloud: Cloud, type_name: str, owner: ResourceId, etag: str) -> None:
        self._models = cloud.catalog.schemas.models
        self._catalog = cloud.catalog
        self._type_name = type_name
        self._owner = owner
        self._etag = etag

    def add(self, model: Model, value: Tree) -> None:
        """Complete the entries inside of an object of `model`, in place."""
        self._complete_object(model, value, self._owner.text, self._type_name)

    def _complete_object(self, model: Model, value: Tree, owner: str, type_name: str) -> None:
        if not isinstance(value, dict):
            return
        for key, item in value.items():
            prop = model.find(key)
            shape = prop.shape if prop else None
            if shape is None or (prop and prop.read_only):
                continue
            if shape.kind is Kind.OBJECT:
                inner = self._models.get(shape.model or "")
                if inner is not None:
                    self._complete_object(inner, item, owner, type_name)
            elif shape.kind is Kind.LIST and isinstance(item, list):
                inner = self._models.get((shape.item.model if shape.item else None) or "")
                for entry in item:
                    self._complete_entry(inner, entry, f"{owner}/{key}", f"{type_name}/{key}")

    def _complete_entry(self, model: Model | None, entry: Tree, owner: str, type_name: str) -> None:
        if model is None or not isinstance(entry, dict):
            return
        name = entry.get("name")
        if not isinstance(name, str) or not {"id", "name"} <= set(model.properties):
            self._complete_object(
                model, entry, owner.rpartition("/")[0], type_name.rpartition("/")[0]
            )
            return
        entry["id"] = f"{owner}/{name}"
        if model.find("etag") is not None:
            entry["etag"] = quote_etag(self._etag)
        if model.find("type") is not None and model.properties["type"].read_only:
            entry["type"] = type_name
        inner = model.find("properties")
        inner_model = self._models.get(inner.shape.model or "") if inner else None
        if inner_model is not None and inner_model.find(_STATE) is not None:
            entry.setdefault("properties", {})[_STATE] = "Succeeded"
        self._complete_object(model, entry, entry["id"], type_name)
