"""An environment of every kind of thing that can be added to, and others who write beside it.

A writer takes the site and sends one request of its own, past azsec.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    ROLE,
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
ADMINS = "88888888-2222-3333-4444-555555555555"
STRANGER = "99999999-2222-3333-4444-555555555555"
OWNER, CONTRIBUTOR, READER = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
)
SUBSCRIPTION = f"/subscriptions/{WORKLOAD}"
ROLES = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
GROUP = group_id("rg-main")
THEIRS = group_id("rg-theirs")
AKS, NODES = id_of(CLUSTER, "aks"), f"/subscriptions/{WORKLOAD}/resourceGroups/rg-nodes"
KV, STORE, CR = id_of(VAULT, "kv-ours0"), id_of(ACCOUNT, "storeours"), id_of(REGISTRY, "crours")
VNET, NSG, DNS = id_of(NETWORK, "vnet"), id_of(GUARD, "nsg"), id_of(ZONE, "ours.internal")
ONE, LOG, PE = id_of(IDENTITY, "id-one"), id_of(WORKSPACE, "log-ours"), id_of(ENDPOINT, "pe-ours")
RULES = id_of(POLICY, "afwp-ours")
PRIVATE_DNS = id_of(ZONE, "privatelink.vaultcore.azure.net")

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
  address:
    type: {ADDRESS}
    resourceGroup: main
    name: pip-vgw
    sku: {{name: Standard}}
    properties: {{publicIPAllocationMethod: Static}}
  gateway:
    type: {GATEWAY}
    resourceGroup: main
    name: vgw
    properties:
      gatewayType: Vpn
      vpnType: RouteBased
      sku: {{name: VpnGw2AZ, tier: VpnGw2AZ}}
      ipConfigurations:
        - name: default
          properties:
            subnet: {{id: "${{gateways.id}}"}}
            publicIPAddress: {{id: "${{address.id}}"}}
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
  names: {{type: {ZONE}, resourceGroup: main, name: privatelink.vaultcore.azure.net}}
  records:
    type: {ENDPOINT}/privateDnsZoneGroups
    parent: ${{endpoint.id}}
    name: default
    properties:
      privateDnsZoneConfigs: [{{name: vault, properties: {{privateDnsZoneId: "${{names.id}}"}}}}]
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
      aadProfile: {{managed: true, adminGroupObjectIDs: [{ADMINS}]}}
      apiServerAccessProfile: {{enablePrivateCluster: true}}
      agentPoolProfiles:
        - name: system
          mode: System
          count: 3
          enableAutoScaling: true
          minCount: 3
          maxCount: 6
          vmSize: Standard_D4ds_v5
          vnetSubnetID: ${{nodes.id}}
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
      roleDefinitionId: {ROLES}/{READER}
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


def open_site(bench: Bench) -> Site:
    """Apply the environment, and make a group of others beside it."""
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
        "roleDefinitionId": f"{ROLES}/{role}",
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
