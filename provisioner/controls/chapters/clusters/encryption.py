"""CLU-10: encryption in transit between nodes: WireGuard, Istio mutual TLS, VNet encryption.

One of three does it: Cilium's WireGuard, Istio, or the virtual network. Facts: guidelines.md §1.2;
AKS "WireGuard encryption", "Istio-based service mesh add-on", "Virtual network encryption".
"""

from collections.abc import Iterator

from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import Predicate, differs, equals, is_set
from provisioner.controls.resource_types import CLUSTER, NETWORK, POOL
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id

_ITEM = "Encrypted service to service communication across nodes"
_NETWORKING = "properties.networkProfile"
_ADVANCED = f"{_NETWORKING}.advancedNetworking"
_ENCRYPTION = f"{_ADVANCED}.security.transitEncryption.type"
# transitEncryption is part of Advanced Container Networking Services, and works in the Cilium
# dataplane alone: one setting without the others encrypts nothing.
_WIREGUARD: dict[str, Predicate] = {
    _ENCRYPTION: equals("WireGuard"),
    f"{_NETWORKING}.networkDataplane": equals("cilium"),
    f"{_ADVANCED}.enabled": equals(True),
    f"{_ADVANCED}.security.enabled": equals(True),
}
_MESH = "properties.serviceMeshProfile.mode"
_REVISIONS = "properties.serviceMeshProfile.istio.revisions"
_VNET_INTEGRATION = "properties.apiServerAccessProfile.enableVnetIntegration"
_SUBNET = "properties.vnetSubnetID"
_VNET_ENCRYPTION = "properties.encryption.enabled"


def _has_mesh(cluster: Subject) -> bool:
    return cluster.value(_MESH) == "Istio"


def _networks_of_nodes(cluster: Subject) -> tuple[Subject, ...]:
    """Return the networks that the nodes of a cluster are in, where they are known here.

    One that AKS makes for a pool without a subnet is none of these, and does not encrypt.
    """
    named = (parse_resource_id(pool.value(_SUBNET)) for pool in cluster.children(POOL))
    ids = dict.fromkeys(subnet.parent.text for subnet in named if subnet and subnet.parent)
    return tuple(network for text in ids if (network := cluster.at(text)) is not None)


def _has_encrypted_networks(cluster: Subject) -> bool:
    networks = _networks_of_nodes(cluster)
    all_have_subnets = all(
        parse_resource_id(p.value(_SUBNET)) is not None for p in cluster.children(POOL)
    )
    return (
        bool(networks)
        and all_have_subnets
        and all(network.value(_VNET_ENCRYPTION) is True for network in networks)
        # VNet encryption is incompatible with API Server VNet Integration (guidelines.md
        # CLU-10.3).
        and cluster.value(_VNET_INTEGRATION) is not True
    )


def _judge_wireguard(cluster: Subject) -> Iterator[Observation]:
    """Judge whether WireGuard is on, unless a mesh or the network encrypts instead."""
    # One of three is enough; a cluster that chose WireGuard is held to all of its settings even
    # if another one encrypts, too.
    uses_wireguard = str(cluster.value(_ENCRYPTION)).lower() == "wireguard"
    if uses_wireguard or not (_has_mesh(cluster) or _has_encrypted_networks(cluster)):
        for path, expected in _WIREGUARD.items():
            yield look(cluster, path, expected)


def _judge_mesh(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a mesh has a revision that somebody chose."""
    if _has_mesh(cluster):
        yield look(cluster, _REVISIONS, is_set())


def _judge_network(cluster: Subject) -> Iterator[Observation]:
    """Judge whether all networks of a cluster encrypt, where one does.

    The cluster's API server is then in none of them.
    """
    networks = _networks_of_nodes(cluster)
    if not any(network.value(_VNET_ENCRYPTION) is True for network in networks):
        return
    yield look(cluster, _VNET_INTEGRATION, differs(True))
    unencrypted = [n.label for n in networks if n.value(_VNET_ENCRYPTION) is not True]
    if unencrypted:
        yield cluster.fails("", f"{', '.join(unencrypted)} is not encrypted")
    else:
        yield cluster.passes("", f"{', '.join(n.label for n in networks)} is encrypted")


CONTROLS = (
    Control(
        id="CLU-10",
        title="Node-to-node traffic is encrypted in transit",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Without encryption, an attacker on the network path between two nodes reads "
            "service-to-service traffic."
        ),
        synonyms=terms("encryption in transit; mTLS; TLS between pods; node-to-node encryption"),
        modes=(),
        mappings=Mappings(cis=("5.4.5",)),
    ),
    Control(
        id="CLU-10.1",
        title="WireGuard transit encryption is enabled (Advanced Container Networking Services)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "WireGuard encrypts pod traffic between nodes without changes to workloads. "
            "Traffic within a node and traffic of host-network pods is not encrypted."
        ),
        synonyms=terms("WireGuard; ACNS; Cilium; transit encryption; pod-to-pod encryption"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                networkProfile:
                  networkDataplane: cilium
                  advancedNetworking:
                    enabled: true
                    security: {enabled: true, transitEncryption: {type: WireGuard}}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            rule(
                CLUSTER,
                _judge_wireguard,
                *_WIREGUARD,
                _MESH,
                _VNET_INTEGRATION,
                others={POOL: (_SUBNET,), NETWORK: (_VNET_ENCRYPTION,)},
            ),
        ),
        evidence=(
            "`kubectl exec -n kube-system ds/cilium -- cilium-dbg encrypt status` on every "
            "node; UDP 51871 is allowed between nodes"
        ),
        limits=(
            "Traffic within a node and traffic of host-network pods is not encrypted. "
            "FIPS-enabled node pools are not compatible."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-10.2",
        title="The Istio service mesh enforces mutual TLS (PeerAuthentication STRICT)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Mutual TLS authenticates both ends of a connection. The default mode, "
            "PERMISSIVE, also accepts plaintext."
        ),
        synonyms=terms("Istio; service mesh; mTLS; mutual TLS; PeerAuthentication; STRICT"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                serviceMeshProfile: {mode: Istio, istio: {revisions: [asm-1-27]}}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(rule(CLUSTER, _judge_mesh, _MESH, _REVISIONS),),
        evidence=(
            "`kubectl get peerauthentication -n aks-istio-system -o yaml` shows a "
            "mesh-wide PeerAuthentication with mtls.mode STRICT"
        ),
        limits=(
            "Azure Resource Manager does not show the mTLS mode; without a STRICT "
            "PeerAuthentication, the mesh accepts plaintext."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-10.3",
        title="Virtual network encryption is enabled (encryption.enabled)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Azure encrypts traffic between virtual machines on the hosts. API Server VNet "
            "Integration is not compatible with it."
        ),
        synonyms=terms(
            "VNet encryption; encryption in transit; AllowUnencrypted; virtual network encryption"
        ),
        remediation="""
            network:
              type: Microsoft.Network/virtualNetworks
              properties:
                encryption: {enabled: true, enforcement: AllowUnencrypted}
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile: {enableVnetIntegration: false}
        """,
        rules=(
            rule(
                CLUSTER,
                _judge_network,
                _VNET_INTEGRATION,
                others={POOL: (_SUBNET,), NETWORK: (_VNET_ENCRYPTION,)},
            ),
        ),
        limits=(
            "VM sizes without support for virtual network encryption are not identified: "
            "traffic between them stays unencrypted (enforcement AllowUnencrypted)."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
