"""CLU-01: the endpoint of the API server.

Facts: guidelines.md §0.6, §1.2 and §2.4.
"""

from collections.abc import Iterator
from typing import cast

from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.predicates import equals, is_set, show
from provisioner.controls.resource_types import CLUSTER, POOL, SUBNET
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.cidr import parse_range
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, Value, unknowns
from provisioner.network.model.public_ranges import read_reach

_ITEM = "Master endpoint security"
_ACCESS = "properties.apiServerAccessProfile"
_PRIVATE = f"{_ACCESS}.enablePrivateCluster"
_INTEGRATED = f"{_ACCESS}.enableVnetIntegration"
_PUBLIC_NAME = f"{_ACCESS}.enablePrivateClusterPublicFQDN"
_RANGES = f"{_ACCESS}.authorizedIPRanges"
_SUBNET = f"{_ACCESS}.subnetId"
_PREFIX = "properties.addressPrefix"
_PREFIXES = "properties.addressPrefixes"
_NODES = "properties.vnetSubnetID"
_DELEGATIONS = "properties.delegations"
# An Automatic cluster has other defaults.
_KIND = "sku.name"
_A_PRIVATE_ONE = Mappings(
    policies=("040732e8-d947-40b8-95d6-854c95024bf8",),
    checkov=("CKV_AZURE_115",),
    cis=("5.4.2",),
)
"""What other frameworks ask for where they ask for a private API server, and take no allow-list."""


def _has_private_link(cluster: Subject) -> bool:
    return cluster.value(_PRIVATE) is True and cluster.value(_INTEGRATED) is not True


def _is_integrated(cluster: Subject) -> bool:
    return cluster.value(_PRIVATE) is True and cluster.value(_INTEGRATED) is True


def _judge_ranges(cluster: Subject) -> Iterator[Observation]:
    """A public API server answers the ranges that are named, and no others."""
    if cluster.value(_PRIVATE) is True:
        return
    ranges = cluster.texts(_RANGES)
    stated = cluster.value(_RANGES)
    reach = read_reach(ranges)
    wrong = [text for text in ranges if parse_range(text) is None]
    if any(True for _ in unknowns(cast(Value, stated))):
        yield cluster.unknown(_RANGES, f"authorizedIPRanges is {show(stated)}")
    elif not ranges:
        yield cluster.fails(_RANGES, "the API server answers every address: no range is named")
    elif wrong:
        yield cluster.fails(_RANGES, f"{wrong[0]} is no range of addresses")
    elif reach.holds_strangers:
        yield cluster.fails(
            _RANGES, f"{', '.join(ranges)} is {reach}, expected ranges of one's own"
        )
    else:
        yield cluster.passes(_RANGES, f"it answers {', '.join(ranges)}")


def _judge_subnet(cluster: Subject) -> Iterator[Observation]:
    """The subnet of an integrated API server is delegated to AKS and a /28 or larger."""
    if not _is_integrated(cluster):
        return
    named = cluster.value(_SUBNET)
    if isinstance(named, Unknown):
        yield cluster.unknown(_SUBNET, f"its subnet is {named}")
        return
    subnet = cluster.at(named)
    if subnet is None:
        yield look(cluster, _SUBNET, is_set())
        return
    delegated = [entry.get("properties") for entry in subnet.entries(_DELEGATIONS)]
    services = [str(p.get("serviceName")) for p in delegated if isinstance(p, dict)]
    if CLUSTER.lower() not in (service.lower() for service in services):
        yield cluster.fails(_SUBNET, f"{subnet.label} is not delegated to {CLUSTER}")
    stated = (*subnet.texts(_PREFIXES), subnet.value(_PREFIX))
    lengths = [found.prefixlen for text in stated if (found := parse_range(text)) is not None]
    pools = cluster.all(POOL)
    users = [p.label for p in pools if parse_resource_id(p.value(_NODES)) == subnet.id]
    if users:
        yield cluster.fails(_SUBNET, f"the nodes of {users[0]} stand in {subnet.label} too")
    elif not lengths:
        yield cluster.unknown(_SUBNET, f"the range of {subnet.label} is not known")
    elif min(lengths) > 28:
        yield cluster.fails(_SUBNET, f"{subnet.label} is a /{min(lengths)}, smaller than /28")
    else:
        yield cluster.passes(_SUBNET, f"{subnet.label} is its own subnet")


