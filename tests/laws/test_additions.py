"""What others put on, into or onto something of the environment is drift; what stands beside is not.

One environment of every kind of thing that can be added to, on a built-in Azure. Each row writes one
thing past azsec, by a request of its own, and asks the drift check. Rows add up: a harmless one has
to stay silent after all others, and an addition has to be the only new one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from provisioner.documents.drift import DriftDocument
from provisioner.model.resource_id import ResourceId
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired
from tests.environments import Bench
from tests.laws.neighbours import (
    ACCOUNT,
    CLUSTER,
    GUARD,
    IDENTITY,
    NETWORK,
    PLATFORM,
    ROLE,
    STORAGE,
    TABLE,
    VAULT,
    WORKLOAD,
    ZONE,
    Neighbourhood,
    group_id,
    id_of,
)

REGISTRY = "Microsoft.ContainerRegistry/registries"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
POLICY = "Microsoft.Network/firewallPolicies"
ENDPOINT = "Microsoft.Network/privateEndpoints"
ADDRESS = "Microsoft.Network/publicIPAddresses"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
WATCHER = "Microsoft.Network/networkWatchers"
LOCK = "Microsoft.Authorization/locks"
ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
SETTING = "Microsoft.Insights/diagnosticSettings"
STRANGER = "99999999-2222-3333-4444-555555555555"
OWNER, CONTRIBUTOR, READER = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
)
SUBSCRIPTION = f"/subscriptions/{WORKLOAD}"
GROUP = group_id("rg-main")
THEIRS = group_id("rg-theirs")
AKS, NODES = id_of(CLUSTER, "aks"), f"/subscriptions/{WORKLOAD}/resourceGroups/rg-nodes"
KV, STORE, CR = id_of(VAULT, "kv-ours0"), id_of(ACCOUNT, "storeours"), id_of(REGISTRY, "crours")
VNET, NSG, DNS = id_of(NETWORK, "vnet"), id_of(GUARD, "nsg"), id_of(ZONE, "ours.internal")
ONE, LOG, PE = id_of(IDENTITY, "id-one"), id_of(WORKSPACE, "log-ours"), id_of(ENDPOINT, "pe-ours")
RULES = id_of(POLICY, "afwp-ours")

BLUEPRINT = f"""\
resourceGroups:
  main: {{subscription: workload, name: rg-main, location: westeurope}}
resources:
  one: {{type: {IDENTITY}, resourceGroup: main, name: id-one}}
  net:
    type: {NETWORK}
    resourceGroup: main
    name: vnet
    properties: {{addressSpace: {{addressPrefixes: [10.8.0.0/16]}}}}
  nodes:
    type: {NETWORK}/subnets
    parent: ${{net.id}}
    name: nodes
    properties: {{addressPrefix: 10.8.1.0/24}}
  free:
    type: {NETWORK}/subnets
    parent: ${{net.id}}
    name: free
    properties: {{addressPrefix: 10.8.2.0/24}}
  bastion:
    type: {NETWORK}/subnets
    parent: ${{net.id}}
    name: AzureBastionSubnet
    properties: {{addressPrefix: 10.8.3.0/26}}
  gateways:
    type: {NETWORK}/subnets
    parent: ${{net.id}}
    name: GatewaySubnet
    properties: {{addressPrefix: 10.8.4.0/26}}
  guard: {{type: {GUARD}, resourceGroup: main, name: nsg, properties: {{securityRules: []}}}}
  zone: {{type: {ZONE}, resourceGroup: main, name: ours.internal, location: global}}
  link:
    type: {ZONE}/virtualNetworkLinks
    parent: ${{zone.id}}
    name: ours
    location: global
    properties: {{registrationEnabled: false, virtualNetwork: {{id: "${{net.id}}"}}}}
  vault:
    type: {VAULT}
    resourceGroup: main
    name: kv-ours0
    properties:
      tenantId: ${{environment.tenantId}}
      sku: {{family: A, name: standard}}
      enableRbacAuthorization: true
  endpoint:
    type: {ENDPOINT}
    resourceGroup: main
    name: pe-ours
    properties:
      subnet: {{id: "${{nodes.id}}"}}
      privateLinkServiceConnections:
        - name: vault
          properties: {{privateLinkServiceId: "${{vault.id}}", groupIds: [vault]}}
  account:
    type: {ACCOUNT}
    resourceGroup: main
    name: storeours
    kind: StorageV2
    sku: {{name: Standard_LRS}}
    properties: {{}}
  registry: {{type: {REGISTRY}, resourceGroup: main, name: crours, sku: {{name: Premium}}}}
  log: {{type: {WORKSPACE}, resourceGroup: main, name: log-ours, properties: {{}}}}
  rules: {{type: {POLICY}, resourceGroup: main, name: afwp-ours, properties: {{}}}}
  aks:
    type: {CLUSTER}
    resourceGroup: main
    name: aks
    identity: {{type: SystemAssigned}}
    properties:
      dnsPrefix: aks
      nodeResourceGroup: rg-nodes
      apiServerAccessProfile: {{enablePrivateCluster: true}}
      agentPoolProfiles:
        - {{name: system, mode: System, count: 3, enableAutoScaling: true, minCount: 3, maxCount: 6, vmSize: Standard_D4ds_v5, vnetSubnetID: "${{nodes.id}}"}}
  setting:
    type: {SETTING}
    scope: ${{vault.id}}
    name: ours
    properties:
      workspaceId: ${{log.id}}
      logs: [{{category: AuditEvent, enabled: true}}]
  grant:
    type: {ROLE}
    scope: ${{vault.id}}
    name: ${{guid("ours")}}
    properties:
      roleDefinitionId: /subscriptions/{WORKLOAD}/providers/Microsoft.Authorization/roleDefinitions/{READER}
      principalId: ${{one.properties.principalId}}
      principalType: ServicePrincipal
