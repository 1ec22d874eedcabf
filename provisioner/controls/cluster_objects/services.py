"""Services, ingresses and service mesh of a cluster: their exposure and their encryption.

Its rules are collected by `rules`.
"""

from collections.abc import Iterator

from provisioner.controls.cluster_objects.view import (
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    count,
    fails,
)
from provisioner.manifests.cluster_kinds import INGRESS, PEER_AUTHENTICATION, SERVICE
from provisioner.model.cluster_contents import annotations_of, at, items

_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"


def _judge_exposure(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for service in view.outside(SERVICE):
            if items(at(service, "spec", "externalIPs")):
                yield fails("externalIPs is set", service, "spec.externalIPs")
            # A node port answers on every node's address, past load balancer and ingress
            # controller.
            if at(service, "spec", "type") == "NodePort":
                yield fails("it opens a NodePort on every node", service, "spec.type")
            if at(service, "spec", "type") == "LoadBalancer":
                # Without the annotation AKS gives the load balancer a public address.
                internal = annotations_of(service).get(_INTERNAL, "")
                if str(internal).lower() != "true":
                    yield fails("its load balancer is public", service, "metadata.annotations")
        for ingress in view.outside(INGRESS):
            if not items(at(ingress, "spec", "tls")):
                yield fails("tls is not set", ingress, "spec.tls")

    counted = (
        f"{count(len(view.outside(SERVICE)), 'service')}, {len(view.outside(INGRESS))} ingresses"
    )
    yield from conclude(judge(), f"{counted}: internal only, with TLS")


_MESH_ROOT = "aks-istio-system"


def _judge_mesh_tls(view: View) -> Iterator[ObjectFinding]:
    mesh_wide = [
        found
        for found in view.contents.in_namespace(PEER_AUTHENTICATION, _MESH_ROOT)
        if not at(found, "spec", "selector") and at(found, "spec", "mtls", "mode") == "STRICT"
    ]

    def judge() -> Iterator[ObjectFinding]:
        if not mesh_wide:
            yield fails(f"no mesh-wide PeerAuthentication STRICT in {_MESH_ROOT}")
        for found in view.of(PEER_AUTHENTICATION):
            ports = (at(found, "spec", "portLevelMtls") or {}).values()
            for mode in (at(found, "spec", "mtls", "mode"), *(at(port, "mode") for port in ports)):
                # The narrowest PeerAuthentication wins: of a workload before a namespace before
                # the mesh, and a port before all.
                if mode in ("PERMISSIVE", "DISABLE"):
                    yield fails(f"mtls.mode is {mode}: plaintext is accepted", found, "spec")

    policies = count(len(view.of(PEER_AUTHENTICATION)), "PeerAuthentication")
    yield from conclude(judge(), f"{policies}: mesh-wide STRICT, and none weaker")


RULES = {
    "WRK-03.5": ObservedRule(_judge_exposure, (SERVICE, INGRESS)),
    "CLU-10.2": ObservedRule(_judge_mesh_tls, (PEER_AUTHENTICATION,)),
}
"""The rules by the id of their control."""