CONTROLS = (
    Control(
        id="CLU-01",
        title="The API server is closed to the internet",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="Whoever reaches the API server can try to sign in to it, and to use its flaws.",
        modes=(),
        mappings=Mappings(cis=("5.4.1",)),
    ),
    Control(
        id="CLU-01.1",
        title="A private API server, behind a private link",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A private endpoint answers in the networks that it is linked to. Its public name "
            "would tell the world its private address."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile:
                  enablePrivateCluster: true
                  enablePrivateClusterPublicFQDN: false
        """,
        rules=(
            expect(
                CLUSTER,
                _PUBLIC_NAME,
                equals(False),
                when=_has_private_link,
                reading=(_PRIVATE, _INTEGRATED, _KIND),
            ),
        ),
        limits=(
            "Whether the private zone answers everywhere it has to is proved by the network's"
            " proofs; a certificate of an earlier public endpoint is not seen."
        ),
        mappings=_A_PRIVATE_ONE,
    ),
    Control(
        id="CLU-01.2",
        title="A private API server in a subnet of its own (API Server VNet Integration)",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="The API server stands in the network itself, and its traffic never leaves it.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile:
                  enablePrivateCluster: true
                  enableVnetIntegration: true
                  subnetId: ${apiServer.id}
            apiServer:
              type: Microsoft.Network/virtualNetworks/subnets
              properties:
                addressPrefix: 10.0.1.0/28
                delegations:
                  - name: aks
                    properties: {serviceName: Microsoft.ContainerService/managedClusters}
        """,
        rules=(
            rule(
                CLUSTER,
                _judge_subnet,
                _PRIVATE,
                _INTEGRATED,
                _SUBNET,
                _KIND,
                others={SUBNET: (_PREFIX, _PREFIXES, _DELEGATIONS), POOL: (_NODES,)},
            ),
        ),
        limits=(
            "What else reaches the subnet is for the network's proofs and for the rules of "
            "its security group."
        ),
        mappings=_A_PRIVATE_ONE,
    ),
    Control(
        id="CLU-01.3",
        title="A public API server answers named ranges alone",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="Where the API server has to be public, an allow-list keeps the internet out.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile:
                  authorizedIPRanges: [203.0.113.0/28]
        """,
        rules=(rule(CLUSTER, _judge_ranges, _PRIVATE, _RANGES),),
        limits=(
            "Who is behind an address is not known: a range of a provider or of a carrier "
            "holds strangers. Ranges that hold less than a /8 of the internet together count "
            "as named."
        ),
        mappings=Mappings(
            policies=("0e246bcf-5f6f-4f87-bc6f-775d4712c7ea",),
            checkov=("CKV_AZURE_6",),
            psrule=("Azure.AKS.AuthorizedIPs",),
        ),
        refutes=_A_PRIVATE_ONE,
    ),
    Control(
        id="CLU-01.4",
        title="No commands around the private endpoint",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "`az aks command invoke` runs commands in the cluster through Azure Resource Manager: "
            "from anywhere, around a private endpoint."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile: {disableRunCommand: true}
        """,
        rules=(expect(CLUSTER, f"{_ACCESS}.disableRunCommand", equals(True)),),
        limits=("Who may switch it on again is for WRK-02.8 and `azsec access`."),
        mappings=Mappings(policies=("89f2d532-c53c-4f8f-9afa-4927b1114a0d",)),
    ),
    Control(
        id="CLU-01.5",
        title="No shared certificate of an administrator",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A local account is a certificate that everybody shares, that no directory can lock "
            "and no log can tell apart."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {disableLocalAccounts: true}
        """,
        rules=(expect(CLUSTER, "properties.disableLocalAccounts", equals(True)),),
        limits=(
            "Certificates that were fetched before work until the cluster's certificates are "
            "rotated."
        ),
        mappings=Mappings(
            policies=("993c2fcd-2b29-49d2-9eb0-df2c3a730c32",),
            checkov=("CKV_AZURE_141",),
            psrule=("Azure.AKS.LocalAccounts",),
        ),
    ),
)
