"""Every fault in a network is caught by a proof that names the element; harmless changes are not.

The network is that of the shipped blueprint, applied to the built-in Azure. Each row changes one
thing in it.
"""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from tests.environments import ROOT, open_bench
from tests.network import (
    GROUP,
    LINK,
    NETWORK,
    PEERING,
    ROUTE,
    RULE,
    SUBNET,
    VNET,
    Fault,
    Site,
    application_rule,
    build_site,
    collection,
    network_rule,
    rule,
)

APPLIANCE = {"nextHopType": "VirtualAppliance"}
INTERNET = {"nextHopType": "Internet"}
SPOKE = "10.4.0.0/16"
NODES, ENDPOINTS, INGRESS = "spoke.nodeSubnet", "spoke.endpointSubnet", "spoke.ingressSubnet"


@pytest.fixture(scope="module")
def site(catalog: Catalog) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patched, open_bench(catalog) as bench:
        patched.chdir(ROOT)
        yield build_site(bench, catalog)


def test_the_network_itself_is_proved(site):
    verdicts = {name: proof.verdict.value for name, proof in site.prove().items()}
    assert set(verdicts.values()) == {"holds"}, verdicts


def fault(proof: str, element: str, what: str, put_in: Fault):
    return pytest.param(put_in, proof, element, id=f"{proof}: {what}")


def pool(site: Site, **properties: object) -> Site:
    return site.set("cluster.pools[apps]", **properties)


def rules_of(group: str, *collections: object) -> Fault:
    return lambda site: site.change(group, lambda p: p["ruleCollections"].extend(collections))


def first_rule(group: str, **changes: object) -> Fault:
    def edit(properties):
        properties["ruleCollections"][0]["rules"][0].update(changes)

    return lambda site: site.change(group, edit)


def gateway(site: Site, **table: object) -> Site:
    """A gateway in the hub that the spoke uses, and a table that may take what it learns."""
    subnet = site.resource("hub.network").id.text + "/subnets/GatewaySubnet"
    inside = site.add("hub.network", SUBNET, "GatewaySubnet", addressPrefix="10.0.1.0/27")
    with_gateway = inside.put(
        f"{NETWORK}/virtualNetworkGateways", "vgw", "hub.network", "hub.gateway",
        ipConfigurations=[{"name": "ip", "properties": {"subnet": {"id": subnet}}}],
    )  # fmt: skip
    joined = with_gateway.set("spoke.toHub", useRemoteGateways=True).set(
        "spoke.fromHub", allowGatewayTransit=True
    )
    return joined.set("spoke.routes", **table)


def foreign_network(site: Site, space: str) -> Site:
    """A network that the blueprint does not have, peered with the spoke from both sides."""
    spoke = site.resource("spoke.network").id
    made = site.put(VNET, "vnet-else", "spoke.network", None,
                    addressSpace={"addressPrefixes": [space]})  # fmt: skip
    key = spoke.text.replace(spoke.name, "vnet-else")
    peering = {"allowVirtualNetworkAccess": True, "peeringState": "Connected"}
    made = made.add(
        "spoke.network", PEERING, "to-else", remoteVirtualNetwork={"id": key}, **peering
    )
    (back,) = [r for r in made.estate if r.id.name == "vnet-else"]
    inside = [
        Resource(
            ResourceId(PEERING, ("vnet-else", "to-spoke"), back.id.scope), PEERING,
            {"properties": {"remoteVirtualNetwork": {"id": spoke.text}, **peering}},
        ),
        Resource(
            ResourceId(SUBNET, ("vnet-else", "machines"), back.id.scope), SUBNET,
            {"properties": {"addressPrefix": space, "defaultOutboundAccess": False,
                            "routeTable": {"id": site.resource("spoke.routes").id.text}}},
        ),
    ]  # fmt: skip
    return Site(Estate.of([*made.estate, *inside]))


