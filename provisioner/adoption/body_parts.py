"""Terraform resources that Azure has as part of another resource's body.

Examples are the rules of a load balancer and the access policies of a key vault. Such a part is
stated in the body that contains it. It has an id, but where ARM has no resource of that id, a GET
by it fails. `workflow/adopt.py` calls it for the ids of a Terraform state.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.catalog.schema import walk
from provisioner.model.resource_id import ResourceId
from provisioner.plan.container_contents import is_part

_ACCESS_POLICY = "microsoft.keyvault/vaults/objectid"
"""The azurerm id of an access policy: `VAULT/objectId/GUID`, `…/applicationId/GUID`."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a body, by the id that is written for it, and the resource whose body it is."""

    id: ResourceId
    holder: ResourceId


def split_parts(
    resources: Iterable[ResourceId], catalog: Catalog
) -> tuple[tuple[ResourceId, ...], tuple[Part, ...]]:
    """Return the resources, and the parts of a resource body that the catalog knows."""
    whole_resources: list[ResourceId] = []
    parts: list[Part] = []
    for resource in resources:
        holder = _holder_of(resource, catalog)
        if holder is None:
            whole_resources.append(resource)
        else:
            parts.append(Part(resource, holder))
    return tuple(whole_resources), tuple(parts)


def _holder_of(resource: ResourceId, catalog: Catalog) -> ResourceId | None:
    """Return the resource whose body contains a part, None for an id that is not a part."""
    for each in (resource, *resource.ancestors):
        parent = each.parent
        if parent is not None and _is_in_body(each, parent, catalog):
            return parent
    return None


def _is_in_body(child: ResourceId, parent: ResourceId, catalog: Catalog) -> bool:
    if is_part(child, catalog) or child.type.lower() == _ACCESS_POLICY:
        return True
    known = catalog.of(parent)
    if catalog.of(child) is not None or known is None or known.tier is not Tier.KNOWN:
        return False
    segment = child.type.rpartition("/")[2].lower()
    return any(
        path[-1].lower() == segment and not prop.read_only
        for path, prop in walk(catalog.schemas, known.name)
    )
