"""PRF-01 to PRF-07: controls on the whole network, each backed by a proof (docs/paths.md).

What one resource's properties cannot show: the effect of routes, groups, peerings, firewall rules
and names together. The proofs are computed in `provisioner.network`.
"""

from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.network.proofs.api_server import prove_api_server
from provisioner.network.proofs.egress import prove_egress
from provisioner.network.proofs.firewall_allowances import prove_allowances
from provisioner.network.proofs.inbound import prove_inbound
from provisioner.network.proofs.private_services import prove_private_services
from provisioner.network.proofs.remote_access import prove_remote_access
from provisioner.network.proofs.segmentation import prove_segmentation

ITEM = "Setting up and validating the virtual network: Effective paths"
_UNMAPPED = (
    "Other frameworks check properties of single resources, not the effective paths that "
    "result from them."
)
_LIMITS = "IPv4 only. Traffic that software in the subnets forwards or tunnels is not visible."

CONTROLS = (
    Control(
        id="PRF-01",
        title="Every path from a workload subnet to the internet passes the firewall",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "One subnet without a route table, one more specific route or one service "
            "endpoint is enough to send data past the firewall and its log."
        ),
        synonyms=terms(
            "egress path; exfiltration; UDR; forced tunneling; effective routes; firewall bypass; "
            "egress lockdown"
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
        limits=f"{_LIMITS} On-premises destinations behind a gateway are not followed.",
        unmapped=_UNMAPPED,
    ),
    Control(
        id="PRF-02",
        title="Firewall rules allow the egress that cluster features require and nothing else",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "An unneeded allowed host is a path for data exfiltration. A missing required "
            "host breaks upgrades, image pulls and logs."
        ),
        synonyms=terms(
            "FQDN allow-list; required outbound rules; AzureKubernetesService FQDN tag; "
            "application rules; egress lockdown; least privilege"
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
        limits=f"{_LIMITS} What an allowed host does with the data is unknown.",
        unmapped=_UNMAPPED,
    ),
    Control(
        id="PRF-03",
        title="Workload subnets and nodes are not reachable from the internet",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A load balancer preserves the source address, so an NSG rule for a public "
            "range exposes every listener behind it."
        ),
        synonyms=terms("internet exposure; inbound; public IP; NSG; attack surface; load balancer"),
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
            "A peering carries all traffic that routes and NSGs do not block. An attacker "
            "in one spoke reaches the next one without inspection by the firewall."
        ),
        synonyms=terms(
            "segmentation; spoke to spoke; peering; hub and spoke; lateral movement; east-west "
            "traffic"
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
        rationale="SSH and RDP between nodes are used for lateral movement.",
        synonyms=terms("SSH; RDP; lateral movement; port 22; port 3389; remote access"),
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
        title="The API server is reachable from, and resolves in, declared networks only",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A private API server is reachable from every network that is linked and "
            "peered to it; a public one from every authorized IP range."
        ),
        synonyms=terms(
            "private cluster; API server; private DNS zone; reachability; name resolution"
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
        limits=f"{_LIMITS} Run command bypasses the network (CLU-01.4).",
        mappings=Mappings(cis=("5.4.1", "5.4.2")),
    ),
    Control(
        id="PRF-07",
        title=(
            "Key vaults, registries and storage accounts are reachable through private "
            "endpoints only"
        ),
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A service with public access, or a name that resolves to the public address, "
            "can be used past the network in spite of its private endpoint."
        ),
        synonyms=terms(
            "private endpoint; Private Link; private services; DNS; Key Vault; ACR; storage "
            "account; PaaS"
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
