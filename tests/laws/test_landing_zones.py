"""Types of landing zones beside the cluster: what a plan makes, the next one finds as it is."""

from typing import Any

import pytest

from provisioner.documents.apply import Outcome
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from tests.environments import Bench

NAMES = """
zone:
  type: Microsoft.Network/dnsZones
  resourceGroup: main
  name: contoso.com
  properties: {}
shop:
  type: Microsoft.Network/dnsZones/A
  name: shop
  parent: ${zone.id}
  properties: {TTL: 300, ARecords: [{ipv4Address: "${address.properties.ipAddress}"}]}
www:
  type: Microsoft.Network/dnsZones/A
  name: www
  parent: ${zone.id}
  properties: {TTL: 300, targetResource: {id: "${address.id}"}}
docs:
  type: Microsoft.Network/dnsZones/CNAME
  name: docs
  parent: ${zone.id}
  properties: {TTL: 3600, CNAMERecord: {cname: contoso.github.io}}
issuers:
  type: Microsoft.Network/dnsZones/CAA
  name: "@"
  parent: ${zone.id}
  properties: {TTL: 3600, caaRecords: [{flags: 0, tag: issue, value: letsencrypt.org}]}
dev:
  type: Microsoft.Network/dnsZones/NS
  name: dev
  parent: ${zone.id}
  properties: {TTL: 3600, NSRecords: [{nsdname: ns1.contoso.net.}]}
mail:
  type: Microsoft.Network/dnsZones/TXT
  name: "@"
  parent: ${zone.id}
  properties: {TTL: 3600, TXTRecords: [{value: ["v=spf1 -all"]}]}
address:
  type: Microsoft.Network/publicIPAddresses
  resourceGroup: main
  name: pip
  sku: {name: Standard}
  properties: {publicIPAllocationMethod: Static}
"""
RESOLVER = """
network:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
subnets:
  type: Microsoft.Network/virtualNetworks/subnets
  forEach: {in: "10.0.0.0/28", out: "10.0.0.16/28"}
  name: ${each.key}
  parent: ${network.id}
  properties:
    addressPrefix: ${each.value}
    defaultOutboundAccess: false
    delegations: [{name: dns, properties: {serviceName: Microsoft.Network/dnsResolvers}}]
machines:
  type: Microsoft.Network/virtualNetworks/subnets
  name: machines
  parent: ${network.id}
  properties:
    addressPrefix: 10.0.1.0/24
    defaultOutboundAccess: false
    privateLinkServiceNetworkPolicies: Disabled
resolver:
  type: Microsoft.Network/dnsResolvers
  resourceGroup: main
  name: resolver
  properties: {virtualNetwork: {id: "${network.id}"}}
inbound:
  type: Microsoft.Network/dnsResolvers/inboundEndpoints
  name: in
  parent: ${resolver.id}
  location: westeurope
  properties: {ipConfigurations: [{subnet: {id: '${subnets["in"].id}'}}]}
outbound:
  type: Microsoft.Network/dnsResolvers/outboundEndpoints
  name: out
  parent: ${resolver.id}
  location: westeurope
  properties: {subnet: {id: '${subnets["out"].id}'}}
ruleset:
  type: Microsoft.Network/dnsForwardingRulesets
  resourceGroup: main
  name: ruleset
  properties: {dnsResolverOutboundEndpoints: [{id: "${outbound.id}"}]}
premises:
  type: Microsoft.Network/dnsForwardingRulesets/forwardingRules
  name: premises
  parent: ${ruleset.id}
  properties: {domainName: corp.contoso.com., targetDnsServers: [{ipAddress: 10.100.0.4}]}
link:
  type: Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks
  name: spoke
  parent: ${ruleset.id}
  properties: {virtualNetwork: {id: "${network.id}"}}
interface:
  type: Microsoft.Network/networkInterfaces
  resourceGroup: main
  name: nic
  properties: {ipConfigurations: [{name: primary, properties: {subnet: {id: "${machines.id}"}}}]}
balancer:
  type: Microsoft.Network/loadBalancers
  resourceGroup: main
  name: lb
  sku: {name: Standard}
  properties:
    frontendIPConfigurations: [{name: in, properties: {subnet: {id: "${machines.id}"}}}]
    backendAddressPools: [{name: machines}]
    probes: [{name: ready, properties: {protocol: Tcp, port: 443}}]
    loadBalancingRules:
      - name: https
        properties:
          frontendIPConfiguration: {id: "${balancer.id}/frontendIPConfigurations/in"}
          backendAddressPool: {id: "${balancer.id}/backendAddressPools/machines"}
          probe: {id: "${balancer.id}/probes/ready"}
          protocol: Tcp
          frontendPort: 443
          backendPort: 8443
behind:
  type: Microsoft.Network/networkInterfaces
  resourceGroup: main
  name: nic-behind
  properties:
    ipConfigurations:
      - name: primary
        properties:
          subnet: {id: "${machines.id}"}
          loadBalancerBackendAddressPools: [{id: "${balancer.id}/backendAddressPools/machines"}]
service:
  type: Microsoft.Network/privateLinkServices
  resourceGroup: main
  name: pls
  properties:
    loadBalancerFrontendIpConfigurations: [{id: "${balancer.id}/frontendIPConfigurations/in"}]
    ipConfigurations: [{name: nat, properties: {subnet: {id: "${machines.id}"}}}]
"""
ROUTES = """
network:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
place:
  type: Microsoft.Network/virtualNetworks/subnets
  name: RouteServerSubnet
  parent: ${network.id}
  properties: {addressPrefix: 10.0.0.0/26, defaultOutboundAccess: false}
address:
  type: Microsoft.Network/publicIPAddresses
  resourceGroup: main
  name: pip-rs
  sku: {name: Standard}
  properties: {publicIPAllocationMethod: Static}
server:
  type: Microsoft.Network/virtualHubs
  resourceGroup: main
  name: rs
  properties: {sku: Standard}
where:
  type: Microsoft.Network/virtualHubs/ipConfigurations
  name: default
  parent: ${server.id}
  properties: {subnet: {id: "${place.id}"}, publicIPAddress: {id: "${address.id}"}}
peer:
  type: Microsoft.Network/virtualHubs/bgpConnections
  name: appliance
  parent: ${server.id}
  properties: {peerAsn: 65001, peerIp: 10.0.2.4}
"""
EVERYDAY = """
budget:
  type: Microsoft.Consumption/budgets
  scope: /subscriptions/11111111-1111-1111-1111-111111111111
  name: budget-all
  properties:
    category: Cost
    amount: 1500
    timeGrain: Monthly
    timePeriod: {startDate: "2026-12-01T00:00:00Z"}
    notifications:
      forecast:
        enabled: true
        operator: GreaterThan
        threshold: 90
        thresholdType: Forecasted
        contactEmails: [platform@contoso.com]
workspace:
  type: Microsoft.OperationalInsights/workspaces
  resourceGroup: main
  name: log-shop
  properties: {sku: {name: PerGB2018}}
insights:
  type: Microsoft.Insights/components
  resourceGroup: main
  name: appi
  kind: web
  properties:
    Application_Type: web
    WorkspaceResourceId: ${workspace.id}
    DisableLocalAuth: true
account:
  type: Microsoft.Storage/storageAccounts
  resourceGroup: main
  name: stshared0
  kind: StorageV2
  sku: {name: Standard_ZRS}
  properties: {allowSharedKeyAccess: false}
files:
  type: Microsoft.Storage/storageAccounts/fileServices
  name: default
  parent: ${account.id}
  properties:
    shareDeleteRetentionPolicy: {enabled: true, days: 14}
    protocolSettings: {smb: {versions: SMB3.1.1;, channelEncryption: AES-256-GCM;}}
queues:
  type: Microsoft.Storage/storageAccounts/queueServices
  name: default
  parent: ${account.id}
share:
  type: Microsoft.Storage/storageAccounts/fileServices/shares
  name: shared
  parent: ${files.id}
  properties: {shareQuota: 100}
"""
MACHINES = """
network:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
jump:
  type: Microsoft.Network/virtualNetworks/subnets
  name: jump
  parent: ${network.id}
  properties: {addressPrefix: 10.0.1.0/24, defaultOutboundAccess: false}
interface:
  type: Microsoft.Network/networkInterfaces
  resourceGroup: main
  name: nic
  properties: {ipConfigurations: [{name: primary, properties: {subnet: {id: "${jump.id}"}}}]}
machine:
  type: Microsoft.Compute/virtualMachines
  resourceGroup: main
  name: vm-jump
  identity: {type: SystemAssigned}
  properties:
    hardwareProfile: {vmSize: Standard_D2ds_v5}
    storageProfile:
      imageReference: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}
      osDisk: {createOption: FromImage, deleteOption: Delete}
    osProfile:
      computerName: jump
      adminUsername: azureuser
      customData: ${base64Encode("#cloud-config")}
      linuxConfiguration:
        disablePasswordAuthentication: true
        ssh:
          publicKeys:
            - path: /home/azureuser/.ssh/authorized_keys
              keyData: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExam
    networkProfile: {networkInterfaces: [{id: "${interface.id}"}]}
login:
  type: Microsoft.Compute/virtualMachines/extensions
  name: AADSSHLogin
  parent: ${machine.id}
  location: westeurope
  properties:
    publisher: Microsoft.Azure.ActiveDirectory
    type: AADSSHLoginForLinux
    typeHandlerVersion: "1.0"
    autoUpgradeMinorVersion: true
agents:
  type: Microsoft.Compute/virtualMachineScaleSets
  resourceGroup: main
  name: vmss-agents
  sku: {name: Standard_D2ds_v5, capacity: 2}
  properties:
    orchestrationMode: Flexible
    platformFaultDomainCount: 1
    virtualMachineProfile:
      storageProfile:
        imageReference: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}
        osDisk: {createOption: FromImage}
      osProfile:
        computerNamePrefix: agent
        adminUsername: azureuser
        linuxConfiguration:
          disablePasswordAuthentication: true
          ssh:
            publicKeys:
              - path: /home/azureuser/.ssh/authorized_keys
                keyData: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExample
      networkProfile:
        networkApiVersion: "2020-11-01"
        networkInterfaceConfigurations:
          - name: nic
            properties:
              primary: true
              ipConfigurations: [{name: ip, properties: {subnet: {id: "${jump.id}"}}}]
"""
ENTRY = """
network:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
pods:
  type: Microsoft.Network/virtualNetworks/subnets
  name: agc
  parent: ${network.id}
  properties:
    addressPrefix: 10.0.2.0/24
    defaultOutboundAccess: false
    delegations:
      - {name: agc, properties: {serviceName: Microsoft.ServiceNetworking/trafficControllers}}
firewall:
  type: Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies
  resourceGroup: main
  name: waf
  properties:
    policySettings: {state: Enabled, mode: Prevention}
    managedRules:
      managedRuleSets: [{ruleSetType: Microsoft_DefaultRuleSet, ruleSetVersion: "2.1"}]
gateway:
  type: Microsoft.ServiceNetworking/trafficControllers
  resourceGroup: main
  name: agc
frontend:
  type: Microsoft.ServiceNetworking/trafficControllers/frontends
  name: web
  parent: ${gateway.id}
  location: westeurope
  properties:
    securityPolicyConfigurations: {wafSecurityPolicy: {id: "${judge.id}"}}
association:
  type: Microsoft.ServiceNetworking/trafficControllers/associations
  name: pods
  parent: ${gateway.id}
  location: westeurope
  properties: {associationType: subnets, subnet: {id: "${pods.id}"}}
judge:
  type: Microsoft.ServiceNetworking/trafficControllers/securityPolicies
  name: waf
  parent: ${gateway.id}
  location: westeurope
  properties: {wafPolicy: {id: "${firewall.id}"}}
offices:
  type: Microsoft.ServiceNetworking/trafficControllers/securityPolicies
  name: offices
  parent: ${gateway.id}
  location: westeurope
  properties:
    ipAccessRulesPolicy:
      rules:
        - {name: offices, priority: 10, sourceAddressPrefixes: [203.0.113.0/24], action: allow}
"""
FLEET = """
fleet:
  type: Microsoft.ContainerService/fleets
  resourceGroup: main
  name: fleet
order:
  type: Microsoft.ContainerService/fleets/updateStrategies
  name: one-by-one
  parent: ${fleet.id}
  properties:
    strategy:
      stages:
        - {name: canary, groups: [{name: canary}], afterStageWaitInSeconds: 86400}
        - {name: rest, groups: [{name: production}]}
upgrades:
  type: Microsoft.ContainerService/fleets/autoUpgradeProfiles
  name: stable
  parent: ${fleet.id}
  properties: {channel: Stable, updateStrategyId: "${order.id}"}
metrics:
  type: Microsoft.Monitor/accounts
  resourceGroup: main
  name: amw-shop
dashboards:
  type: Microsoft.Dashboard/grafana
  resourceGroup: main
  name: amg
  sku: {name: Standard}
  identity: {type: SystemAssigned}
  properties:
    publicNetworkAccess: Disabled
    creatorCanAdmin: Disabled
    grafanaIntegrations:
      azureMonitorWorkspaceIntegrations: [{azureMonitorWorkspaceResourceId: "${metrics.id}"}]
"""
MONITORING = """
scope:
  type: Microsoft.Insights/privateLinkScopes
  resourceGroup: main
  name: ampls
  properties: {accessModeSettings: {ingestionAccessMode: PrivateOnly, queryAccessMode: Open}}
logs:
  type: Microsoft.OperationalInsights/workspaces
  resourceGroup: main
  name: logs
  properties: {}
scoped:
  type: Microsoft.Insights/privateLinkScopes/scopedResources
  name: logs
  parent: ${scope.id}
  properties: {linkedResourceId: "${logs.id}"}
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-landing
  properties:
    tenantId: 99999999-9999-9999-9999-999999999999
    sku: {family: A, name: standard}
    enableRbacAuthorization: true
    enablePurgeProtection: true
key:
  type: Microsoft.KeyVault/vaults/keys
  name: disks
  parent: ${vault.id}
  properties: {kty: RSA, keySize: 3072}
disks:
  type: Microsoft.Compute/diskEncryptionSets
  resourceGroup: main
  name: disks
  identity: {type: SystemAssigned}
  properties:
    activeKey: {sourceVault: {id: "${vault.id}"}, keyUrl: "${key.properties.keyUriWithVersion}"}
    rotationToLatestKeyVersionEnabled: true
"""
INITIATIVE = """
locations:
  type: Microsoft.Authorization/policyDefinitions
  name: allowed-locations
  scope: /subscriptions/11111111-1111-1111-1111-111111111111
  properties:
    policyRule: {if: {field: location, notEquals: westeurope}, then: {effect: audit}}
together:
  type: Microsoft.Authorization/policySetDefinitions
  name: landing-zone
  scope: /subscriptions/11111111-1111-1111-1111-111111111111
  properties:
    policyDefinitionGroups: [{name: places}]
    policyDefinitions:
      - policyDefinitionReferenceId: locations
        policyDefinitionId: ${locations.id}
        groupNames: [places]
assigned:
  type: Microsoft.Authorization/policyAssignments
  name: landing-zone
  scope: ${resourceGroups.main.id}
  properties: {policyDefinitionId: "${together.id}"}
"""

