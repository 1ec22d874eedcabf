"""Types of landing zones beside the cluster: what a plan makes, the next one finds as it is."""

from provisioner.documents.apply import Outcome
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
service:
  type: Microsoft.Network/privateLinkServices
  resourceGroup: main
  name: pls
  properties:
    destinationIPAddress: 10.0.1.200
    ipConfigurations: [{name: nat, properties: {subnet: {id: "${machines.id}"}}}]
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
