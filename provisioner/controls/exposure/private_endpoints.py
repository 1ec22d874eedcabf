"""Approved private endpoints of a resource, and those from unknown subscriptions.

Called by controls of the chapters.
"""

from collections.abc import Iterator

from provisioner.controls.resource_types import NETWORK, PRIVATE_ENDPOINT
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

CONNECTIONS = "properties.privateEndpointConnections"
"""What a resource says itself of the endpoints that lead to it. Azure alone writes it."""

_AUTO_APPROVED = "properties.privateLinkServiceConnections"
_MANUAL = "properties.manualPrivateLinkServiceConnections"
ENDPOINT_READS = (_AUTO_APPROVED, _MANUAL)
_STATE = "privateLinkServiceConnectionState"
_APPROVED = "Approved"


def is_linked(target: Subject, group: str) -> bool:
    """Return whether an approved endpoint connects to the part of a resource that `group` names.

    `group` is a name like `vault`. The endpoint's state is Azure's to say: one that is not made yet
    will be, unless it is manual and waits for somebody (documentation "What is a private
    endpoint?").
    """
    for endpoint in target.all(PRIVATE_ENDPOINT):
        # No status yet means before apply: an automatic connection will be approved, a manual one
        # waits for the owner of the service.
        for path, approved in ((_AUTO_APPROVED, (None, _APPROVED)), (_MANUAL, (_APPROVED,))):
            for entry in endpoint.entries(path):
                named = parse_resource_id(lookup(entry, ("properties", "privateLinkServiceId")))
                groups = lookup(entry, ("properties", "groupIds"))
                listed = groups if isinstance(groups, (list, tuple)) else ()
                if named == target.id and group in listed and _connection_status(entry) in approved:
                    return True
    # An endpoint in a network of others is seen from the resource alone.
    return any(_connection_status(entry) == _APPROVED for entry in target.entries(CONNECTIONS))


def judge_outside_connections(target: Subject) -> Iterator[Observation]:
    """Observe each approved endpoint whose owner is unknown.

    It is in a subscription in which the environment knows of no network. The rule has to read
    CONNECTIONS of the target, and networks.
    """
    known = {(network.id.subscription or "").lower() for network in target.all(NETWORK)}
    for entry in target.entries(CONNECTIONS):
        named = parse_resource_id(lookup(entry, ("properties", "privateEndpoint", "id")))
        if named is None or _connection_status(entry) != _APPROVED:
            continue
        # Whoever approves a connection request lets the requester's network in, and anybody may
        # request.
        if (named.subscription or "").lower() not in known:
            evidence = f"{named.text} is connected to it, in a network outside the environment"
            yield target.unknown(CONNECTIONS, evidence)


def _connection_status(entry: object) -> str | None:
    found = lookup(entry, ("properties", _STATE, "status"))
    return found if isinstance(found, str) else None
