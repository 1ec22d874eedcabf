"""PRF-01 to PRF-07: the proofs over the whole network (docs/paths.md), as controls.

What one resource's properties cannot show: the effect of routes, groups, peerings, firewall rules
and names together. The proofs are computed in `provisioner.network`.
"""

from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.network.proofs.api_server import prove_api_server
from provisioner.network.proofs.egress import prove_egress
from provisioner.network.proofs.firewall_allowances import prove_allowances
from provisioner.network.proofs.inbound import prove_inbound
from provisioner.network.proofs.private_services import prove_private_services
from provisioner.network.proofs.remote_access import prove_remote_access
from provisioner.network.proofs.segmentation import prove_segmentation

ITEM = "Setting up and validating the virtual network: Effective paths"
_UNMAPPED = "Other frameworks check properties of single resources, and not what they add up to."
_LIMITS = "IPv4 alone. What software inside the subnets forwards or tunnels."

CONTROLS = (
    Control(
        id="PRF-01",
        title="Every path from a workload subnet to the internet passes the firewall",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "One subnet without its route table, one longer route or one service endpoint is "
            "enough to send data out past the firewall and its log."
        ),
        remediation="""
            routes:
              type: Microsoft.Network/routeTables
              properties:
                disableBgpRoutePropagation: true
                routes:
                  - name: default
                    properties:
                      addressPrefix: 0.0.0.0/0
                      nextHopType: VirtualAppliance
                      nextHopIpAddress: ${firewallAddress}
            nodes:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties: {defaultOutboundAccess: false, routeTable: {id: "${routes.id}"}}
        """,
        proof=prove_egress,
        limits=f"{_LIMITS} What a gateway leads to on premises, and where that leaves for.",
        unmapped=_UNMAPPED,
    ),
    Control(
        id="PRF-02",
        title="Firewall rules allow what the clusters' features require and nothing else",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A host that is open and needed by nobody is a way out for data; one that a feature "
            "needs and does not reach breaks upgrades, images and logs."
        ),
        remediation="""
            rules:
              type: Microsoft.Network/firewallPolicies/ruleCollectionGroups
              parent: ${policy.id}
              properties:
                priority: 300
                ruleCollections:
                  - name: clusters
                    ruleCollectionType: FirewallPolicyFilterRuleCollection
                    priority: 100
                    action: {type: Allow}
                    rules: ${egressRules(environment.cloud, location, features, ranges)}
        """,
        proof=prove_allowances,
        limits=f"{_LIMITS} What a host that is allowed does with the data.",
        unmapped=_UNMAPPED,
    ),
    Control(
        id="PRF-03",
        title="Workload subnets and nodes are not reachable from the internet",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Traffic that a load balancer hands on keeps its source, so a security group that "
            "lets one public range in exposes whatever listens behind it."
        ),
        remediation="""
            group:
              type: Microsoft.Network/networkSecurityGroups
              properties:
                securityRules:
                  - name: deny-internet
                    properties:
                      priority: 100
                      direction: Inbound
                      access: Deny
                      protocol: "*"
                      sourceAddressPrefix: Internet
                      sourcePortRange: "*"
                      destinationAddressPrefix: "*"
                      destinationPortRange: "*"
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties: {enableNodePublicIP: false}
        """,
        proof=prove_inbound,
        limits=_LIMITS,
        mappings=Mappings(cis=("5.4.3",)),
    ),
    Control(
        id="PRF-04",
        title="Peered virtual networks reach each other through the firewall only",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A peering carries everything that routes and groups do not stop: who is in one "
            "spoke is in the next, unseen by the firewall."
        ),
        remediation="""
            routes:
              type: Microsoft.Network/routeTables
              properties:
                routes:
                  - name: to-hub
                    properties:
                      addressPrefix: ${hub.properties.addressSpace.addressPrefixes[0]}
                      nextHopType: VirtualAppliance
                      nextHopIpAddress: ${firewallAddress}
        """,
        proof=prove_segmentation,
        limits=_LIMITS,
        unmapped=_UNMAPPED,
    ),
    Control(
        id="PRF-05",
        title="SSH and RDP are blocked between workload subnets",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale="Whoever is on one node must not get to the next one by remote access.",
        remediation="""
            group:
              type: Microsoft.Network/networkSecurityGroups
              properties:
                securityRules:
                  - name: deny-remote-access
                    properties:
                      priority: 100
                      direction: Outbound
                      access: Deny
                      protocol: Tcp
                      sourceAddressPrefix: "*"
                      sourcePortRange: "*"
                      destinationAddressPrefix: VirtualNetwork
                      destinationPortRanges: ["22", "3389"]
        """,
        proof=prove_remote_access,
        limits=_LIMITS,
        unmapped=_UNMAPPED,
    ),
    Control(
        id="PRF-06",
        title="The API server is reachable from and resolves in declared networks only",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A private API server is as private as the networks that are linked and peered to it; "
            "a public one is open to every range that it lets in."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                apiServerAccessProfile:
                  enablePrivateCluster: true
                  enablePrivateClusterPublicFQDN: false
                  privateDNSZone: ${zone.id}
            link:
              type: Microsoft.Network/privateDnsZones/virtualNetworkLinks
              parent: ${zone.id}
              properties: {registrationEnabled: false, virtualNetwork: {id: "${network.id}"}}
        """,
        proof=prove_api_server,
        limits=f"{_LIMITS} Run command, which goes past the network (CLU-01.4).",
        mappings=Mappings(cis=("5.4.1", "5.4.2")),
    ),
    Control(
        id="PRF-07",
        title="Key vaults, registries and storage accounts answer on private endpoints only",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A service that answers in public, or whose name leads there, is used past the "
            "network, whatever private endpoint stands beside it."
        ),
        remediation="""
            vault:
              type: Microsoft.KeyVault/vaults
              properties: {publicNetworkAccess: Disabled}
            endpoint:
              type: Microsoft.Network/privateEndpoints
              properties:
                subnet: {id: "${subnet.id}"}
                privateLinkServiceConnections:
                  - name: vault
                    properties: {privateLinkServiceId: "${vault.id}", groupIds: [vault]}
            names:
              type: Microsoft.Network/privateEndpoints/privateDnsZoneGroups
              parent: ${endpoint.id}
              properties:
                privateDnsZoneConfigs:
                  - {name: vault, properties: {privateDnsZoneId: "${zone.id}"}}
        """,
        proof=prove_private_services,
        limits=_LIMITS,
        unmapped=_UNMAPPED,
    ),
)
