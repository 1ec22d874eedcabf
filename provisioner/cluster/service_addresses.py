"""Addresses that a service sends traffic to beside those of its pods.

The controllers for endpoints put right what they made themselves, and only for services with a
selector: of the others, and of ExternalName, they touch nothing, whatever a label or a `targetRef`
says (kubernetes.io, "Services without selectors"; kubernetes/kubernetes,
pkg/controller/endpointslice: syncService returns without a selector).

Called by `added_values`, `undeclared_objects` and `workflow.cluster_observation`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from provisioner.blueprint.kubernetes import SYSTEM_NAMESPACES
from provisioner.cluster.objects import Key, Object

Selecting = frozenset[tuple[str, str]]
"""The services, by namespace and name, whose endpoints a controller keeps."""

_CONTROLLER = "endpointslice-controller.k8s.io"
_MANAGER = "endpointslice.kubernetes.io/managed-by"
_SERVICE = "kubernetes.io/service-name"
_API_SERVER = "kubernetes"


def find_selecting(services: Iterable[Object]) -> Selecting:
    """Return the services whose endpoints a controller keeps."""
    return frozenset(
        (str(body["metadata"].get("namespace") or ""), str(body["metadata"]["name"]))
        for body in services
        if (body.get("spec") or {}).get("selector") and body["spec"].get("type") != "ExternalName"
    )


def redirects_others(key: Key, body: Object) -> bool:
    """Return whether a service or its endpoints take traffic that is not their namespace's alone.

    An external IP is taken from every pod of the cluster (CVE-2020-8554), and the services of the
    system, DNS first, are everybody's.
    """
    if (key.group, key.kind) == ("", "Service"):
        return bool((body.get("spec") or {}).get("externalIPs"))
    if key.kind not in ("EndpointSlice", "Endpoints"):
        return False
    if key.namespace != "default":
        return key.namespace in SYSTEM_NAMESPACES
    # The API server puts its own endpoints right, under the name of its service.
    labels = (body.get("metadata") or {}).get("labels") or {}
    return labels.get(_SERVICE) == _API_SERVER and key.name != _API_SERVER


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
    """Return the addresses of Endpoints that no controller corrects, None where they have none.

    Endpoints have the name of their service.
    """
    metadata = body.get("metadata") or {}
    is_kept = (str(metadata.get("namespace") or ""), str(metadata.get("name"))) in selecting
    found = [
        str(address.get("ip"))
        for address in _endpoint_addresses(body)
        if not is_kept or (address.get("targetRef") or {}).get("kind") != "Pod"
    ]
    return {"leads to": found} if found else None


def _endpoint_addresses(body: Object) -> Iterator[dict[str, Any]]:
    for subset in body.get("subsets") or ():
        yield from subset.get("addresses") or ()
        yield from subset.get("notReadyAddresses") or ()