"""


@dataclass(frozen=True)
class Site:
    """The environment, applied, on a built-in Azure where others write too."""

    bench: Bench
    others: Neighbourhood
    desired: Desired

    def drift(self) -> DriftDocument:
        return check_drift(self.desired, self.bench.catalog, self.bench.client)

    def body(self, text: str) -> dict[str, Any]:
        return json.loads(json.dumps(self.others.read(text)))  # type: ignore[no-any-return]


@pytest.fixture
def site(bench: Bench) -> Site:
    others = Neighbourhood(bench)
    desired = others.apply(BLUEPRINT)
    others.write(THEIRS, {"location": "westeurope"})
    return Site(bench, others, desired)


def put(text: str, properties: Mapping[str, Any] | None = None, **body: Any) -> Any:
    """Return a writer of one resource, by PUT."""
    resource = ResourceId.parse(text)
    is_tracked = (
        resource.parent is None and resource.scope is not None and resource.scope.is_container
    )
    located = is_tracked and "Microsoft.Authorization" not in text
    location = {"location": "global" if ZONE in text else "westeurope"} if located else {}
    if text.rpartition("/")[0].endswith("virtualNetworkLinks"):
        location = {"location": "global"}
    whole = {**location, "properties": dict(properties or {}), **body}
    return lambda site: site.others.write(text, whole)


def granted(
    scope: str,
    number: int,
    role: str = OWNER,
    kind: str = "User",
    principal: str = STRANGER,
    **more: Any,
) -> tuple[str, Any]:
    """Return the id of a role assignment, and its writer."""
    text = f"{scope}/providers/{ROLE}/{number:08d}-0000-0000-0000-000000000000"
    properties = {
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": kind,
        **more,
    }
    return text, put(text, properties)


def made(text: str, properties: Mapping[str, Any] | None = None, **body: Any) -> tuple[str, Any]:
    """Return the id of what is made, and its writer."""
    return text, put(text, properties, **body)


def theirs(kind: str, name: str) -> str:
    return id_of(kind, name, "rg-theirs")


def vnet_of_theirs(name: str, *subnets: str) -> Any:
    entries = [
        {"name": s, "properties": {"addressPrefix": f"172.16.{n}.0/24"}}
        for n, s in enumerate(subnets)
    ]
    return put(
        theirs(NETWORK, name),
        {"addressSpace": {"addressPrefixes": ["172.16.0.0/16"]}, "subnets": entries},
    )


def both(*writers: Any) -> Any:
    def write(site: Site) -> None:
        for each in writers:
            each(site)

    return write


def by_deployment(text: str, *resources: Mapping[str, Any]) -> Any:
    """Return a writer that goes the way of a template, and not by a PUT of its own."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": list(resources),
    }
    body = {"properties": {"mode": "Incremental", "template": template}}
    return lambda site: site.bench.send("PUT", text, body, "2021-04-01")