EGRESS = [
    fault("egress", "spoke.routes[default]", "the default route leads to the internet",
          lambda s: s.set("spoke.routes[default]", **INTERNET)),
    fault("egress", "spoke.routes[default]", "the next hop is nobody",
          lambda s: s.set("spoke.routes[default]", nextHopIpAddress="10.0.0.9")),
    fault("egress", "hub.sharedRoutes[default]", "the hub's own default route leads out",
          lambda s: s.set("hub.sharedRoutes[default]", **INTERNET)),
    fault("egress", "spoke.routes[half]", "a longer route leads out",
          lambda s: s.add("spoke.routes", ROUTE, "half", addressPrefix="0.0.0.0/1", **INTERNET)),
    fault("egress", "spoke.routes[one]", "a route for one address leads out",
          lambda s: s.add("spoke.routes", ROUTE, "one", addressPrefix="198.51.100.7/32",
                          **INTERNET)),
    fault("egress", "spoke.routes[storage]", "a route for a service tag leads out",
          lambda s: s.add("spoke.routes", ROUTE, "storage", addressPrefix="Storage", **INTERNET)),
    fault("egress", "spoke.routes[other]", "a longer route leads to another appliance",
          lambda s: s.add("spoke.routes", ROUTE, "other", addressPrefix="20.0.0.0/8",
                          nextHopIpAddress="10.4.80.9", **APPLIANCE)),
    fault("egress", NODES, "no route and a subnet that is not private",
          lambda s: s.remove("spoke.routes[default]").set(NODES, defaultOutboundAccess=True)),
    fault("egress", NODES, "no route table and a subnet that is not private",
          lambda s: s.drop(NODES, "routeTable").set(NODES, defaultOutboundAccess=True)),
    fault("egress", "cluster.cluster", "no route and a load balancer of the cluster",
          lambda s: s.remove("spoke.routes[default]").change(
              "cluster.cluster", lambda p: p["networkProfile"].update(
                  outboundType="loadBalancer"))),
    fault("egress", "cluster.cluster", "no route and a managed NAT gateway",
          lambda s: s.remove("spoke.routes[default]").change(
              "cluster.cluster",
              lambda p: p["networkProfile"].update(outboundType="managedNATGateway"))),
    fault("egress", "cluster.pools[apps]", "no route and public addresses of nodes",
          lambda s: pool(s.remove("spoke.routes[default]"), enableNodePublicIP=True)),
    fault("egress", "spoke.routes", "learned routes are taken",
          lambda s: gateway(s, disableBgpRoutePropagation=False)),
    fault("egress", NODES, "a service endpoint leads past the firewall",
          lambda s: s.set(NODES, serviceEndpoints=[{"service": "Microsoft.Storage"}])),
    fault("egress", ENDPOINTS, "another subnet has no route to the firewall",
          lambda s: s.drop(ENDPOINTS, "routeTable").set(ENDPOINTS, defaultOutboundAccess=True)),
]  # fmt: skip


def nat(site: Site) -> Site:
    gateway_id = site.resource(NODES).id.text.partition("/virtualNetworks")[0] + "/natGateways/nat"
    return site.remove("spoke.routes[default]").set(NODES, natGateway={"id": gateway_id})


