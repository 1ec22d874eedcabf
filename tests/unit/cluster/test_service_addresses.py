"""Which services and endpoints take traffic that is not their own namespace's."""

from typing import Any

import pytest

from provisioner.cluster.objects import key_of
from provisioner.cluster.service_addresses import redirects_others


def thing(kind: str, namespace: str, name: str, **content: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": content.pop("labels", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}


OF_API_SERVER = {"kubernetes.io/service-name": "kubernetes"}
CASES = {
    "external address": (thing("Service", "default", "s", spec={"externalIPs": ["10.0.0.9"]}), 1),
    "of another team": (thing("Service", "default", "s", spec={"type": "LoadBalancer"}), 0),
    "slice of the system": (thing("EndpointSlice", "kube-system", "kube-dns-x"), 1),
    "endpoints of an add-on": (thing("Endpoints", "gatekeeper-system", "webhook"), 1),
    "slice of a team": (thing("EndpointSlice", "default", "web"), 0),
    "slice of the API server": (
        thing("EndpointSlice", "default", "kubernetes", labels=OF_API_SERVER), 0,
    ),
    "slice beside the API server's": (
        thing("EndpointSlice", "default", "evil", labels=OF_API_SERVER), 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_redirects_others(name: str) -> None:
    body, redirects = CASES[name]
    assert redirects_others(key_of(body), body) is bool(redirects)
