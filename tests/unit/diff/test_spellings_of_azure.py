"""What a value of a type of Azure means however it is written, and beside it what is a change; each
by its reason. Undeclared changes are marked `?`."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare

CLUSTER = "Microsoft.ContainerService/managedClusters"
POOL = f"{CLUSTER}/agentPools"
NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = f"{NETWORK}/subnets"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
ACCOUNT = "Microsoft.Storage/storageAccounts"
REGISTRY = "Microsoft.ContainerRegistry/registries"
ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
DEFINITION = "Microsoft.Authorization/policyDefinitions"
ROLE = "Microsoft.Authorization/roleAssignments"
RULES = "Microsoft.Insights/dataCollectionRules"
NAMESPACE = f"{CLUSTER}/managedNamespaces"
TEXTS = "Microsoft.Network/privateDnsZones/TXT"
KEY = {"keyname": "k", "keyvaulturi": "https://v.vault.azure.net"}
CLIENT = "33333333-3333-3333-3333-333333333333"
PROVIDER = "/providers/Microsoft.Authorization"


def of(**properties: Any) -> dict[str, Any]:
    return {"properties": properties}


def both_kinds(separator: str) -> dict[str, Any]:
    kinds = f"SystemAssigned{separator}UserAssigned"
    return {"identity": {"type": kinds, "userAssignedIdentities": {"/subscriptions/a": {}}}}


def encrypted(**more: Any) -> dict[str, Any]:
    return of(encryption={"keySource": "Microsoft.Keyvault", "keyvaultproperties": KEY, **more})


def texts(*values: str) -> dict[str, Any]:
    return of(ttl=60, txtRecords=[{"value": list(values)}])


@dataclass(frozen=True)
class Row:
    """Bodies of a type and of an api version, and the changes: none, unless something changed."""

    id: str
    type: str
    desired: dict[str, Any]
    actual: dict[str, Any]
    changes: tuple[str, ...] = field(default=())
    api_version: str | None = None


OUTBOUND = "properties.defaultOutboundAccess"

ROWS = (
    Row("private subnet, then gone", SUBNET, of(defaultOutboundAccess=False), of(),
        (OUTBOUND,), "2024-05-01"),
    Row("open subnet, as it was by default", SUBNET, of(defaultOutboundAccess=True), of(), (),
        "2024-05-01"),
    Row("private subnet, as it is by default", SUBNET, of(defaultOutboundAccess=False), of(), (),
        "2025-07-01"),
    Row("open subnet, then gone", SUBNET, of(defaultOutboundAccess=True), of(),
        (OUTBOUND,), "2025-07-01"),
    Row("private subnet of a network, then gone", NETWORK,
        of(subnets=[{"name": "s", **of(defaultOutboundAccess=False)}]),
        of(subnets=[{"name": "s", **of()}]),
        (f"properties.subnets[s].{OUTBOUND}",), "2024-05-01"),
    Row("private subnet of an edge zone", NETWORK,
        {"extendedLocation": {"type": "EdgeZone"}, **of(subnets=[{"name": "s", **of()}])},
        {"extendedLocation": {"type": "EdgeZone"},
         **of(subnets=[{"name": "s", **of(defaultOutboundAccess=False)}])}, (), "2024-07-01"),
    Row("local accounts in a tier in small letters", CLUSTER, {"sku": {"name": "automatic"}},
        {"sku": {"name": "Automatic"}, **of(disableLocalAccounts=False)},
        ("?properties.disableLocalAccounts",)),
    Row("local accounts off in a tier in small letters", CLUSTER, {"sku": {"name": "automatic"}},
        {"sku": {"name": "Automatic"}, **of(disableLocalAccounts=True)}),
    Row("policy under Cilium in capitals", CLUSTER,
        of(networkProfile={"networkPlugin": "azure", "networkDataplane": "CILIUM"}),
        of(networkProfile={"networkPlugin": "azure", "networkDataplane": "cilium",
                           "networkPolicy": "none"}),
        ("?properties.networkProfile.networkPolicy",)),
    Row("pool of single machines", POOL,
        of(mode="machines", count=3, type="VirtualMachineScaleSets"),
        of(mode="Machines", type="VirtualMachines")),
    Row("pool of a scale set", POOL,
        of(mode="user", count=3, type="VirtualMachineScaleSets"),
        of(mode="User", count=3, type="VirtualMachines"), ("properties.type",)),
    Row("labels have values with case", POOL, of(nodeLabels={"gpu": "True"}),
        of(nodeLabels={"gpu": "true"}), ("properties.nodeLabels.gpu",)),
    Row("labels have keys with case", POOL, of(nodeLabels={"Team": "a"}),
        of(nodeLabels={"team": "a"}),
        ("properties.nodeLabels.Team", "?properties.nodeLabels.team")),
    Row("labels of a pool in a cluster", CLUSTER,
        of(agentPoolProfiles=[{"name": "p", "nodeLabels": {"Team": "a"}}]),
        of(agentPoolProfiles=[{"name": "p", "nodeLabels": {"team": "a"}}]),
        ("properties.agentPoolProfiles[p].nodeLabels.Team",
         "?properties.agentPoolProfiles[p].nodeLabels.team")),
    Row("annotations have keys with case", NAMESPACE, of(annotations={"Team": "a"}),
        of(annotations={"team": "a"}),
        ("properties.annotations.Team", "?properties.annotations.team")),
    Row("add-ons are read by AKS", CLUSTER,
        of(addonProfiles={"omsAgent": {"enabled": True, "config": {"useAADAuth": "True"}}}),
        of(addonProfiles={"omsagent": {"enabled": True, "config": {"useAADAuth": "true"}}})),
    Row("texts of one record have an order", TEXTS, texts("abc", "def"), texts("def", "abc"),
        ("properties.txtRecords[0].value",)),
    Row("records have none", TEXTS,
        of(ttl=60, txtRecords=[{"value": ["a"]}, {"value": ["b"]}]),
        of(ttl=60, txtRecords=[{"value": ["b"]}, {"value": ["a"]}])),
    Row("a text is not a boolean", TEXTS, texts("True"), texts("true"),
        ("properties.txtRecords[0].value",)),
    Row("metadata of an assignment", ASSIGNMENT, of(metadata={"owner": "a"}),
        of(metadata={"owner": "b", "createdBy": CLIENT}), ("properties.metadata.owner",)),
    Row("metadata of a definition", DEFINITION, of(metadata={"category": "a"}),
        of(metadata={"category": "b"}), ("properties.metadata.category",)),
    Row("metadata that Azure writes", ASSIGNMENT, of(metadata={"owner": "a", "createdBy": "me"}),
        of(metadata={"owner": "a", "createdBy": CLIENT, "createdOn": "x", "updatedBy": None})),
    Row("metadata that nobody declares", ASSIGNMENT, of(),
        of(metadata={"createdBy": CLIENT, "assignedBy": "the portal"})),
    Row("a definition of a subscription", ASSIGNMENT,
        of(policyDefinitionId=f"{PROVIDER}/policyDefinitions/d"),
        of(policyDefinitionId=f"/subscriptions/s{PROVIDER}/policyDefinitions/d"),
        ("properties.policyDefinitionId",)),
    Row("a role of the tenant", ROLE, of(roleDefinitionId=f"{PROVIDER}/roleDefinitions/d"),
        of(roleDefinitionId=f"/subscriptions/s{PROVIDER}/roleDefinitions/d")),
    Row("a pinned version of a key", ACCOUNT, encrypted(),
        encrypted(keyvaultproperties={**KEY, "keyversion": "1"}),
        ("?properties.encryption.keyvaultproperties.keyversion",)),
    Row("the same version of a key", ACCOUNT,
        encrypted(keyvaultproperties={**KEY, "keyversion": "1"}),
        encrypted(keyvaultproperties={**KEY, "keyversion": "1"})),
    Row("a client of another tenant", ACCOUNT,
        encrypted(identity={"userAssignedIdentity": "/subscriptions/a"}),
        encrypted(identity={"userAssignedIdentity": "/subscriptions/a",
                            "federatedIdentityClientId": CLIENT}),
        ("?properties.encryption.identity.federatedIdentityClientId",)),
    Row("CPU limits off, beside a part", POOL, of(kubeletConfig={"cpuManagerPolicy": "static"}),
        of(kubeletConfig={"cpuManagerPolicy": "static", "cpuCfsQuota": False}),
        ("?properties.kubeletConfig.cpuCfsQuota",)),
    Row("CPU limits off", POOL, of(), of(kubeletConfig={"cpuCfsQuota": False}),
        ("?properties.kubeletConfig",)),
    Row("a kubelet's defaults, spelled out", POOL, of(),
        of(kubeletConfig={"cpuCfsQuota": True, "cpuCfsQuotaPeriod": "100ms",
                          "imageGcHighThreshold": 85, "imageGcLowThreshold": 80,
                          "topologyManagerPolicy": "none"})),
    *(
        Row(f"no identity: {type_name}", type_name, {}, {"identity": {"type": spelled}})
        for type_name, spelled in ((ASSIGNMENT, "None"), (ACCOUNT, "none"), (RULES, "none"))
    ),
    Row("an identity", ACCOUNT, {}, {"identity": {"type": "SystemAssigned"}}, ("?identity",)),
    Row("two kinds of identity", ACCOUNT, both_kinds(", "), both_kinds(",")),
    Row("two kinds of identity, with a space", REGISTRY, both_kinds(","), both_kinds(", ")),
    Row("one kind of two", REGISTRY, both_kinds(", "),
        {"identity": {**both_kinds("")["identity"], "type": "UserAssigned"}}, ("identity.type",)),
    Row("a proxy that is switched off and named by null", CLUSTER,
        of(httpProxyConfig={"enabled": False, "httpProxy": None}),
        of(httpProxyConfig={"enabled": False, "httpProxy": "http://p:1"})),
    Row("addresses by empty lists", CLUSTER,
        of(networkProfile={"loadBalancerProfile": {"outboundIPs": {"publicIPs": []}}}),
        of(networkProfile={"loadBalancerProfile": {"managedOutboundIPs": {"count": 1}}})),
    Row("addresses of one's own", CLUSTER,
        of(networkProfile={"loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": "/x"}]}}}),
        of(networkProfile={"loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": "/x"}]},
                                                   "managedOutboundIPs": {"count": 1}}}),
        ("?properties.networkProfile.loadBalancerProfile.managedOutboundIPs",)),
    Row("machines by an empty object", POOL, of(virtualMachinesProfile={}),
        of(type="VirtualMachineScaleSets")),
    Row("a size by text", POOL, of(osDiskSizeGB="0"), of(osDiskSizeGB=128)),
    Row("a private cluster by text", CLUSTER,
        of(apiServerAccessProfile={"enablePrivateCluster": "true"}),
        of(apiServerAccessProfile={"enablePrivateCluster": True, "privateDNSZone": "system",
                                   "enablePrivateClusterPublicFQDN": True})),
    Row("a gateway in small letters", GATEWAY, of(gatewayType="expressroute"),
        of(gatewayType="ExpressRoute", vpnType="PolicyBased")),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_changes(row: Row, catalog: Catalog) -> None:
    found = compare(
        catalog.get(row.type), catalog.schemas, row.desired, row.actual, row.api_version
    )

    assert tuple(c.path if c.declared else f"?{c.path}" for c in found.changes) == row.changes
