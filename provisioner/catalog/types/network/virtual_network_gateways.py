"""VPN and ExpressRoute gateways.

Gateway type, VPN type and generation are fixed; others than VPN gateways answer VPN properties that
have no meaning for them, so these have no default there. Azure lists gateways by resource group
only.

Facts: guidelines.md §2.3 and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, FixedDefault
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import (
    ListRead,
    ResourceType,
    SdkModel,
)
from provisioner.model.values import ABSENT, Absent, Body, Json, is_empty, lookup

_CLIENTS = "properties.vpnClientConfiguration"
_CONFIG = "properties.ipConfigurations[].properties"
_DEFAULT_ASN = 65515
_OFF = Field(default=False, security=True)


def _is_vpn(body: Body) -> bool:
    """Return whether a gateway is a VPN gateway: neither ExpressRoute nor a local one."""
    return lookup(body, ("properties", "gatewayType")) not in ("ExpressRoute", "LocalGateway")


def _default_for_vpn(value: Json) -> FixedDefault:
    """Return a default of VPN gateways, which others do not have."""
    return lambda body: value if _is_vpn(body) else None


def _default_vpn_type(body: Body) -> Json | Absent:
    """Return RouteBased; others than VPN gateways answer a type without meaning."""
    return "RouteBased" if _is_vpn(body) else ABSENT


def _default_generation(body: Body) -> Json | Absent:
    """Return the generation by SKU: VpnGw4 and VpnGw5 exist in the second alone.

    Others than VPN gateways answer a generation without meaning ("About gateway SKUs").
    """
    size = str(lookup(body, ("properties", "sku", "name"))).lower()
    newest = size.startswith(("vpngw4", "vpngw5"))
    return ("Generation2" if newest else "Generation1") if _is_vpn(body) else ABSENT


def _default_client_protocols(body: Body) -> Json:
    """Return OpenVPN for clients with Microsoft Entra ID, else IKEv2 and SSTP.

    Source: "About point-to-site VPN".
    """
    tenant = lookup(body, (*_CLIENTS.split("."), "aadTenant"))
    return ["IkeV2", "SSTP"] if is_empty(tenant) else ["OpenVPN"]


def _authentication_types(body: Body) -> Json:
    """Return how clients authenticate, by what is configured ("About point-to-site VPN")."""
    clients = lookup(body, _CLIENTS.split("."))
    found = {
        "Certificate": ("vpnClientRootCertificates",),
        "Radius": ("radiusServerAddress", "radiusServers"),
        "AAD": ("aadTenant",),
    }
    return [
        kind
        for kind, names in found.items()
        if any(not is_empty(lookup(clients, (name,))) for name in names)
    ]


def _default_tier(body: Body) -> Json | Absent:
    """Return the name of the SKU, which is its tier too."""
    name = lookup(body, ("properties", "sku", "name"))
    return name if isinstance(name, str) else None


TYPE = ResourceType(
    name="Microsoft.Network/virtualNetworkGateways",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "VirtualNetworkGateway"),
    rule=NETWORK_NAME,
    # Azure lists them by resource group only.
    lists=ListRead.RESOURCE,
    etag=True,
    etag_header=False,
    seconds=1500,
    in_use="VirtualNetworkGatewayCannotBeDeleted",
    computed=compute_guid,
    fields={
        "extendedLocation": Field(default=None, create_only=True),
        "properties.gatewayType": Field(create_only=True),
        "properties.vpnType": Field(default=_default_vpn_type, create_only=True),
        "properties.vpnGatewayGeneration": Field(default=_default_generation, create_only=True),
        "properties.sku.tier": Field(default=_default_tier),
        "properties.ipConfigurations": Field(
            default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS
        ),
        f"{_CONFIG}.privateIPAllocationMethod": Field(default="Dynamic"),
        f"{_CONFIG}.subnet.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        f"{_CONFIG}.publicIPAddress.id": Field(compare=Compare.RESOURCE_ID),
        "properties.activeActive": Field(
            default=_default_for_vpn(False), disruption=Disruption.CONNECTIONS
        ),
        "properties.enableBgp": Field(default=False, security=True),
        "properties.enablePrivateIpAddress": _OFF,
        "properties.enableDnsForwarding": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.enableBgpRouteTranslationForNat": _OFF,
        "properties.enableHighBandwidthVpnGateway": Field(default=False),
        "properties.disableIPSecReplayProtection": _OFF,
        "properties.allowRemoteVnetTraffic": _OFF,
        "properties.allowVirtualWanTraffic": _OFF,
        **{
            f"properties.{name}": Field(read_only=True)
            for name in (
                "packetCaptureDiagnosticState",
                "isMigrateToCSES",
                "isMigratedLegacySKU",
                "blockUpgradeOfMigratedLegacyGateways",
            )
        },
        "properties.adminState": Field(default=None),
        "properties.resiliencyModel": Field(default=None),
        "properties.autoScaleConfiguration": Field(default=None),
        "properties.virtualNetworkGatewayMigrationStatus": Field(read_only=True),
        "properties.vNetExtendedLocationResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID
        ),
        # The target of forced tunnelling.
        "properties.gatewayDefaultSite": Field(
            default=None, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.gatewayDefaultSite.id": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.customRoutes": Field(default=None, security=True),
        "properties.customRoutes.addressPrefixes": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.customRoutes.addressPrefixes[]": Field(compare=Compare.CIDR),
        "properties.natRules": Field(default=(), keys=("name",), security=True),
        "properties.virtualNetworkGatewayPolicyGroups": Field(
            default=(), keys=("name",), security=True
        ),
        "properties.bgpSettings": Field(default={}),
        "properties.bgpSettings.asn": Field(default=_DEFAULT_ASN, security=True),
        "properties.bgpSettings.peerWeight": Field(default=0),
        # The gateway assigns an address of its subnet.
        "properties.bgpSettings.bgpPeeringAddress": Field(kept=True),
        "properties.bgpSettings.bgpPeeringAddresses": Field(keys=("ipconfigurationId",), kept=True),
        "properties.bgpSettings.bgpPeeringAddresses[].ipconfigurationId": Field(
            compare=Compare.RESOURCE_ID
        ),
        "properties.bgpSettings.bgpPeeringAddresses[].customBgpIpAddresses": Field(
            default=(), compare=Compare.SET, security=True
        ),
        _CLIENTS: Field(default=None, security=True),
        f"{_CLIENTS}.vpnClientAddressPool.addressPrefixes": Field(
            default=(), compare=Compare.SET, security=True
        ),
        f"{_CLIENTS}.vpnClientAddressPool.addressPrefixes[]": Field(compare=Compare.CIDR),
        f"{_CLIENTS}.vpnClientProtocols": Field(
            default=_default_client_protocols,
            answered=Answered.STATED,
            compare=Compare.SET,
            security=True,
        ),
        f"{_CLIENTS}.vpnAuthenticationTypes": Field(
            default=_authentication_types,
            answered=Answered.STATED,
            compare=Compare.SET,
            security=True,
        ),
        f"{_CLIENTS}.vpnClientConnectionHealth": Field(read_only=True),
        f"{_CLIENTS}.vpnClientRootCertificates": Field(default=(), keys=("name",), security=True),
        f"{_CLIENTS}.vpnClientRevokedCertificates": Field(
            default=(), keys=("name",), security=True
        ),
        f"{_CLIENTS}.vpnClientIpsecPolicies": Field(default=(), security=True),
        f"{_CLIENTS}.radiusServers": Field(
            default=(), keys=("radiusServerAddress",), security=True
        ),
        f"{_CLIENTS}.radiusServers[].radiusServerSecret": Field(write_only=True, secret=True),
        f"{_CLIENTS}.radiusServerAddress": Field(default=None, security=True),
        # Never answered.
        f"{_CLIENTS}.radiusServerSecret": Field(write_only=True, secret=True),
        f"{_CLIENTS}.aadTenant": Field(default=None, security=True),
        f"{_CLIENTS}.aadAudience": Field(default=None, security=True),
        f"{_CLIENTS}.aadIssuer": Field(default=None, security=True),
        f"{_CLIENTS}.vngClientConnectionConfigurations": Field(
            default=(), keys=("name",), security=True
        ),
    },
)