ALLOWANCES = [
    fault("allowances", "hub.networkRules open.any", "another collection lets everything out",
          rules_of("hub.networkRules", collection("open", network_rule()))),
    fault("allowances", "hub.networkRules open.any", "a service tag that nobody needs",
          rules_of("hub.networkRules", collection("open", network_rule(
              ipProtocols=["TCP"], destinationAddresses=["AzureCloud"],
              destinationPorts=["443"])))),
    fault("allowances", "hub.networkRules open.any", "one address outside",
          rules_of("hub.networkRules", collection("open", network_rule(
              destinationAddresses=["198.51.100.7"], destinationPorts=["53"])))),
    fault("allowances", "hub.applicationRules open.any", "every host",
          rules_of("hub.applicationRules", collection("open", application_rule()))),
    fault("allowances", "hub.applicationRules open.any", "one host more",
          rules_of("hub.applicationRules", collection("open", application_rule(
              targetFqdns=["paste.example.com"])))),
    fault("allowances", "hub.applicationRules open.any", "a web category",
          rules_of("hub.applicationRules", collection("open", application_rule(
              targetFqdns=None, webCategories=["Business"])))),
    fault("allowances", "hub.applicationRules clusters.nodes", "a rule's host gets a wildcard",
          first_rule("hub.applicationRules", targetFqdns=["*.microsoft.com", "*.azure.com"])),
    fault("allowances", "hub.firewallPolicy", "a host is gone from a rule",
          first_rule("hub.applicationRules", targetFqdns=["mcr.microsoft.com"])),
    fault("allowances", "hub.firewallPolicy", "a rule is for the wrong sources",
          first_rule("hub.applicationRules", sourceAddresses=["10.5.0.0/16"])),
    fault("allowances", "hub.firewallPolicy", "a rule is for the wrong port",
          first_rule("hub.applicationRules", protocols=[{"protocolType": "Https", "port": 8443}])),
    fault("allowances", "hub.firewallPolicy", "the collection of rules is gone",
          lambda s: s.change("hub.applicationRules", lambda p: p["ruleCollections"].pop(0))),
    fault("allowances", "hub.applicationRules shut.any", "a denial stands before the allowances",
          rules_of("hub.applicationRules", collection("shut", application_rule(), priority=50,
                                                      action="Deny"))),
    fault("allowances", "hub.networkRules shut.any", "a network rule denies before all others",
          rules_of("hub.networkRules", collection("shut", network_rule(), action="Deny"))),
    fault("allowances", "spoke.nodeRules[shut]", "the nodes' group denies what leaves",
          lambda s: s.add("spoke.nodeRules", RULE, "shut",
                          **rule(direction="Outbound", access="Deny"))),
    fault("allowances", "spoke.routes[default]", "the default route drops",
          lambda s: s.set("spoke.routes[default]", nextHopType="None")),
    fault("allowances", "spoke.toHub", "the spoke takes nothing that was forwarded",
          lambda s: s.set("spoke.toHub", allowForwardedTraffic=False)),
    fault("allowances", "spoke.fromHub", "the hub takes nothing that was forwarded",
          lambda s: s.set("spoke.fromHub", allowForwardedTraffic=False)),
    fault("allowances", "spoke.toHub", "the peering gives no access",
          lambda s: s.set("spoke.toHub", allowVirtualNetworkAccess=False)),
    fault("allowances", "spoke.fromHub", "the other side gives no access",
          lambda s: s.set("spoke.fromHub", allowVirtualNetworkAccess=False)),
    fault("allowances", "spoke.toHub", "the peering is not connected",
          lambda s: s.set("spoke.toHub", peeringState="Disconnected")),
    fault("allowances", "hub.network", "the hub's side of the peering is gone",
          lambda s: s.remove("spoke.fromHub")),
    fault("allowances", "hub.firewall", "the firewall has lost its policy",
          lambda s: s.drop("hub.firewall", "firewallPolicy")),
]  # fmt: skip

INBOUND = [
    fault("inbound", "spoke.nodeRules[any]", "a rule lets everybody in to the nodes",
          lambda s: s.add("spoke.nodeRules", RULE, "any", **rule())),
    fault("inbound", "spoke.endpointRules[any]", "the internet gets in to the endpoints",
          lambda s: s.add("spoke.endpointRules", RULE, "any",
                          **rule(sourceAddressPrefix="Internet"))),
    fault("inbound", "spoke.ingressRules[one]", "one public address gets in",
          lambda s: s.add("spoke.ingressRules", RULE, "one",
                          **rule(sourceAddressPrefix="198.51.100.7"))),
    fault("inbound", "spoke.ingressRules[udp]", "a protocol of its own",
          lambda s: s.add("spoke.ingressRules", RULE, "udp",
                          **rule(protocol="Udp", destinationPortRange="4789"))),
    fault("inbound", "hub.sharedRules[wide]", "a list of sources, one of them public",
          lambda s: s.add("hub.sharedRules", RULE, "wide", **rule(
              sourceAddressPrefix=None, sourceAddressPrefixes=["10.0.0.0/8", "11.0.0.0/8"]))),
    fault("inbound", NODES, "the nodes' subnet has lost its group",
          lambda s: s.drop(NODES, "networkSecurityGroup")),
    fault("inbound", "spoke.ingressRules AllowVnetInBound", "the denial of all others is gone",
          lambda s: s.remove("spoke.ingressRules[DenyAllIn]")),
    fault("inbound", "spoke.nodeRules[late]", "an allowance just before the denial",
          lambda s: s.add("spoke.nodeRules", RULE, "late",
                          **rule(priority=4095, sourceAddressPrefix="Internet",
                                 destinationPortRange="30000-32767"))),
    fault("inbound", "cluster.pools[apps]", "nodes with public addresses",
          lambda s: pool(s, enableNodePublicIP=True)),
]  # fmt: skip