MANAGEMENT = "/providers/Microsoft.Management/managementGroups"
AUDIT = "/providers/Microsoft.Authorization/policyDefinitions/06a78e20-9358-41c9-923c-fb736d382a4d"
VAULT_BODY = {
    "tenantId": "99999999-9999-9999-9999-999999999999",
    "sku": {"family": "A", "name": "standard"},
}
REMOTE = theirs(NETWORK, "vnet-far")
LAW = theirs(WORKSPACE, "log-theirs")
LOGS_TO_THEM = {"workspaceId": LAW, "logs": [{"category": "AuditEvent", "enabled": True}]}

ADDITIONS: dict[str, tuple[str, Any]] = {
    "owner-on-group": granted(GROUP, 1),
    "owner-on-subscription": granted(SUBSCRIPTION, 2),
    "contributor-on-vault-to-group": granted(KV, 3, CONTRIBUTOR, "Group"),
    "reader-on-registry-to-service": granted(CR, 4, READER, "ServicePrincipal"),
    "reader-on-namespace-of-cluster": granted(f"{AKS}/namespaces/app", 5, READER),
    "owner-on-subnet": granted(f"{VNET}/subnets/nodes", 6),
    "owner-on-node-group": granted(NODES, 7),
    "owner-on-identity-of-ours": granted(ONE, 8),
    "owner-on-zone": granted(DNS, 9),
    "conditioned-owner-on-storage": granted(
        STORE, 10, condition="@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'x'", conditionVersion="2.0"
    ),
    "reader-on-management-group": granted(f"{MANAGEMENT}/contoso", 13, READER),
    "owner-on-tenant": granted("", 14),
    "exemption-of-group": (
        f"{GROUP}/providers/Microsoft.Authorization/policyExemptions/out",
        both(
            put(f"{GROUP}/providers/{ASSIGNMENT}/theirs", {"policyDefinitionId": AUDIT}),
            put(f"{GROUP}/providers/Microsoft.Authorization/policyExemptions/out", {
                "policyAssignmentId": f"{GROUP}/providers/{ASSIGNMENT}/theirs", "exemptionCategory": "Waiver"}),
        ),
    ),
    "scope-map-of-registry": made(f"{CR}/scopeMaps/everything", {"actions": ["repositories/*/content/write"]}),
    "token-of-registry": made(f"{CR}/tokens/evil1", {"scopeMapId": f"{CR}/scopeMaps/everything", "status": "enabled"}),
    "webhook-of-registry": made(f"{CR}/webhooks/evil1", {"actions": ["push"], "status": "enabled", "serviceUri": "https://evil.example/"}, location="westeurope"),
    "replication-of-registry": made(f"{CR}/replications/northeurope", {}, location="northeurope"),
    "extension-of-cluster": made(f"{AKS}/providers/Microsoft.KubernetesConfiguration/extensions/evil", {"extensionType": "microsoft.flux"}),
    "flux-of-cluster": made(
        f"{AKS}/providers/Microsoft.KubernetesConfiguration/fluxConfigurations/evil",
        {"scope": "cluster", "namespace": "flux-system", "sourceKind": "GitRepository", "gitRepository": {"url": "https://evil.example/x", "repositoryRef": {"branch": "main"}}},
    ),
    "alias-in-zone": made(f"{DNS}/CNAME/www", {"ttl": 60, "cnameRecord": {"cname": "evil.example"}}),
    "lock-on-subscription": made(f"{SUBSCRIPTION}/providers/{LOCK}/all", {"level": "CanNotDelete"}),
    "lock-on-identity": made(f"{ONE}/providers/{LOCK}/one", {"level": "CanNotDelete"}),
    "policy-on-group": made(
        f"{GROUP}/providers/{ASSIGNMENT}/theirs",
        {"policyDefinitionId": AUDIT},
    ),
    "setting-on-vault": (f"{KV}/providers/{SETTING}/copy", both(put(LAW), put(f"{KV}/providers/{SETTING}/copy", LOGS_TO_THEM))),
    "setting-on-cluster-without-one": (
        f"{AKS}/providers/{SETTING}/copy",
        both(put(LAW), put(f"{AKS}/providers/{SETTING}/copy", {"workspaceId": LAW, "logs": [{"category": "kube-audit", "enabled": True}]})),
    ),
    "setting-on-subscription": (
        f"{SUBSCRIPTION}/providers/{SETTING}/copy",
        both(put(LAW), put(f"{SUBSCRIPTION}/providers/{SETTING}/copy", {"workspaceId": LAW, "logs": [{"category": "Administrative", "enabled": True}]})),
    ),
    "credential-of-identity": made(
        f"{ONE}/federatedIdentityCredentials/evil",
        {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:evil/x:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"]},
    ),
    "subnet": made(f"{VNET}/subnets/rogue", {"addressPrefix": "10.8.9.0/24"}),
    "peering": (
        f"{VNET}/virtualNetworkPeerings/rogue",
        both(vnet_of_theirs("vnet-far"), put(f"{VNET}/virtualNetworkPeerings/rogue", {"remoteVirtualNetwork": {"id": REMOTE}, "allowVirtualNetworkAccess": True})),
    ),
    "peering-from-the-other-side": (
        f"{theirs(NETWORK, 'vnet-near')}/virtualNetworkPeerings/to-ours",
        both(vnet_of_theirs("vnet-near"), put(f"{theirs(NETWORK, 'vnet-near')}/virtualNetworkPeerings/to-ours", {"remoteVirtualNetwork": {"id": VNET}})),
    ),
    "link-of-our-zone-to-their-network": (
        f"{DNS}/virtualNetworkLinks/theirs",
        both(vnet_of_theirs("vnet-far"), put(f"{DNS}/virtualNetworkLinks/theirs", {"registrationEnabled": False, "virtualNetwork": {"id": REMOTE}})),
    ),
    "link-of-their-zone-to-our-network": (
        f"{theirs(ZONE, 'vault.azure.net')}/virtualNetworkLinks/ours",
        both(put(theirs(ZONE, "vault.azure.net")), put(f"{theirs(ZONE, 'vault.azure.net')}/virtualNetworkLinks/ours", {"registrationEnabled": False, "virtualNetwork": {"id": VNET}})),
    ),
    "record": made(f"{DNS}/A/api", {"ttl": 60, "aRecords": [{"ipv4Address": "203.0.113.66"}]}),
    "rule-collections": made(f"{RULES}/ruleCollectionGroups/rogue", {"priority": 150, "ruleCollections": []}),
    "pool": made(f"{AKS}/agentPools/rogue", {"mode": "User", "count": 1, "vmSize": "Standard_D4ds_v5", "enableNodePublicIP": True}),
    "maintenance-window": made(
        f"{AKS}/maintenanceConfigurations/default", {"timeInWeek": [{"day": "Monday", "hourSlots": [1]}]}
    ),
    "trusted-access": (
        f"{AKS}/trustedAccessRoleBindings/evil",
        put(f"{AKS}/trustedAccessRoleBindings/evil", {"sourceResourceId": ONE, "roles": ["Microsoft.MachineLearningServices/workspaces/mlworkload"]}),
    ),
    "namespace": made(f"{AKS}/managedNamespaces/rogue", {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}, location="westeurope"),
    "key": made(f"{KV}/keys/rogue", {"kty": "RSA"}),
    "blob-container": made(f"{STORE}/blobServices/default/containers/public", {"publicAccess": "Blob"}),
    "cache-rule": made(f"{CR}/cacheRules/rogue", {"sourceRepository": "docker.io/evil/*", "targetRepository": "library/*"}),
    "endpoint-onto-vault": (
        theirs(ENDPOINT, "pe-theirs"),
        both(
            vnet_of_theirs("vnet-ends", "ends"),
            put(theirs(ENDPOINT, "pe-theirs"), {
                "subnet": {"id": f"{theirs(NETWORK, 'vnet-ends')}/subnets/ends"},
                "privateLinkServiceConnections": [{"name": "v", "properties": {"privateLinkServiceId": KV, "groupIds": ["vault"]}}],
            }),
        ),
    ),
    "endpoint-in-our-subnet": (
        theirs(ENDPOINT, "pe-inside"),
        both(
            put(theirs(VAULT, "kv-theirs0"), VAULT_BODY),
            put(theirs(ENDPOINT, "pe-inside"), {
                "subnet": {"id": f"{VNET}/subnets/free"},
                "privateLinkServiceConnections": [{"name": "v", "properties": {"privateLinkServiceId": theirs(VAULT, "kv-theirs0"), "groupIds": ["vault"]}}],
            }),
        ),
    ),
    "cluster-in-our-subnet": (
        theirs(CLUSTER, "aks-theirs"),
        put(theirs(CLUSTER, "aks-theirs"), {
            "dnsPrefix": "theirs",
            "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5", "vnetSubnetID": f"{VNET}/subnets/free"}],
        }, identity={"type": "SystemAssigned"}),
    ),
    "bastion-in-our-subnet": (
        theirs("Microsoft.Network/bastionHosts", "bas-theirs"),
        both(
            put(theirs(ADDRESS, "pip-bas"), {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"}),
            put(theirs("Microsoft.Network/bastionHosts", "bas-theirs"), {"ipConfigurations": [{"name": "ip", "properties": {
                "subnet": {"id": f"{VNET}/subnets/AzureBastionSubnet"}, "publicIPAddress": {"id": theirs(ADDRESS, "pip-bas")}}}]}),
        ),
    ),
    "zone-group-on-our-endpoint": (
        f"{PE}/privateDnsZoneGroups/rogue",
        both(put(theirs(ZONE, "vault.azure.net")), put(f"{PE}/privateDnsZoneGroups/rogue", {"privateDnsZoneConfigs": [{"name": "v", "properties": {"privateDnsZoneId": theirs(ZONE, "vault.azure.net")}}]})),
    ),
    "data-collection-of-cluster": (
        f"{AKS}/providers/Microsoft.Insights/dataCollectionRuleAssociations/copy",
        both(
            put(theirs("Microsoft.Insights/dataCollectionEndpoints", "dce-theirs")),
            put(f"{AKS}/providers/Microsoft.Insights/dataCollectionRuleAssociations/copy", {"dataCollectionEndpointId": theirs("Microsoft.Insights/dataCollectionEndpoints", "dce-theirs")}),
        ),
    ),
    "flow-log-of-our-network": (
        f"{id_of(WATCHER, 'watch')}/flowLogs/copy",
        both(
            put(id_of(WATCHER, "watch")),
            lambda site: site.others.write(theirs(ACCOUNT, "storetheirs"), STORAGE),
            put(f"{id_of(WATCHER, 'watch')}/flowLogs/copy", {"targetResourceId": VNET, "storageId": theirs(ACCOUNT, "storetheirs"), "enabled": True}, location="westeurope"),
        ),
    ),
    "access-of-our-identity-elsewhere": (
        f"{THEIRS}/providers/{ROLE}/00000011-0000-0000-0000-000000000000",
        lambda site: granted(THEIRS, 11, principal=site.body(ONE)["properties"]["principalId"], kind="ServicePrincipal")[1](site),
    ),
    "assignment-by-deployment": (
        f"{GROUP}/providers/{ROLE}/00000012-0000-0000-0000-000000000000",
        by_deployment(f"{GROUP}/providers/Microsoft.Resources/deployments/evil", {
            "type": ROLE, "apiVersion": "2022-04-01", "name": "00000012-0000-0000-0000-000000000000",
            "properties": {"roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}", "principalId": STRANGER, "principalType": "User"},
        }),
    ),
    "container-by-deployment": (
        f"{STORE}/blobServices/default/containers/leak",
        by_deployment(f"{GROUP}/providers/Microsoft.Resources/deployments/leak", {
            "type": f"{ACCOUNT}/blobServices/containers", "apiVersion": "2025-06-01", "name": "storeours/default/leak", "properties": {},
        }),
    ),
}  # fmt: skip


def test_every_addition_is_named_and_nothing_else(site: Site) -> None:
    for _, write in ADDITIONS.values():
        write(site)

    document = site.drift()

    found = {addition.id.lower() for addition in document.additions}
    wanted = {text.lower(): name for name, (text, _) in ADDITIONS.items()}
    assert [name for text, name in wanted.items() if text not in found] == []
    assert sorted(found - wanted.keys()) == []
    assert document.found


def tagged(text: str, **tags: str) -> Any:
    """Return a writer of tags, beside those that are there."""
    return lambda site: site.others.tag(text, {**site.others.tags(text), **tags})


def again(text: str) -> Any:
    """Return a writer of what is there already."""
    return lambda site: site.others.write(text, site.body(text))


def scaled(site: Site) -> None:
    """Scale a pool as the autoscaler does that runs it."""
    body = site.body(f"{AKS}/agentPools/system")
    body["properties"].update(count=4)
    site.others.write(f"{AKS}/agentPools/system", body)


def for_nodes(site: Site) -> None:
    """Give the cluster's identity access to the group of its nodes, as AKS does itself."""
    principal = site.body(AKS)["identity"]["principalId"]
    granted(NODES, 50, CONTRIBUTOR, "ServicePrincipal", principal)[1](site)


LOCATED = {"location": "westeurope"}
FAR = f"/subscriptions/{PLATFORM}/resourceGroups/rg-far"
BESIDE = id_of(VAULT, "kv-beside0")
THEIR_AKS = theirs(CLUSTER, "aks-far")
THEIR_ZONE, THEIR_ONE = theirs(ZONE, "theirs.internal"), theirs(IDENTITY, "id-theirs")
THEIR_STORE, THEIR_CR = theirs(ACCOUNT, "storefar"), theirs(REGISTRY, "crfar")

HARMLESS: dict[str, Any] = {
    **{f"tag-of-{ResourceId.parse(text).name}": tagged(text, costCenter="42") for text in (
        GROUP, ONE, VNET, NSG, DNS, KV, PE, STORE, CR, LOG, RULES, AKS)},
    **{f"written-again-{ResourceId.parse(text).name}": again(text) for text in (
        ONE, NSG, STORE, CR, LOG, RULES)},
    "tag-in-another-spelling": tagged(GROUP, CostCentre="1"),
    "autoscaled": scaled,
    "node-group-for-the-cluster": for_nodes,
    "default-initiative-of-defender": put(
        f"{SUBSCRIPTION}/providers/{ASSIGNMENT}/SecurityCenterBuiltIn", {"policyDefinitionId": AUDIT}),
    "logs-that-a-service-writes": put(f"{STORE}/blobServices/default/containers/insights-logs-auditevent"),
    "group-of-others": lambda site: site.others.write(group_id("rg-more"), LOCATED),
    "group-in-their-subscription": lambda site: site.others.write(FAR, LOCATED),
    "vault-beside": put(BESIDE, VAULT_BODY),
    "key-of-vault-beside": put(f"{BESIDE}/keys/theirs", {"kty": "RSA"}),
    "owner-of-vault-beside": granted(BESIDE, 51)[1],
    "lock-on-vault-beside": put(f"{BESIDE}/providers/{LOCK}/keep", {"level": "CanNotDelete"}),
    "identity-beside": put(id_of(IDENTITY, "id-beside")),
    "credential-of-identity-beside": put(f"{id_of(IDENTITY, 'id-beside')}/federatedIdentityCredentials/theirs", {
        "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:they/x:environment:prod", "audiences": ["api://AzureADTokenExchange"]}),
    "network-beside": put(id_of(NETWORK, "vnet-beside"), {"addressSpace": {"addressPrefixes": ["172.18.0.0/16"]}}),
    "subnet-of-network-beside": put(f"{id_of(NETWORK, 'vnet-beside')}/subnets/theirs", {"addressPrefix": "172.18.1.0/24"}),
    "rules-beside": put(id_of(GUARD, "nsg-beside")),
    "rule-beside": put(f"{id_of(GUARD, 'nsg-beside')}/securityRules/ssh", {
        "priority": 150, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22"}),
    "route-table-beside": put(id_of(TABLE, "rt-beside")),
    "address-beside": put(id_of(ADDRESS, "pip-beside"), {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"}),
    "workspace-beside": put(id_of(WORKSPACE, "log-beside")),
    "registry-beside": put(id_of(REGISTRY, "crbeside"), sku={"name": "Basic"}),
    "account-beside": lambda site: site.others.write(id_of(ACCOUNT, "storebeside"), STORAGE),
    "container-beside": put(f"{id_of(ACCOUNT, 'storebeside')}/blobServices/default/containers/theirs"),
    "owner-of-their-group": granted(THEIRS, 52)[1],
    "lock-on-their-group": put(f"{group_id('rg-more')}/providers/{LOCK}/keep", {"level": "CanNotDelete"}),
    "policy-on-their-group": put(f"{THEIRS}/providers/{ASSIGNMENT}/theirs", {"policyDefinitionId": AUDIT}),
    "owner-of-their-subscription": granted(f"/subscriptions/{PLATFORM}", 53)[1],
    "custom-role": put(f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000abcd", {
        "roleName": "Theirs", "type": "CustomRole", "permissions": [{"actions": ["*"]}], "assignableScopes": [SUBSCRIPTION]}),
    "policy-definition": put(f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/theirs", {
        "policyType": "Custom", "mode": "All", "policyRule": {"if": {"field": "type", "equals": "x"}, "then": {"effect": "audit"}}}),
    "their-network": vnet_of_theirs("vnet-a", "ends"),
    "their-other-network": put(theirs(NETWORK, "vnet-b"), {"addressSpace": {"addressPrefixes": ["172.17.0.0/16"]}}),
    "their-peering": put(f"{theirs(NETWORK, 'vnet-a')}/virtualNetworkPeerings/b", {"remoteVirtualNetwork": {"id": theirs(NETWORK, "vnet-b")}}),
    "their-peering-back": put(f"{theirs(NETWORK, 'vnet-b')}/virtualNetworkPeerings/a", {"remoteVirtualNetwork": {"id": theirs(NETWORK, "vnet-a")}}),
    "their-zone": put(THEIR_ZONE),
    "link-of-their-zone": put(f"{THEIR_ZONE}/virtualNetworkLinks/a", {"registrationEnabled": False, "virtualNetwork": {"id": theirs(NETWORK, "vnet-a")}}),
    "record-of-their-zone": put(f"{THEIR_ZONE}/A/api", {"ttl": 60, "aRecords": [{"ipv4Address": "172.16.0.9"}]}),
    "their-vault": put(theirs(VAULT, "kv-theirs1"), VAULT_BODY),
    "their-endpoint": put(theirs(ENDPOINT, "pe-far"), {
        "subnet": {"id": f"{theirs(NETWORK, 'vnet-a')}/subnets/ends"},
        "privateLinkServiceConnections": [{"name": "v", "properties": {"privateLinkServiceId": theirs(VAULT, "kv-theirs1"), "groupIds": ["vault"]}}]}),
    "setting-of-their-vault-into-our-workspace": put(f"{theirs(VAULT, 'kv-theirs1')}/providers/{SETTING}/here", {
        "workspaceId": LOG, "logs": [{"category": "AuditEvent", "enabled": True}]}),
    "their-cluster": put(THEIR_AKS, {"dnsPrefix": "far", "agentPoolProfiles": [
        {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}]}, identity={"type": "SystemAssigned"}),
    "pool-of-their-cluster": put(f"{THEIR_AKS}/agentPools/more", {"mode": "User", "count": 1, "vmSize": "Standard_D4ds_v5"}),
    "owner-of-their-cluster": granted(THEIR_AKS, 54)[1],
    "their-identity": put(THEIR_ONE),
    "credential-of-their-identity": put(f"{THEIR_ONE}/federatedIdentityCredentials/theirs", {
        "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:they/x:environment:prod", "audiences": ["api://AzureADTokenExchange"]}),
    "their-registry": put(THEIR_CR, sku={"name": "Premium"}),
    "token-of-their-registry": put(f"{THEIR_CR}/scopeMaps/everything", {"actions": ["repositories/*/content/read"]}),
    "their-account": lambda site: site.others.write(THEIR_STORE, STORAGE),
    "container-of-their-account": put(f"{THEIR_STORE}/blobServices/default/containers/theirs"),
    "their-policy": put(theirs(POLICY, "afwp-far")),
    "rules-of-their-policy": put(f"{theirs(POLICY, 'afwp-far')}/ruleCollectionGroups/all", {"priority": 100, "ruleCollections": []}),
    "their-alert-of-our-workspace": put(theirs("Microsoft.Insights/scheduledQueryRules", "sqr-theirs"), {
        "scopes": [LOG], "severity": 3, "enabled": True, "evaluationFrequency": "PT5M", "windowSize": "PT5M",
        "criteria": {"allOf": [{"query": "AzureDiagnostics", "timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0}]}}),
    "deployment-of-others": by_deployment(f"{THEIRS}/providers/Microsoft.Resources/deployments/theirs", {
        "type": IDENTITY, "apiVersion": "2024-11-30", "name": "id-deployed", "location": "westeurope"}),
}  # fmt: skip


def test_what_stands_beside_is_no_addition(site: Site) -> None:
    before = site.drift()

    for write in HARMLESS.values():
        write(site)

    after = site.drift()
    assert len(HARMLESS) >= 60
    assert [addition.id for addition in after.additions] == []
    assert after.drifted == before.drifted
    assert after.found == before.found
