"""Which addresses a service leads to beside those of its pods.

The controllers for endpoints put right what they made themselves, and only for services with a
selector: of the others, and of ExternalName, they touch nothing, whatever a label or a `targetRef`
says (kubernetes.io, "Services without selectors"; kubernetes/kubernetes,
pkg/controller/endpointslice: syncService returns without a selector).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from provisioner.cluster.objects import Object

Selecting = frozenset[tuple[str, str]]
"""The services, by namespace and name, whose endpoints a controller keeps."""

_CONTROLLER = "endpointslice-controller.k8s.io"
_MANAGER = "endpointslice.kubernetes.io/managed-by"
_SERVICE = "kubernetes.io/service-name"


def find_selecting(services: Iterable[Object]) -> Selecting:
    """Return the services whose endpoints a controller keeps."""
    return frozenset(
        (str(body["metadata"].get("namespace") or ""), str(body["metadata"]["name"]))
        for body in services
        if (body.get("spec") or {}).get("selector") and body["spec"].get("type") != "ExternalName"
    )


def describe_slice(body: Object, selecting: Selecting) -> dict[str, Any] | None:
    """Return the addresses of an EndpointSlice that no controller puts right; None: it has none."""
    metadata = body.get("metadata") or {}
    labels = metadata.get("labels") or {}
    service = str(labels.get(_SERVICE))
    is_kept = (
        labels.get(_MANAGER) == _CONTROLLER
        and (str(metadata.get("namespace") or ""), service) in selecting
    )
    found = [
        str(address)
        for endpoint in body.get("endpoints") or ()
        if not is_kept or (endpoint.get("targetRef") or {}).get("kind") != "Pod"
        for address in endpoint.get("addresses") or ()
    ]
    return {"service": service, "leads to": found} if found else None


def describe_endpoints(body: Object, selecting: Selecting) -> dict[str, Any] | None:
    """Return the addresses of Endpoints, which have the name of their service, that no controller
    puts right; None: they have none."""
    metadata = body.get("metadata") or {}
    is_kept = (str(metadata.get("namespace") or ""), str(metadata.get("name"))) in selecting
    found = [
        str(address.get("ip"))
        for address in _addresses(body)
        if not is_kept or (address.get("targetRef") or {}).get("kind") != "Pod"
    ]
    return {"leads to": found} if found else None


def _addresses(body: Object) -> Iterator[dict[str, Any]]:
    for subset in body.get("subsets") or ():
        yield from subset.get("addresses") or ()
        yield from subset.get("notReadyAddresses") or ()
