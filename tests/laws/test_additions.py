"""What others put on, into or onto something of the environment is drift; what stands beside is not.

One environment of every kind of thing that can be added to, on a built-in Azure. Each row writes one
thing past azsec, by a request of its own, and asks the drift check. Rows add up: a harmless one has
to stay silent after all others, and an addition has to be the only new one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.additions import AdditionDocument
from provisioner.documents.drift import DriftDocument
from provisioner.model.resource_id import ResourceId
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired
from tests.environments import Bench, open_bench
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
        - {{name: system, mode: System, count: 3, vmSize: Standard_D4ds_v5, vnetSubnetID: "${{nodes.id}}"}}
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
    """The environment, applied, and what was added to it since."""

    bench: Bench
    others: Neighbourhood
    desired: Desired
    known: set[str] = field(default_factory=set)

    def drift(self) -> DriftDocument:
        return check_drift(self.desired, self.bench.catalog, self.bench.client)

    def new_additions(self) -> list[AdditionDocument]:
        """Return the additions since the last time."""
        found = [a for a in self.drift().additions if a.id.lower() not in self.known]
        self.known.update(addition.id.lower() for addition in found)
        return found

    def body(self, text: str) -> dict[str, Any]:
        return json.loads(json.dumps(self.others.read(text)))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def site(catalog: Catalog) -> Iterator[Site]:
    with open_bench(catalog) as bench:
        others = Neighbourhood(bench)
        desired = others.apply(BLUEPRINT)
        others.write(THEIRS, {"location": "westeurope"})
        yield Site(bench, others, desired)


def put(text: str, properties: Mapping[str, Any] | None = None, **body: Any) -> Any:
    """Return a writer of one resource, by PUT."""
    top = ResourceId.parse(text)
    location = {} if "Microsoft.Authorization" in text or top.parent else {"location": "westeurope"}
    if f"/{ZONE}/" in text:
        location = {"location": "global"} if text.lower().count("/a/") == 0 else {}
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
    "lock-on-subscription": made(f"{SUBSCRIPTION}/providers/{LOCK}/all", {"level": "CanNotDelete"}),
    "lock-on-identity": made(f"{ONE}/providers/{LOCK}/one", {"level": "CanNotDelete"}),
    "policy-on-group": made(
        f"{GROUP}/providers/{ASSIGNMENT}/theirs",
        {"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/06a78e20-9358-41c9-923c-fb736d382a4d"},
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
        put(f"{AKS}/trustedAccessRoleBindings/evil", {"sourceResourceId": theirs(ACCOUNT, "mltheirs"), "roles": ["Microsoft.MachineLearningServices/workspaces/mlworkload"]}),
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
        f"{theirs(WATCHER, 'watch')}/flowLogs/copy",
        both(
            put(theirs(WATCHER, "watch")),
            lambda site: site.others.write(theirs(ACCOUNT, "storetheirs"), STORAGE),
            put(f"{theirs(WATCHER, 'watch')}/flowLogs/copy", {"targetResourceId": VNET, "storageId": theirs(ACCOUNT, "storetheirs"), "enabled": True}, location="westeurope"),
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


def test_an_untouched_environment_has_no_additions(site: Site) -> None:
    document = site.drift()

    assert site.new_additions() == []
    assert not document.found, document


@pytest.mark.parametrize("name", ADDITIONS)
def test_an_addition_is_drift_and_named(name: str, site: Site) -> None:
    text, write = ADDITIONS[name]
    site.new_additions()

    write(site)

    assert [a.id.lower() for a in site.new_additions()] == [text.lower()]
    assert site.drift().found
