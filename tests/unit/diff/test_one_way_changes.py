"""What of a resource can change, row by row of guidelines.md §2.7, with the conditions of §0, §2.3
and §2.4: in place, only by a replacement or a rotation, or not at all.

A row holds what is true before and after (`given`), the properties that change, and what the
comparison has to make of it. What is part of the id (name, resource group, tenant, scope) has no
row here: another id is another resource (test_another_id_is_another_resource).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.catalog.field import Disruption
from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare
from provisioner.model.values import ABSENT

CLUSTER = "Microsoft.ContainerService/managedClusters"
POOL = f"{CLUSTER}/agentPools"
VAULT = "Microsoft.KeyVault/vaults"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
FIREWALL = "Microsoft.Network/azureFirewalls"
ROLE = "Microsoft.Authorization/roleAssignments"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIAL = f"{IDENTITY}/federatedIdentityCredentials"

REPLACE, ROTATION, REFUSED = "replace", "rotation", "refused"

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers"
NETWORK = f"{GROUP}/Microsoft.Network/virtualNetworks"
SUBNET_A, SUBNET_B = f"{NETWORK}/one/subnets/a", f"{NETWORK}/one/subnets/b"
ELSEWHERE = f"{NETWORK}/two/subnets/a"
CARD = f"{GROUP}/Microsoft.Network/networkInterfaces/nic-1/ipConfigurations/one"

Changes = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Row:
    """`changes` maps a path to (before, after); `expected` is a verdict, or what an update in
    place does to what runs; `words` stand in the reason."""

    id: str
    type: str
    changes: Changes
    expected: str
    words: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


def replaces(id: str, type: str, path: str, old: object, new: object, words: str = "") -> Row:
    return Row(id, type, {path: (old, new)}, REPLACE, words or f"{_last(path)} cannot change")


def rotates(id: str, path: str, old: object, new: object) -> Row:
    return Row(id, POOL, {path: (old, new)}, ROTATION, f"{_last(path)} cannot change in place")


def updates(id: str, type: str, path: str, old: object, new: object, disruption: str) -> Row:
    return Row(id, type, {path: (old, new)}, disruption)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


_NET = "properties.networkProfile"
_API = "properties.apiServerAccessProfile"
_OVERLAY = {f"{_NET}.networkPlugin": "azure", f"{_NET}.networkPluginMode": "overlay"}
_OWN = {"properties.agentPoolProfiles": [{"name": "system", "vnetSubnetID": SUBNET_A}]}
_MANAGED = {"properties.agentPoolProfiles": [{"name": "system"}]}
_WITH_WINDOWS = {"properties.agentPoolProfiles": [{"name": "win", "osType": "Windows"}]}
_INTEGRATED = {f"{_API}.enableVnetIntegration": True}

CLUSTERS_REPLACED = [
    replaces("location", CLUSTER, "location", "westeurope", "northeurope", "location"),
    replaces("dnsPrefix", CLUSTER, "properties.dnsPrefix", "one", "two"),
    replaces("fqdnSubdomain", CLUSTER, "properties.fqdnSubdomain", "one", "two"),
    replaces("fqdnSubdomain-where-none", CLUSTER, "properties.fqdnSubdomain", ABSENT, "two"),
    replaces("nodeResourceGroup", CLUSTER, "properties.nodeResourceGroup", "rg-1", "rg-2"),
    replaces("enableRBAC", CLUSTER, "properties.enableRBAC", True, False),
    replaces("enableRBAC-on", CLUSTER, "properties.enableRBAC", False, True),
    replaces("serviceCidr", CLUSTER, f"{_NET}.serviceCidr", "10.0.0.0/16", "10.1.0.0/16",
             "ServiceCIDR objects"),
    replaces("dnsServiceIP", CLUSTER, f"{_NET}.dnsServiceIP", "10.0.0.10", "10.0.0.11"),
    replaces("loadBalancerSku", CLUSTER, f"{_NET}.loadBalancerSku", "basic", "standard"),
    replaces("linux-admin", CLUSTER, "properties.linuxProfile.adminUsername", "one", "two"),
    replaces("windows-admin", CLUSTER, "properties.windowsProfile.adminUsername", "one", "two"),
    replaces("disk-encryption-set", CLUSTER, "properties.diskEncryptionSetID", ABSENT,
             f"{GROUP}/Microsoft.Compute/diskEncryptionSets/des"),
    Row("network-of-its-pools", CLUSTER, {"properties.agentPoolProfiles": (
        [{"name": "system", "vnetSubnetID": SUBNET_A}],
        [{"name": "system", "vnetSubnetID": ELSEWHERE}])}, REPLACE, "another virtual network"),
    Row("managed-network-to-own", CLUSTER, {"properties.agentPoolProfiles": (
        [{"name": "system"}],
        [{"name": "system", "vnetSubnetID": ELSEWHERE}])}, REPLACE, "another virtual network"),
    Row("kubenet-to-flat", CLUSTER, {f"{_NET}.networkPlugin": ("kubenet", "azure")}, REPLACE,
        "only become Azure CNI overlay"),
    Row("overlay-is-one-way", CLUSTER, {f"{_NET}.networkPlugin": ("azure", "kubenet")}, REPLACE,
        "only become Azure CNI overlay", {f"{_NET}.networkPluginMode": "overlay"}),
    replaces("plugin-none", CLUSTER, f"{_NET}.networkPlugin", "none", "azure", "overlay"),
    Row("podCidr-shrinks", CLUSTER, {f"{_NET}.podCidr": ("10.244.0.0/16", "10.244.0.0/17")},
        REPLACE, "can only grow in place: the new range has to hold 10.244.0.0/16", _OVERLAY),
    Row("podCidr-moves", CLUSTER, {f"{_NET}.podCidr": ("10.244.0.0/16", "10.0.0.0/15")},
        REPLACE, "can only grow in place", _OVERLAY),
    Row("podCidr-of-kubenet", CLUSTER, {f"{_NET}.podCidr": ("10.244.0.0/16", "10.244.0.0/15")},
        REPLACE, "only an overlay network can grow", {f"{_NET}.networkPlugin": "kubenet"}),
    Row("podCidr-with-windows", CLUSTER, {f"{_NET}.podCidr": ("10.244.0.0/16", "10.244.0.0/15")},
        REPLACE, "Windows pools", {**_OVERLAY, **_WITH_WINDOWS}),
    Row("private-without-integration", CLUSTER, {f"{_API}.enablePrivateCluster": (False, True)},
        REPLACE, "only with API Server VNet Integration"),
    Row("public-without-integration", CLUSTER, {f"{_API}.enablePrivateCluster": (True, False)},
        REPLACE, "only with API Server VNet Integration"),
    Row("api-server-subnet-moves", CLUSTER, {f"{_API}.subnetId": (SUBNET_A, SUBNET_B)}, REPLACE,
        "cannot change in place once the API server is in it", _INTEGRATED),
    Row("zone-of-its-own-from-system", CLUSTER, {f"{_API}.privateDNSZone": ("system", SUBNET_B)},
        REPLACE, "can only become none", {f"{_API}.enablePrivateCluster": True}),
]  # fmt: skip

CLUSTERS_REFUSED = [
    Row("aad-off", CLUSTER, {"properties.aadProfile.managed": (True, False)}, REFUSED,
        "aadProfile.managed can be turned on, and never off again"),
    Row("oidc-off", CLUSTER, {"properties.oidcIssuerProfile.enabled": (True, False)}, REFUSED,
        "oidcIssuerProfile.enabled can be turned on, and never off again"),
    Row("kms-off", CLUSTER, {
        "properties.securityProfile.kubernetesResourceObjectEncryptionProfile"
        ".infrastructureEncryption": ("Enabled", "Disabled")}, REFUSED,
        "infrastructureEncryption can never change again once it is Enabled"),
    Row("integration-off", CLUSTER, {f"{_API}.enableVnetIntegration": (True, False)}, REFUSED,
        "enableVnetIntegration can be turned on, and never off again"),
    Row("identity-back-to-principal", CLUSTER, {"identity.type": ("SystemAssigned", "None")},
        REFUSED, "identity.type cannot go back"),
    Row("principal-in-place-of-identity", CLUSTER, {
        "properties.servicePrincipalProfile.clientId": ("msi", "0000-1111")}, REFUSED,
        "servicePrincipalProfile cannot take the place of a managed identity again"),
    Row("two-policy-engines", CLUSTER, {f"{_NET}.networkPolicy": ("azure", "calico")}, REFUSED,
        "networkPolicy goes from azure to calico by way of none"),
    Row("overlay-with-a-policy", CLUSTER, {f"{_NET}.networkPluginMode": (ABSENT, "overlay")},
        REFUSED, "set networkProfile.networkPolicy (now calico) to none",
        {f"{_NET}.networkPlugin": "azure", f"{_NET}.networkPolicy": "calico"}),
    Row("cilium-with-windows", CLUSTER, {f"{_NET}.networkDataplane": ("azure", "cilium")},
        REFUSED, "only in a cluster without Windows pools", {**_OVERLAY, **_WITH_WINDOWS}),
    Row("outbound-own-to-block", CLUSTER, {f"{_NET}.outboundType": ("loadBalancer", "block")},
        REFUSED, "outboundType cannot change from loadBalancer to block in a virtual network of",
        _OWN),
    Row("outbound-own-to-managed-nat", CLUSTER, {
        f"{_NET}.outboundType": ("loadBalancer", "managedNATGateway")}, REFUSED,
        "in a virtual network of one's own", _OWN),
    Row("outbound-managed-to-udr", CLUSTER, {
        f"{_NET}.outboundType": ("loadBalancer", "userDefinedRouting")}, REFUSED,
        "in a virtual network that Azure manages", _MANAGED),
    Row("outbound-managed-to-user-nat", CLUSTER, {
        f"{_NET}.outboundType": ("none", "userAssignedNATGateway")}, REFUSED,
        "in a virtual network that Azure manages", _MANAGED),
    Row("outbound-nat-back-to-lb", CLUSTER, {
        f"{_NET}.outboundType": ("managedNATGateway", "loadBalancer")}, REFUSED,
        "set none in a change before this one", _MANAGED),
    Row("outbound-nat-back-from-v2", CLUSTER, {
        f"{_NET}.outboundType": ("managedNATGatewayV2", "managedNATGateway")}, REFUSED,
        "set none in a change before this one", _MANAGED),
]  # fmt: skip

_BLIP, _NODES = Disruption.CONTROL_PLANE, Disruption.NODES
_DROP, _NOTHING = Disruption.CONNECTIONS, Disruption.NONE

CLUSTERS_IN_PLACE = [
    Row("principal-to-identity", CLUSTER, {"identity.type": (ABSENT, "SystemAssigned")}, _BLIP),
    Row("kind-of-identity", CLUSTER, {"identity.type": ("SystemAssigned", "UserAssigned")}, _BLIP),
    Row("aad-on", CLUSTER, {"properties.aadProfile": (ABSENT, {
        "managed": True, "enableAzureRBAC": True})}, _NOTHING),
    updates("oidc-on", CLUSTER, "properties.oidcIssuerProfile.enabled", False, True, _NOTHING),
    updates("kms-on", CLUSTER, "properties.securityProfile"
            ".kubernetesResourceObjectEncryptionProfile.infrastructureEncryption", "Disabled",
            "Enabled", _BLIP),
    Row("integration-on-in-a-subnet", CLUSTER, {
        f"{_API}.enableVnetIntegration": (ABSENT, True),
        f"{_API}.subnetId": (ABSENT, SUBNET_A)}, _BLIP),
    Row("private-with-integration", CLUSTER, {f"{_API}.enablePrivateCluster": (False, True)},
        _BLIP, "", _INTEGRATED),
    Row("public-with-integration", CLUSTER, {f"{_API}.enablePrivateCluster": (True, False)},
        _BLIP, "", _INTEGRATED),
    Row("zone-given-up", CLUSTER, {f"{_API}.privateDNSZone": ("system", "none")}, _NODES, "",
        {f"{_API}.enablePrivateCluster": True}),
    Row("kubenet-to-overlay", CLUSTER, {
        f"{_NET}.networkPlugin": ("kubenet", "azure"),
        f"{_NET}.networkPluginMode": (ABSENT, "overlay")}, _NODES),
    Row("flat-to-overlay", CLUSTER, {
        f"{_NET}.networkPluginMode": (ABSENT, "overlay"),
        f"{_NET}.podCidr": (ABSENT, "192.168.0.0/16")}, _NODES, "",
        {f"{_NET}.networkPlugin": "azure"}),
    Row("podCidr-grows", CLUSTER, {f"{_NET}.podCidr": ("10.244.0.0/16", "10.244.0.0/15")},
        _NODES, "", _OVERLAY),
    Row("policy-installed", CLUSTER, {f"{_NET}.networkPolicy": ("none", "calico")}, _NODES),
    Row("policy-removed", CLUSTER, {f"{_NET}.networkPolicy": ("calico", "none")}, _NODES),
    Row("cilium-in-place-of-a-policy", CLUSTER, {
        f"{_NET}.networkPolicy": ("azure", "cilium"),
        f"{_NET}.networkDataplane": ("azure", "cilium")}, _NODES, "", _OVERLAY),
    *(Row(f"outbound-own-{old}-to-{new}", CLUSTER, {f"{_NET}.outboundType": (old, new)}, _DROP, "",
          _OWN)
      for old, new in (
          ("loadBalancer", "userAssignedNATGateway"),
          ("userAssignedNATGateway", "userDefinedRouting"),
          ("userDefinedRouting", "none"),
          ("none", "loadBalancer"),
          ("userDefinedRouting", "loadBalancer"))),
    *(Row(f"outbound-managed-{old}-to-{new}", CLUSTER, {f"{_NET}.outboundType": (old, new)}, _DROP,
          "", _MANAGED)
      for old, new in (
          ("loadBalancer", "managedNATGateway"),
          ("loadBalancer", "none"),
          ("loadBalancer", "block"),
          ("managedNATGateway", "managedNATGatewayV2"),
          ("managedNATGateway", "none"),
          ("managedNATGateway", "block"),
          ("none", "loadBalancer"),
          ("block", "managedNATGateway"))),
]  # fmt: skip

POOLS = [
    rotates("vmSize", "properties.vmSize", "Standard_D4s_v5", "Standard_D8s_v6"),
    rotates("maxPods", "properties.maxPods", 30, 110),
    rotates("osType", "properties.osType", "Linux", "Windows"),
    rotates("osDiskType", "properties.osDiskType", "Managed", "Ephemeral"),
    rotates("osDiskSizeGB", "properties.osDiskSizeGB", 128, 256),
    rotates("availabilityZones", "properties.availabilityZones", ["1"], ["1", "2"]),
    rotates("availabilityZones-where-none", "properties.availabilityZones", ABSENT, ["1"]),
    rotates("vnetSubnetID", "properties.vnetSubnetID", SUBNET_A, SUBNET_B),
    rotates("podSubnetID", "properties.podSubnetID", SUBNET_A, SUBNET_B),
    rotates("enableEncryptionAtHost", "properties.enableEncryptionAtHost", False, True),
    rotates("enableEncryptionAtHost-where-silent", "properties.enableEncryptionAtHost", ABSENT,
            True),
    rotates("hostGroupID", "properties.hostGroupID", ABSENT,
            f"{GROUP}/Microsoft.Compute/hostGroups/one"),
    rotates("type", "properties.type", "AvailabilitySet", "VirtualMachineScaleSets"),
    rotates("enableNodePublicIP", "properties.enableNodePublicIP", True, False),
    rotates("workloadRuntime", "properties.workloadRuntime", "OCIContainer", "KataMshvVmIsolation"),
    rotates("proximity-group", "properties.proximityPlacementGroupID", ABSENT,
            f"{GROUP}/Microsoft.Compute/proximityPlacementGroups/one"),
    rotates("enableUltraSSD", "properties.enableUltraSSD", False, True),
    rotates("kubelet-config", "properties.kubeletConfig.cpuManagerPolicy", "none", "static"),
    rotates("kubelet-config-where-none", "properties.kubeletConfig.failSwapOn", ABSENT, True),
    rotates("linux-config", "properties.linuxOSConfig.swapFileSizeMB", 100, 200),
    rotates("linux-config-where-none", "properties.linuxOSConfig.sysctls.fsFileMax", ABSENT, 9000),
    rotates("windows-image", "properties.osSKU", "Windows2019", "Windows2022"),
    Row("another-network", POOL, {"properties.vnetSubnetID": (SUBNET_A, ELSEWHERE)}, REFUSED,
        "all pools of a cluster share one"),
    Row("vmSize-of-machines", POOL, {
        "properties.vmSize": ("Standard_D4s_v5", "Standard_D8s_v6")}, _NODES, "",
        {"properties.type": "VirtualMachines"}),
    updates("enableFIPS", POOL, "properties.enableFIPS", False, True, _NODES),
    updates("secure-boot", POOL, "properties.securityProfile.enableSecureBoot", False, True,
            _NODES),
    updates("vTPM", POOL, "properties.securityProfile.enableVTPM", False, True, _NODES),
    updates("sshAccess", POOL, "properties.securityProfile.sshAccess", "LocalUser", "Disabled",
            _NODES),
    updates("linux-image", POOL, "properties.osSKU", "Ubuntu", "AzureLinux", _NODES),
    updates("count", POOL, "properties.count", 3, 5, _NOTHING),
    updates("autoscale", POOL, "properties.enableAutoScaling", False, True, _NOTHING),
    updates("most-nodes", POOL, "properties.maxCount", 3, 5, _NOTHING),
    updates("labels", POOL, "properties.nodeLabels.team", "a", "b", _NOTHING),
    updates("taints", POOL, "properties.nodeTaints", ["a=b:NoSchedule"], [], _NOTHING),
    updates("tags", POOL, "properties.tags.team", "a", "b", _NOTHING),
    updates("upgradeSettings", POOL, "properties.upgradeSettings.maxSurge", "10%", "33%", _NOTHING),
    updates("mode", POOL, "properties.mode", "User", "System", _NOTHING),
]  # fmt: skip

_ASSOCIATED = {"properties.ipConfigurations": [{"id": CARD}]}
_LINK = {"name": "link", "properties": {"linkedResourceType": "Microsoft.ContainerService"}}
_USED = {"properties.serviceAssociationLinks": [_LINK]}
_DELEGATED = [{"name": "aks", "properties": {"serviceName": CLUSTER}}]
_TABLE = f"{GROUP}/Microsoft.Network/routeTables/rt"
_GUARD = f"{GROUP}/Microsoft.Network/networkSecurityGroups/nsg"
_POLICY = f"{GROUP}/Microsoft.Network/firewallPolicies"


def _address(name: str, subnet: str) -> dict[str, Any]:
    return {"name": name, "properties": {"subnet": {"id": subnet}}}


OTHERS = [
    replaces("vault-location", VAULT, "location", "westeurope", "northeurope", "location"),
    replaces("vault-retention", VAULT, "properties.softDeleteRetentionInDays", 90, 7),
    Row("vault-purge-protection", VAULT, {"properties.enablePurgeProtection": (True, False)},
        REFUSED, "enablePurgeProtection can be turned on, and never off again"),
    Row("vault-purge-protection-never-false", VAULT, {
        "properties.enablePurgeProtection": (ABSENT, False)}, REFUSED,
        "enablePurgeProtection cannot be false"),
    updates("vault-purge-protection-on", VAULT, "properties.enablePurgeProtection", ABSENT, True,
            _NOTHING),
    updates("vault-rbac", VAULT, "properties.enableRbacAuthorization", False, True, _NOTHING),
    updates("vault-network", VAULT, "properties.publicNetworkAccess", "Enabled", "Disabled",
            Disruption.ACCESS),
    Row("prefix-in-use", SUBNET, {"properties.addressPrefix": ("10.0.1.0/24", "10.0.2.0/24")},
        REFUSED, "addressPrefix cannot change, nor the subnet be deleted, while nic-1 is in it",
        _ASSOCIATED),
    Row("prefixes-in-use-lose-one", SUBNET, {"properties.addressPrefixes": (
        ["10.0.1.0/24", "10.0.2.0/24"], ["10.0.2.0/24"])}, REFUSED, "while nic-1", _ASSOCIATED),
    Row("prefixes-in-use-gain-one", SUBNET, {"properties.addressPrefixes": (
        ["10.0.1.0/24"], ["10.0.1.0/24", "10.0.2.0/24"])}, _DROP, "", _ASSOCIATED),
    updates("prefix-of-an-empty-subnet", SUBNET, "properties.addressPrefix", "10.0.1.0/24",
            "10.0.2.0/24", _DROP),
    Row("delegation-in-use", SUBNET, {"properties.delegations": (_DELEGATED, [])}, REFUSED,
        "delegations cannot change while Microsoft.ContainerService is in the subnet", _USED),
    updates("delegation-of-an-empty-subnet", SUBNET, "properties.delegations", _DELEGATED, [],
            _NOTHING),
    Row("route-table", SUBNET, {"properties.routeTable": (ABSENT, {"id": _TABLE})}, _DROP, "",
        _ASSOCIATED),
    Row("security-group", SUBNET, {"properties.networkSecurityGroup": (ABSENT, {"id": _GUARD})},
        _DROP, "", _ASSOCIATED),
    Row("forced-tunnelling", FIREWALL, {"properties.managementIpConfiguration": (
        ABSENT, _address("management", SUBNET_B))}, REPLACE, "forced tunnelling"),
    Row("management-subnet", FIREWALL, {"properties.managementIpConfiguration": (
        _address("management", SUBNET_B), _address("management", SUBNET_A))}, REPLACE,
        "forced tunnelling"),
    Row("firewall-network", FIREWALL, {"properties.ipConfigurations": (
        [_address("one", SUBNET_A)], [_address("one", ELSEWHERE)])}, REPLACE, "another virtual"),
    Row("firewall-network-by-another-name", FIREWALL, {"properties.ipConfigurations": (
        [_address("one", SUBNET_A)], [_address("two", ELSEWHERE)])}, REPLACE, "another virtual"),
    Row("firewall-one-more-address", FIREWALL, {"properties.ipConfigurations": (
        [_address("one", SUBNET_A)], [_address("one", SUBNET_A), {"name": "two"}])}, _DROP),
    replaces("firewall-zones", FIREWALL, "zones", ["1"], ["1", "2", "3"]),
    replaces("firewall-zones-where-none", FIREWALL, "zones", ABSENT, ["1", "2", "3"]),
    Row("firewall-policy", FIREWALL, {"properties.firewallPolicy.id": (
        f"{_POLICY}/one", f"{_POLICY}/two")}, _DROP),
    replaces("role-principal", ROLE, "properties.principalId", "one", "two"),
    replaces("role-role", ROLE, "properties.roleDefinitionId", SUBNET_A, SUBNET_B),
    updates("role-condition", ROLE, "properties.condition", ABSENT, "@Resource…", _NOTHING),
    updates("role-description", ROLE, "properties.description", "one", "two", _NOTHING),
    updates("credential-subject", CREDENTIAL, "properties.subject", "one", "two", _NOTHING),
    updates("credential-issuer", CREDENTIAL, "properties.issuer", "https://1", "https://2",
            _NOTHING),
    updates("credential-audience", CREDENTIAL, "properties.audiences", ["one"], ["two"], _NOTHING),
]  # fmt: skip

ROWS = [*CLUSTERS_REPLACED, *CLUSTERS_REFUSED, *CLUSTERS_IN_PLACE, *POOLS, *OTHERS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{_last(row.type)[-14:]}:{row.id}")
def test_every_property_of_the_guidelines_table(row: Row, catalog: Catalog) -> None:
    verdict, reason = judge(row, catalog)

    assert verdict == row.expected, reason
    assert row.words in reason


@pytest.mark.parametrize("row", [r for r in POOLS if r.expected == ROTATION], ids=lambda r: r.id)
def test_a_pool_in_the_body_of_its_cluster_rotates_as_one_of_its_own(
    row: Row, catalog: Catalog
) -> None:
    before, after = bodies_of(row)
    embedded = [
        {"properties": {"agentPoolProfiles": [{"name": "system", **body["properties"]}]}}
        for body in (before, after)
    ]

    result = compare(catalog.get(CLUSTER), catalog.schemas, embedded[1], embedded[0])

    forcing = [change for change in result.changes if change.forces_replace]
    assert forcing
    assert {(c.child.type, c.child.name) for c in forcing if c.child} == {(POOL, "system")}
    assert all(c.child for c in forcing), "the cluster itself stays"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{_last(row.type)[-14:]}:{row.id}")
def test_nothing_is_replaced_or_refused_where_nothing_changes(row: Row, catalog: Catalog) -> None:
    _, after = bodies_of(row)

    result = compare(catalog.get(row.type), catalog.schemas, after, after)

    assert [c for c in result.changes if c.forces_replace or c.refused] == []


def judge(row: Row, catalog: Catalog) -> tuple[str, str]:
    """Return what the comparison makes of a row, and why."""
    resource_type = catalog.get(row.type)
    before, after = bodies_of(row)
    result = compare(resource_type, catalog.schemas, after, before)
    declared = [change for change in result.changes if change.declared]
    assert declared, "the change is seen"
    for change in declared:
        if change.refused is not None:
            return REFUSED, change.refused
    for change in declared:
        if change.forces_replace and change.reason is not None:
            rotated = change.child is not None or resource_type.rotation is not None
            return ROTATION if rotated else REPLACE, change.reason
    return max((change.disruption for change in declared), key=lambda d: d.rank), ""


def bodies_of(row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the bodies before and after."""
    before: dict[str, Any] = {"properties": {}}
    after: dict[str, Any] = {"properties": {}}
    for path, value in row.given.items():
        _put(before, path, value)
        _put(after, path, value)
    for path, (old, new) in row.changes.items():
        _put(before, path, old)
        _put(after, path, new)
    return before, after


def _put(body: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for name in parents:
        body = body.setdefault(name, {})
    if value is not ABSENT:
        body[last] = value