HTTPS = "/providers/Microsoft.Authorization/policyDefinitions/1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d"
CORP = (
    "/providers/Microsoft.Management/managementGroups/corp"
    "/providers/Microsoft.Authorization/policyAssignments/corp"
)
ABOVE = """
definition:
  type: Microsoft.Authorization/policyDefinitions
  name: 1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d
  scope: /
  existing: true
corp:
  type: Microsoft.Authorization/policyAssignments
  name: corp
  scope: /providers/Microsoft.Management/managementGroups/corp
  existing: true
own:
  type: Microsoft.Authorization/policyAssignments
  name: own
  scope: ${resourceGroups.main.id}
  properties:
    policyDefinitionId: ${definition.id}
    displayName: ${definition.properties.displayName}
    description: Beside ${corp.properties.displayName}
"""


def _settles(resources: str, bench: Bench) -> None:
    desired = bench.compose(resources)

    applied = bench.apply(bench.plan(desired))
    again = bench.plan(desired).document

    assert [s for s in applied.steps if s.outcome is not Outcome.SUCCEEDED] == []
    assert again.changes == ()
    assert again.undeclared == ()
    assert again.unmanaged == ()


def test_public_names_settle(bench: Bench) -> None:
    _settles(NAMES, bench)


def test_resolvers_interfaces_and_link_services_settle(bench: Bench) -> None:
    _settles(RESOLVER, bench)