SEGMENTATION = [
    fault("segmentation", "spoke.toHub", "the route to the hub is gone",
          lambda s: s.remove("spoke.routes[hub]")),
    fault("segmentation", "spoke.fromHub", "the hub's route to the spoke is gone",
          lambda s: s.remove("hub.sharedRoutes[cluster-10.4.0.0-16]")),
    fault("segmentation", "spoke.toHub", "the route to the hub leads straight there",
          lambda s: s.set("spoke.routes[hub]", nextHopType="VnetLocal")),
    fault("segmentation", "spoke.toHub", "the route to the hub covers but a part of it",
          lambda s: s.set("spoke.routes[hub]", addressPrefix="10.0.2.0/23")),
    fault("segmentation", "spoke.toHub", "a subnet has another table",
          lambda s: s.drop(INGRESS, "routeTable")),
    fault("segmentation", "spoke.network[to-else]", "another network is peered with the spoke",
          lambda s: foreign_network(s, "10.77.0.0/24")),
]  # fmt: skip

REMOTE_ACCESS = [
    fault("remote access", "spoke.nodeRules AllowVnetOutBound", "nobody denies remote access",
          lambda s: s.remove("spoke.nodeRules[DenyRemoteAccessOut]")),
    fault("remote access", "spoke.nodeRules[ssh]", "a rule before the denial",
          lambda s: s.add("spoke.nodeRules", RULE, "ssh", **rule(
              direction="Outbound", priority=200, protocol="Tcp", destinationPortRange="22"))),
    fault("remote access", "spoke.nodeRules AllowVnetOutBound", "the denial names one port alone",
          lambda s: s.set("spoke.nodeRules[DenyRemoteAccessOut]", destinationPortRanges=["22"])),
]  # fmt: skip

API_SERVER = [
    fault("api-server", "cluster.cluster", "the API server is public",
          lambda s: s.change("cluster.cluster", lambda p: p["apiServerAccessProfile"].update(
              enablePrivateCluster=False))),
    fault("api-server", "cluster.cluster", "allowed ranges hold everybody",
          lambda s: s.change("cluster.cluster", lambda p: p["apiServerAccessProfile"].update(
              enablePrivateCluster=False, authorizedIPRanges=["0.0.0.0/0"]))),
    fault("api-server", "cluster.cluster", "a public name leads to the private address",
          lambda s: s.change("cluster.cluster", lambda p: p["apiServerAccessProfile"].update(
              enablePrivateClusterPublicFQDN=True))),
    fault("api-server", "dns.cluster.zone", "nobody links the zone",
          lambda s: s.remove("dns.cluster.links[hub]").remove("dns.cluster.links[spoke]")),
    fault("api-server", "hub.firewall", "the zone is not linked where the firewall asks",
          lambda s: s.remove("dns.cluster.links[hub]")),
    fault("api-server", "dns.cluster.zone[else]", "a network of nobody's resolves the zone",
          lambda s: s.add("dns.cluster.zone", LINK, "else", virtualNetwork={
              "id": s.resource("spoke.network").id.text + "-else"})),
    fault("api-server", "spoke.network", "another DNS server",
          lambda s: s.set("spoke.network", dhcpOptions={"dnsServers": ["203.0.113.53"]})),
    fault("api-server", "hub.firewallPolicy", "the firewall answers no DNS",
          lambda s: s.set("hub.firewallPolicy", dnsSettings={"enableProxy": False})),
    fault("api-server", "hub.firewallPolicy", "the firewall asks another DNS server",
          lambda s: s.set("hub.firewallPolicy",
                          dnsSettings={"enableProxy": True, "servers": ["203.0.113.53"]})),
    fault("api-server", "spoke.nodeRules[shut]", "nodes do not reach the API server",
          lambda s: s.add("spoke.nodeRules", RULE, "shut", **rule(
              direction="Inbound", access="Deny", priority=99, destinationPortRange="443"))),
    fault("api-server", "cluster.cluster", "the zone of the API server is AKS's own",
          lambda s: s.change("cluster.cluster", lambda p: p["apiServerAccessProfile"].update(
              privateDNSZone="system"))),
]  # fmt: skip

