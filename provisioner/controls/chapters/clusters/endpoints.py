"""CLU-01: exposure of the API server: Private Link, VNet integration, IP ranges, local accounts.

Facts: guidelines.md §0.6, §1.2 and §2.4.
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.controls.predicates import equals, is_set, show
from provisioner.controls.resource_types import CLUSTER, POOL, SUBNET
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.cidr import parse_range
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, is_known
from provisioner.network.model.public_ranges import read_reach

_ITEM = "Master endpoint security"
_API_SERVER_ACCESS = "properties.apiServerAccessProfile"
_PRIVATE_CLUSTER = f"{_API_SERVER_ACCESS}.enablePrivateCluster"
_VNET_INTEGRATION = f"{_API_SERVER_ACCESS}.enableVnetIntegration"
_PUBLIC_NAME = f"{_API_SERVER_ACCESS}.enablePrivateClusterPublicFQDN"
_AUTHORIZED_RANGES = f"{_API_SERVER_ACCESS}.authorizedIPRanges"
_SUBNET = f"{_API_SERVER_ACCESS}.subnetId"
_PREFIX = "properties.addressPrefix"
_PREFIXES = "properties.addressPrefixes"
_NODES = "properties.vnetSubnetID"
_DELEGATIONS = "properties.delegations"
# An Automatic cluster has other defaults.
_KIND = "sku.name"
_PRIVATE_API_SERVER = Mappings(
    policies=("040732e8-d947-40b8-95d6-854c95024bf8",),
    checkov=("CKV_AZURE_115",),
    cis=("5.4.2",),
)
"""What other frameworks ask for where they ask for a private API server, and take no allow-list."""


def _uses_private_link(cluster: Subject) -> bool:
    return cluster.value(_PRIVATE_CLUSTER) is True and cluster.value(_VNET_INTEGRATION) is not True


def _is_integrated(cluster: Subject) -> bool:
    return cluster.value(_PRIVATE_CLUSTER) is True and cluster.value(_VNET_INTEGRATION) is True


def _judge_ranges(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a public API server accepts only the IP ranges that are named."""
    if cluster.value(_PRIVATE_CLUSTER) is True:
        return
    # Azure refuses authorizedIPRanges on a private cluster by Private Link, which has no public
    # address (guidelines.md CLU-01.3).
    ranges = cluster.texts(_AUTHORIZED_RANGES)
    stated = cluster.value(_AUTHORIZED_RANGES)
    reach = read_reach(ranges)
    malformed = [text for text in ranges if parse_range(text) is None]
    # The firewall's egress address is one of the ranges, and it is known after apply.
    if not is_known(stated):
        yield cluster.unknown(_AUTHORIZED_RANGES, f"authorizedIPRanges is {show(stated)}")
    elif not ranges:
        yield cluster.fails(
            _AUTHORIZED_RANGES,
            ("authorizedIPRanges is not set: every address can reach the API server"),
        )
    elif malformed:
        yield cluster.fails(
            _AUTHORIZED_RANGES, f"authorizedIPRanges: {malformed[0]} is not a valid CIDR range"
        )
    # Not only 0.0.0.0/0: two halves of all addresses are the same list.
    elif reach.holds_strangers:
        yield cluster.fails(
            _AUTHORIZED_RANGES,
            (f"authorizedIPRanges {', '.join(ranges)} covers {reach}, expected your own ranges"),
        )
    else:
        yield cluster.passes(_AUTHORIZED_RANGES, f"authorizedIPRanges is {', '.join(ranges)}")


