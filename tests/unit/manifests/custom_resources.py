"""Schemas of the custom resources that azsec renders.

Kubernetes ships none of them. These are our own, from the fields that the pages of the Secrets
Store provider for Azure, Istio (PeerAuthentication) and Cilium (CiliumNetworkPolicy) document, and
only as far as azsec uses them: what stands in no schema here is refused.
"""

from typing import Any


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def listed(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": TEXT}
SELECTOR = closed(matchLabels=TEXTS)
HOST = {**closed(matchName=TEXT, matchPattern={**TEXT, "not": {"const": "*"}}), "minProperties": 1}
PORT = closed(
    ("port",),
    port={"type": "string", "pattern": "^[0-9]+$"},
    protocol={"enum": ["TCP", "UDP", "ANY"]},
)
TO_PORTS = listed(closed(ports=listed(PORT), rules=closed(dns=listed(HOST))))

SPECS = {
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"): closed(
        ("provider", "parameters"),
        provider={"const": "azure"},
        parameters=closed(
            ("usePodIdentity", "clientID", "keyvaultName", "tenantId", "objects"),
            usePodIdentity={"enum": ["true", "false"]},
            clientID=TEXT,
            keyvaultName=TEXT,
            tenantId=TEXT,
            cloudName={"enum": ["AzurePublicCloud", "AzureUSGovernmentCloud", "AzureChinaCloud"]},
            objects=TEXT,
        ),
    ),
    ("security.istio.io/v1", "PeerAuthentication"): closed(
        mtls=closed(("mode",), mode={"enum": ["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]})
    ),
    ("cilium.io/v2", "CiliumNetworkPolicy"): closed(
        ("endpointSelector",),
        endpointSelector=SELECTOR,
        egress=listed(
            closed(
                toEndpoints=listed(SELECTOR),
                toEntities=listed({"enum": ["kube-apiserver"]}),
                toFQDNs=listed(HOST),
                toPorts=TO_PORTS,
            )
        ),
        egressDeny=listed(closed(("toCIDR",), toCIDR=listed({"type": "string"}))),
    ),
}
"""The schema of `spec`, by apiVersion and kind."""