SERVICES = [
    fault("private services", "vault.vault", "the vault answers in public",
          lambda s: s.set("vault.vault", publicNetworkAccess="Enabled")),
    fault("private services", "registry.registry", "the registry answers in public",
          lambda s: s.set("registry.registry", publicNetworkAccess="Enabled")),
    fault("private services", "vault.vault", "the vault's firewall lets an address in",
          lambda s: s.set("vault.vault", networkAcls={"ipRules": [{"value": "198.51.100.7/32"}]})),
    fault("private services", "vault.vault", "the vault's firewall lets a subnet in",
          lambda s: s.set("vault.vault", networkAcls={
              "virtualNetworkRules": [{"id": s.resource(NODES).id.text}]})),
    fault("private services", "flows.account", "the account of flow logs lets everybody in",
          lambda s: s.set("flows.account", networkAcls={"defaultAction": "Allow"})),
    fault("private services", "flows.account", "the account of flow logs says nothing of networks",
          lambda s: s.change("flows.account", lambda p: p.pop("networkAcls"))),
    fault("private services", "flows.account", "the account of flow logs lets an address in",
          lambda s: s.change("flows.account", lambda p: p["networkAcls"].update(
              ipRules=[{"value": "198.51.100.7"}]))),
    fault("private services", "flows.account", "the account of flow logs lets a resource in",
          lambda s: s.change("flows.account", lambda p: p["networkAcls"].update(
              resourceAccessRules=[{"resourceId": s.resource("cluster.cluster").id.text}]))),
    fault("private services", "flows.account", "clients reach the account of flow logs privately",
          lambda s: s.change("vault.endpoint", lambda p: p["privateLinkServiceConnections"][0][
              "properties"].update(privateLinkServiceId=s.resource("flows.account").id.text,
                                   groupIds=["blob"]))),
    fault("private services", "vault.vault", "a vault denies by default, and has its endpoint",
          lambda s: s.set("vault.vault", publicNetworkAccess="Enabled",
                          networkAcls={"defaultAction": "Deny"})),
    fault("private services", NODES, "a service endpoint beside the private endpoint",
          lambda s: s.set(NODES, serviceEndpoints=[{"service": "Microsoft.KeyVault"}])),
    fault("private services", "vault.endpoint", "the endpoint is rejected",
          lambda s: s.change("vault.endpoint", lambda p: p["privateLinkServiceConnections"][0][
              "properties"].update(privateLinkServiceConnectionState={"status": "Rejected"}))),
    fault("private services", "registry.endpoint", "the endpoint leads elsewhere",
          lambda s: s.change("registry.endpoint", lambda p: p["privateLinkServiceConnections"][0][
              "properties"].update(groupIds=["other"]))),
    fault("private services", "vault.endpoint", "no zone holds the endpoint's record",
          lambda s: s.remove("vault.record")),
    fault("private services", "hub.firewall", "the vault's zone is not linked to the hub",
          lambda s: s.remove("dns.vault.links[hub]")),
    fault("private services", "dns.registry.zone", "nobody links the registry's zone",
          lambda s: s.remove("dns.registry.links[hub]").remove("dns.registry.links[spoke]")),
    fault("private services", "dns.vault.zone[else]", "a second link of the vault's zone",
          lambda s: s.add("dns.vault.zone", LINK, "else", virtualNetwork={
              "id": s.resource("spoke.network").id.text + "-else"})),
    fault("private services", "spoke.endpointRules[shut]", "nodes do not reach the endpoints",
          lambda s: s.add("spoke.endpointRules", RULE, "shut",
                          **rule(access="Deny", priority=99))),
]  # fmt: skip