def _judge_subnet(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the subnet of an integrated API server is delegated to AKS, at least a /28."""
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
    # The name of a delegation is free; serviceName decides.
    if CLUSTER.lower() not in (service.lower() for service in services):
        yield cluster.fails(_SUBNET, f"{subnet.label} is not delegated to {CLUSTER}")
    stated = (*subnet.texts(_PREFIXES), subnet.value(_PREFIX))
    lengths = [found.prefixlen for text in stated if (found := parse_range(text)) is not None]
    pools = cluster.all(POOL)
    # AKS takes the whole subnet for the load balancer of API servers, and no node can be in it
    # (guidelines.md §2.2).
    users = [p.label for p in pools if parse_resource_id(p.value(_NODES)) == subnet.id]
    if users:
        yield cluster.fails(_SUBNET, f"{subnet.label} also contains the nodes of {users[0]}")
    elif not lengths:
        yield cluster.unknown(_SUBNET, f"the address prefix of {subnet.label} is unknown")
    # AKS reserves nine addresses at least (guidelines.md §2.2).
    elif min(lengths) > 28:
        yield cluster.fails(
            _SUBNET,
            (f"the address prefix of {subnet.label} is a /{min(lengths)}, expected /28 or larger"),
        )
    else:
        yield cluster.passes(_SUBNET, f"{subnet.label} is its dedicated subnet")


CONTROLS = (
    Control(
        id="CLU-01",
        title="The API server is not reachable from the internet",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Anyone who reaches the API server can try stolen credentials and exploit "
            "vulnerabilities in it."
        ),
        synonyms=terms(
            "public API server; Kubernetes API endpoint; master endpoint; control plane endpoint; "
            "kube-apiserver"
        ),
        modes=(),
        mappings=Mappings(cis=("5.4.1",)),
    ),
    Control(
        id="CLU-01.1",
        title="The API server is private (Private Link)",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A private endpoint is reachable only from connected networks. A public FQDN "
            "would publish its private IP address in public DNS."
        ),
        synonyms=terms(
            "private cluster; private endpoint; privatelink; enablePrivateCluster; private FQDN; "
            "jump box; jumpbox"
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
                when=_uses_private_link,
                reading=(_PRIVATE_CLUSTER, _VNET_INTEGRATION, _KIND),
            ),
        ),
        limits=(
            "Resolution of the private DNS zone in every required network is checked by "
            "the network proofs. Certificates issued for an earlier public endpoint are "
            "not visible."
        ),
        mappings=_PRIVATE_API_SERVER,
    ),
    Control(
        id="CLU-01.2",
        title="The API server is private in its own subnet (API Server VNet Integration)",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "The API server has an address in the virtual network, so node-to-API-server "
            "traffic does not leave it."
        ),
        synonyms=terms(
            "VNet integration; konnectivity; tunnel; delegated subnet; enableVnetIntegration"
        ),
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
                _PRIVATE_CLUSTER,
                _VNET_INTEGRATION,
                _SUBNET,
                _KIND,
                others={SUBNET: (_PREFIX, _PREFIXES, _DELEGATIONS), POOL: (_NODES,)},
            ),
        ),
        limits=(
            "Reachability of the subnet from other sources is checked by the network "
            "proofs and its network security group rules."
        ),
        mappings=_PRIVATE_API_SERVER,
    ),
    Control(
        id="CLU-01.3",
        title="A public API server is restricted to authorized IP ranges (authorizedIPRanges)",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "If the API server must be public, authorized IP ranges exclude all other internet "
            "addresses."
        ),
        synonyms=terms(
            "IP allow-list; whitelist; firewall of the API server; master authorized networks"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile:
                  authorizedIPRanges: [203.0.113.0/28]
        """,
        rules=(rule(CLUSTER, _judge_ranges, _PRIVATE_CLUSTER, _AUTHORIZED_RANGES),),
        limits=(
            "The owner of an address is unknown: a range of a cloud provider or carrier "
            "includes third parties. Ranges that together contain less than a /8 of public "
            "addresses pass."
        ),
        mappings=Mappings(
            policies=("0e246bcf-5f6f-4f87-bc6f-775d4712c7ea",),
            checkov=("CKV_AZURE_6",),
            psrule=("Azure.AKS.AuthorizedIPs",),
        ),
        refutes=_PRIVATE_API_SERVER,
    ),
    Control(
        id="CLU-01.4",
        title="Run command (az aks command invoke) is disabled (disableRunCommand)",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Run command executes kubectl in the cluster through Azure Resource Manager, "
            "from any network. It bypasses the private endpoint."
        ),
        synonyms=terms("command invoke; az aks command invoke; kubectl through ARM; runCommand"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile: {disableRunCommand: true}
        """,
        rules=(expect(CLUSTER, f"{_API_SERVER_ACCESS}.disableRunCommand", equals(True)),),
        limits=("Who can enable it again is checked by WRK-02.8 and `azsec access`."),
        mappings=Mappings(policies=("89f2d532-c53c-4f8f-9afa-4927b1114a0d",)),
    ),
    Control(
        id="CLU-01.5",
        title="Local accounts are disabled (disableLocalAccounts)",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A local account is a shared client certificate with cluster-admin. It cannot "
            "be revoked in Entra ID, and audit logs do not identify the person."
        ),
        synonyms=terms(
            "local admin; clusterAdmin; admin kubeconfig; client certificate; disable local "
            "accounts; --admin"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {disableLocalAccounts: true}
        """,
        rules=(expect(CLUSTER, "properties.disableLocalAccounts", equals(True)),),
        limits=(
            "Certificates downloaded earlier stay valid until the cluster certificates are rotated."
        ),
        mappings=Mappings(
            policies=("993c2fcd-2b29-49d2-9eb0-df2c3a730c32",),
            checkov=("CKV_AZURE_141",),
            psrule=("Azure.AKS.LocalAccounts",),
        ),
    ),
)
