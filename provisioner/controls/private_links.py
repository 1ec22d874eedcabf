"""Which private endpoints lead to a resource."""

from provisioner.controls.kinds import PRIVATE_ENDPOINT
from provisioner.controls.subject import Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

CONNECTIONS = "properties.privateEndpointConnections"
"""What a resource says itself of the endpoints that lead to it. Azure alone writes it."""

ENDPOINT_READS = (
    "properties.privateLinkServiceConnections",
    "properties.manualPrivateLinkServiceConnections",
)
_STATE = "privateLinkServiceConnectionState"


def is_linked(target: Subject, group: str) -> bool:
    """Tell whether an endpoint leads to the part of a resource that `group` names (`vault`), and
    has been approved. Its state is Azure's to say: one that is not made yet will be."""
    for endpoint in target.all(PRIVATE_ENDPOINT):
        for path in ENDPOINT_READS:
            for entry in endpoint.entries(path):
                named = parse_resource_id(lookup(entry, ("properties", "privateLinkServiceId")))
                groups = lookup(entry, ("properties", "groupIds"))
                listed = groups if isinstance(groups, (list, tuple)) else ()
                if named == target.id and group in listed and _is_approved(entry):
                    return True
    # An endpoint in a network of others is seen from the resource alone.
    said = [entry for entry in target.entries(CONNECTIONS) if _status(entry) is not None]
    return any(_is_approved(entry) for entry in said)


def _is_approved(entry: object) -> bool:
    return _status(entry) in (None, "Approved")


def _status(entry: object) -> str | None:
    found = lookup(entry, ("properties", _STATE, "status"))
    return found if isinstance(found, str) else None