FAULTS = [
    *EGRESS, *ALLOWANCES, *INBOUND, *SEGMENTATION, *REMOTE_ACCESS, *API_SERVER, *SERVICES,
]  # fmt: skip


@pytest.mark.parametrize(("put_in", "proof", "element"), FAULTS)
def test_a_fault_is_caught_and_the_element_named(site, put_in, proof, element):
    found = put_in(site).breaches()
    assert (proof, element) in [(name, breach.element) for name, breach in found], found


def test_a_nat_gateway_in_the_place_of_the_route_is_to_blame(site):
    found = nat(site).prove()["egress"].breaches
    assert [breach.element.rpartition("/")[2] for breach in found] == ["nat"]


def harmless(what: str, put_in: Fault):
    return pytest.param(put_in, id=what)


def spoke_like(site: Site) -> Site:
    """Another subnet of the spoke, with the same table and rules."""
    return site.add("spoke.network", SUBNET, "more", **{
        **site.resource(NODES).body["properties"], "addressPrefix": "10.4.128.0/24"})  # fmt: skip


def halves(site: Site) -> Site:
    first = site.resource("spoke.routes[default]").body["properties"]
    lower = {**first, "addressPrefix": "0.0.0.0/1"}
    upper = {**first, "addressPrefix": "128.0.0.0/1"}
    both = site.add("spoke.routes", ROUTE, "lower", **lower)
    return both.add("spoke.routes", ROUTE, "upper", **upper).remove("spoke.routes[default]")


def shout(site: Site, label: str, *names: str) -> Site:
    """Write values of a resource in other letters: Azure does not tell them apart."""
    properties = site.resource(label).body["properties"]
    return site.set(label, **{name: properties[name].upper() for name in names})


def without_default(site: Site) -> Site:
    """No way out at all where nothing needs one."""
    return site.remove("hub.sharedRoutes[default]")