def test_route_servers_settle(bench: Bench) -> None:
    _settles(ROUTES, bench)


def test_budgets_insights_and_shares_settle(bench: Bench) -> None:
    _settles(EVERYDAY, bench)


def test_keys_of_insights_are_shown_by_no_document(bench: Bench) -> None:
    """Whoever has them sends telemetry, unless everybody has to sign in."""
    desired = bench.compose(EVERYDAY)
    bench.apply(bench.plan(desired))
    told = bench.compose(
        EVERYDAY.replace(
            "DisableLocalAuth: true", "DisableLocalAuth: true\n    RetentionInDays: 30"
        )
    )

    document = bench.plan(told).document

    assert [change.address for change in document.changes] == ["insights"]
    assert "InstrumentationKey=" not in document.model_dump_json()


def test_machines_scale_sets_and_extensions_settle(bench: Bench) -> None:
    _settles(MACHINES, bench)


def test_what_sets_a_machine_up_is_shown_by_no_document(bench: Bench) -> None:
    """A script is no secret, and may lead to one; a password is refused in any file."""
    document = bench.plan(bench.compose(MACHINES)).document

    assert "I2Nsb3VkLWNvbmZpZw" not in document.model_dump_json()
    with pytest.raises(DiagnosticError, match="is a secret, and no file may hold one"):
        bench.compose(
            MACHINES.replace(
                "      customData:", "      adminPassword: Xy7#kd82Lmq\n      customData:"
            )
        )


