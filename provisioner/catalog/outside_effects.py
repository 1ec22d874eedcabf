"""Types whose writes affect resources that are not their own.

A peering requests a connection of another network, a private endpoint or a cluster takes addresses
of a subnet, a role assignment grants access to a foreign identity. None of that is a write of the
affected resource, so the activity log names only the resource that was written.
"""

from provisioner.catalog.registry import Catalog
from provisioner.catalog.schema import Model, SchemaIndex
from provisioner.model.resource_id import ResourceId

_NETWORK_WORDS = ("subnet", "virtualnetwork", "vnet", "networkmanager", "appliestogroups")
"""Parts of the names under which clients attach something to a network, or rules to many."""


def may_act_elsewhere(resource: ResourceId, catalog: Catalog) -> bool:
    """Return whether a write of a resource may affect something outside of its resource group.

    It may if its type has a fact for it (`adds_to`), if a client attaches it to a subnet or
    network, or if azsec has no facts of its type.
    """
    known = catalog.of(resource)
    if known is None:
        return True
    root = catalog.schemas.models.get(catalog.schemas.roots.get(known.name, ""))
    return bool(known.adds_to) or root is None or _names_a_network(root, catalog.schemas, set())


def _names_a_network(model: Model, schemas: SchemaIndex, seen: set[str]) -> bool:
    """Return whether a client may write a subnet or a network into an object of a model.

    `seen` are the models visited so far: some contain themselves.
    """
    if model.name in seen:
        return False
    seen.add(model.name)
    for prop in model.properties.values():
        if prop.read_only:
            continue
        if any(word in prop.name.lower() for word in _NETWORK_WORDS):
            return True
        shape = prop.shape
        while shape.item is not None:
            shape = shape.item
        below = schemas.models.get(shape.model or "")
        if below is not None and _names_a_network(below, schemas, seen):
            return True
    return False