HARMLESS = [
    harmless("a time-out of flows",
             lambda s: s.set("spoke.network", flowTimeoutInMinutes=5)),
    harmless("a description of a rule",
             lambda s: s.set("spoke.nodeRules[DenyAllIn]", description="as agreed")),
    harmless("another priority in the same order",
             lambda s: s.set("spoke.nodeRules[DenyAllIn]", priority=4090)),
    harmless("the default route in two halves", halves),
    harmless("a route for a range that the firewall gets anyway",
             lambda s: s.add("spoke.routes", ROUTE, "office", **{
                 **s.resource("spoke.routes[default]").body["properties"],
                 "addressPrefix": "192.168.0.0/16"})),
    harmless("a route that drops", lambda s: s.add(
        "spoke.routes", ROUTE, "drop", addressPrefix="198.51.100.0/24", nextHopType="None")),
    harmless("another subnet like the first", spoke_like),
    harmless("enums in other letters",
             lambda s: shout(s, "spoke.nodeRules[DenyAllIn]", "access", "direction")),
    harmless("a next hop's type in other letters",
             lambda s: shout(s, "spoke.routes[default]", "nextHopType")),
    harmless("ids in other letters", lambda s: s.change(
        NODES, lambda p: p["routeTable"].update(id=p["routeTable"]["id"].upper()))),
    harmless("one prefix as a list of one", lambda s: s.drop(
        NODES, "addressPrefix").set(NODES, addressPrefixes=["10.4.0.0/18"])),
    harmless("a denial more", lambda s: s.add(
        "spoke.ingressRules", RULE, "deny", **rule(access="Deny", priority=4000))),
    harmless("an allowance that a denial goes before", lambda s: s.add(
        "spoke.ingressRules", RULE, "late", **rule(priority=4096)).set(
        "spoke.ingressRules[DenyAllIn]", priority=4095)),
    harmless("an allowance from within", lambda s: s.add(
        "spoke.nodeRules", RULE, "in", **rule(sourceAddressPrefix=SPOKE,
                                              destinationPortRange="8443"))),
    harmless("a rule for the load balancer's probes", lambda s: s.add(
        "spoke.endpointRules", RULE, "probe", **rule(sourceAddressPrefix="AzureLoadBalancer"))),
    harmless("a denial of the internet in the firewall", rules_of(
        "hub.networkRules", collection("shut", network_rule(
            destinationAddresses=["198.51.100.0/24"]), action="Deny"))),
    harmless("an allowance for nobody", rules_of(
        "hub.applicationRules", collection("open", application_rule(
            sourceAddresses=["10.99.0.0/16"])))),
    harmless("what is allowed, allowed again", rules_of(
        "hub.applicationRules", collection("again", application_rule(
            targetFqdns=["mcr.microsoft.com"], sourceAddresses=[SPOKE])))),
    harmless("the FQDN tag beside the hosts", rules_of(
        "hub.applicationRules", collection("tag", application_rule(
            targetFqdns=None, fqdnTags=["AzureKubernetesService"], sourceAddresses=[SPOKE])))),
    harmless("rules in another order", lambda s: s.change(
        "hub.applicationRules", lambda p: p["ruleCollections"][0]["rules"].reverse())),
    harmless("collections in another order", lambda s: s.change(
        "hub.applicationRules", lambda p: p["ruleCollections"].reverse())),
    harmless("one group in the place of two", lambda s: s.change(
        "hub.networkRules", lambda p: p["ruleCollections"].extend(
            [{**c, "priority": c["priority"] + 1000} for c in
             s.resource("hub.applicationRules").body["properties"]["ruleCollections"]])).set(
        "hub.applicationRules", ruleCollections=[])),
    harmless("an empty group of rules", lambda s: s.add(
        "hub.firewallPolicy", GROUP, "empty", priority=500, ruleCollections=[])),
    harmless("hosts in other letters", lambda s: s.change(
        "hub.applicationRules", lambda p: [r.update(targetFqdns=[h.upper() for h in r[
            "targetFqdns"]]) for r in p["ruleCollections"][0]["rules"]])),
    harmless("the same DNS server twice", lambda s: s.set(
        "spoke.network", dhcpOptions={"dnsServers": ["10.0.0.4", "10.0.0.4"]})),
    harmless("a gateway whose routes nobody takes", gateway),
    harmless("an ingress subnet without a way out",
             lambda s: s.set("hub.sharedRoutes[default]", nextHopType="None")),
    harmless("no default route where subnets are private", without_default),
    harmless("a pool more in the same subnet", lambda s: s.add(
        "cluster.cluster", "Microsoft.ContainerService/managedClusters/agentPools", "more",
        **s.resource("cluster.pools[apps]").body["properties"])),
    harmless("a zone for names of one's own", lambda s: s.put(
        f"{NETWORK}/privateDnsZones", "corp.example", "dns.vault.zone", "dns.own")),
    harmless("a network that is peered with nobody", lambda s: s.put(
        VNET, "vnet-alone", "spoke.network", None,
        addressSpace={"addressPrefixes": ["10.200.0.0/16"]})),
    harmless("autoscaling", lambda s: pool(s, count=5)),
    harmless("the vault's firewall denies by default",
             lambda s: s.set("vault.vault", networkAcls={"defaultAction": "Deny"})),
    harmless("the account of flow logs is closed to Azure too",
             lambda s: s.set("flows.account", publicNetworkAccess="Disabled")),
]  # fmt: skip


@pytest.mark.parametrize("put_in", HARMLESS)
def test_a_harmless_change_raises_nothing(site, put_in):
    assert put_in(site).breaches() == []


def test_there_are_as_many_of_both_as_promised():
    assert len(FAULTS) >= 60
    assert len(HARMLESS) >= 30
