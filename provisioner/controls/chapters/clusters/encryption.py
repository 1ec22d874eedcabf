"""CLU-10: encryption of what services say to each other, from node to node.

One of three does it: Cilium's WireGuard, Istio, or the virtual network. Facts: guidelines.md §1.2;
AKS "WireGuard encryption", "Istio-based service mesh add-on", "Virtual network encryption".
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import Wanted, differs, equals, is_set
from provisioner.controls.resource_types import CLUSTER, NETWORK, POOL
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id

_ITEM = "Encrypted service to service communication across nodes"
_NETWORKING = "properties.networkProfile"
_ADVANCED = f"{_NETWORKING}.advancedNetworking"
_ENCRYPTION = f"{_ADVANCED}.security.transitEncryption.type"
_WIREGUARD: dict[str, Wanted] = {
    _ENCRYPTION: equals("WireGuard"),
    f"{_NETWORKING}.networkDataplane": equals("cilium"),
    f"{_ADVANCED}.enabled": equals(True),
    f"{_ADVANCED}.security.enabled": equals(True),
}
_MESH = "properties.serviceMeshProfile.mode"
_REVISIONS = "properties.serviceMeshProfile.istio.revisions"
_INTEGRATED = "properties.apiServerAccessProfile.enableVnetIntegration"
_SUBNET = "properties.vnetSubnetID"
_IN_NETWORK = "properties.encryption.enabled"


def _has_mesh(cluster: Subject) -> bool:
    return cluster.value(_MESH) == "Istio"


def _networks(cluster: Subject) -> tuple[Subject, ...]:
    """Return the networks that the nodes of a cluster are in, where they are known here. One that
    AKS makes for a pool without a subnet is none of these, and does not encrypt."""
    named = (parse_resource_id(pool.value(_SUBNET)) for pool in cluster.children(POOL))
    ids = dict.fromkeys(subnet.parent.text for subnet in named if subnet and subnet.parent)
    return tuple(network for text in ids if (network := cluster.at(text)) is not None)


def _is_encrypted(cluster: Subject) -> bool:
    networks = _networks(cluster)
    placed = all(parse_resource_id(p.value(_SUBNET)) is not None for p in cluster.children(POOL))
    return (
        bool(networks)
        and placed
        and all(network.value(_IN_NETWORK) is True for network in networks)
        and cluster.value(_INTEGRATED) is not True
    )


def _judge_wireguard(cluster: Subject) -> Iterator[Observation]:
    """WireGuard is on, unless another way is gone."""
    chosen = str(cluster.value(_ENCRYPTION)).lower() == "wireguard"
    if chosen or not (_has_mesh(cluster) or _is_encrypted(cluster)):
        for path, wanted in _WIREGUARD.items():
            yield look(cluster, path, wanted)


def _judge_mesh(cluster: Subject) -> Iterator[Observation]:
    """A mesh has a revision that somebody chose, and moves on from."""
    if _has_mesh(cluster):
        yield look(cluster, _REVISIONS, is_set())


def _judge_network(cluster: Subject) -> Iterator[Observation]:
    """Where some network of a cluster encrypts, all do, and its API server stands in none."""
    networks = _networks(cluster)
    if not any(network.value(_IN_NETWORK) is True for network in networks):
        return
    yield look(cluster, _INTEGRATED, differs(True))
    open_ones = [n.label for n in networks if n.value(_IN_NETWORK) is not True]
    if open_ones:
        yield cluster.fails("", f"{', '.join(open_ones)} does not encrypt")
    else:
        yield cluster.passes("", f"{', '.join(n.label for n in networks)} encrypts")


CONTROLS = (
    Control(
        id="CLU-10",
        title="What goes from node to node is encrypted",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="Who listens between two nodes reads what their services say to each other.",
        modes=(),
        mappings=Mappings(cis=("5.4.5",)),
    ),
    Control(
        id="CLU-10.1",
        title="Nodes encrypt with WireGuard",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "It takes one switch and no change of a workload. What stays on a node, and what uses "
            "its network, it leaves alone."
        ),
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
                _INTEGRATED,
                others={POOL: (_SUBNET,), NETWORK: (_IN_NETWORK,)},
            ),
        ),
        evidence=(
            "every node's word: `kubectl exec -n kube-system ds/cilium -- cilium-dbg encrypt "
            "status`; and UDP 51871 open from node to node"
        ),
        limits=(
            "Traffic on one node, and of pods in the node's network, stays in the clear. A "
            "FIPS pool does not go with it."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-10.2",
        title="The mesh encrypts, and takes nothing in the clear",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A mesh also tells who is at the other end. Until it is told to be strict, it takes "
            "what is in the clear as well."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                serviceMeshProfile: {mode: Istio, istio: {revisions: [asm-1-27]}}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(rule(CLUSTER, _judge_mesh, _MESH, _REVISIONS),),
        evidence=(
            "a PeerAuthentication STRICT in the mesh's own namespace: `kubectl get "
            "peerauthentication -n aks-istio-system -o yaml`"
        ),
        limits=(
            "Without a strict PeerAuthentication in the cluster the mesh takes what is in the"
            " clear."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-10.3",
        title="The virtual network encrypts",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Azure encrypts between the hosts of two machines. An API server in the network does "
            "not go with it."
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
                _INTEGRATED,
                others={POOL: (_SUBNET,), NETWORK: (_IN_NETWORK,)},
            ),
        ),
        limits=(
            "Sizes of machines that do not encrypt are not known: between them traffic stays "
            "in the clear (AllowUnencrypted)."
        ),
        unmapped="No framework has a check of it.",
    ),
)