def test_gateways_for_containers_settle(bench: Bench) -> None:
    _settles(ENTRY, bench)


def test_fleets_and_dashboards_settle(bench: Bench) -> None:
    _settles(FLEET, bench)


def test_private_monitoring_and_keys_of_disks_settle(bench: Bench) -> None:
    _settles(MONITORING, bench)


def test_initiatives_settle(bench: Bench) -> None:
    _settles(INITIATIVE, bench)


def test_a_public_name_of_others_is_an_addition(bench: Bench) -> None:
    desired = bench.compose(NAMES)
    bench.apply(bench.plan(desired))
    (zone,) = (r for r in desired.graph if r.address == "zone")

    bench.send(
        "PUT",
        f"{zone.id}/CNAME/login",
        {"properties": {"TTL": 60, "CNAMERecord": {"cname": "login.example.net"}}},
        zone.type.api_version,
    )

    (found,) = bench.plan(desired).document.additions
    assert found.id.endswith("/CNAME/login")


def test_what_stands_at_the_tenant_or_a_management_group_is_read(bench: Bench) -> None:
    never: dict[str, Any] = {"if": {"field": "type", "equals": "x"}, "then": {"effect": "audit"}}
    version = bench.catalog.get("Microsoft.Authorization/policyDefinitions").api_version
    for text, properties in (
        (HTTPS, {"displayName": "HTTPS", "policyType": "BuiltIn", "policyRule": never}),
        (CORP, {"displayName": "the rest", "policyDefinitionId": HTTPS}),
    ):
        bench.client.put(
            ResourceId.parse(text), version, {"properties": properties}, None, lambda _status: None
        )

    _settles(ABOVE, bench)

    own = bench.body_of("own")["properties"]
    assert isinstance(own, dict)
    assert (own["displayName"], own["description"]) == ("HTTPS", "Beside the rest")


def test_what_is_not_at_the_tenant_is_told(bench: Bench) -> None:
    document = bench.plan(bench.compose(ABOVE)).document

    assert [d.message for d in document.diagnostics] == [
        f"{name} is stated as existing, but Azure has no such resource: {text}."
        for name, text in (("corp", CORP), ("definition", HTTPS))
    ]
